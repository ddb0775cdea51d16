"""The package of a recharge: given whole, once, within the plan's limits; taken back whole or settled (R-W5, R-W12)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

import coupons.selectors
import coupons.services
import points.selectors
import points.services
import wallet.services
from coupons.models import Coupon
from gifts import services
from gifts.models import Grant, GrantItem, RechargePlan
from gifts.proofs import PROOFS
from gifts.selectors import Sold, best_offer, find_package, get_terms, list_offers, list_package, sold_by_plan
from gifts.services import Gift
from tests.factories.cash_outs import ask
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from wallet import gift_sources

D = Decimal
TABLES = ("points_entry", "points_account", "wallet_entry", "wallet_account", "coupons_coupon", "gifts_grant",
          "gifts_grantitem", "gifts_rechargeplan")  # fmt: skip


def refusal(store, member_id, now):
    return list_offers(store=store, member_id=member_id, at=now)[0].refusal


def fields_of(grant):
    return [(item.kind, item.label, item.quantity, item.cost, item.state) for item in grant.items.order_by("position")]


def prove():
    assert_ledgers_agree()
    for proof in PROOFS:
        assert proof.check()[1] == [], proof.name


def use_coupon(coupon_id, member_id, where):
    coupons.services.redeem(
        coupon_id=coupon_id, member_id=member_id, amount=D("10.00"), source="t:1", idempotency_key="t:use", **where
    )


def test_a_package_gives_everything_once_and_says_what_it_costs(counter, now):
    member = counter.member()
    plan = counter.full_plan()

    made, grant = counter.recharge(member.pk, plan, key="r1")

    assert fields_of(grant) == [
        ("bonus", "", D("50.000"), D("50.00"), "given"),
        ("points", "", D("100.000"), D("1.00"), "given"),
        ("growth", "", D("30.000"), D("0.00"), "given"),
        ("coupon", "满100减10", D("1.000"), D("10.00"), "given"),
        ("coupon", "满100减10", D("1.000"), D("10.00"), "given"),
        ("goods", "帆布袋", D("1.000"), D("6.50"), "given"),
    ]
    assert (grant.source, grant.status, grant.plan_snapshot["version"]) == (f"recharge:{made.pk}", "given", 1)
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 100
    assert coupons.selectors.count_open(member_id=member.pk, at=now) == 2
    assert sold_by_plan() == {plan.pk: Sold(1, D("77.50"), False)}
    prove()


def test_the_same_key_gives_one_package(counter, where):
    member, plan = counter.member(), counter.full_plan()
    made, first = counter.recharge(member.pk, plan, key="r1")
    before = table_rows(*TABLES)

    again = services.give_package(
        terms=get_terms(plan), member_id=member.pk, recharge_id=made.pk, idempotency_key="r1", **where
    )

    assert again == first
    assert table_rows(*TABLES) == before


def test_a_gift_of_unknown_cost_is_flagged_not_counted_as_nothing(counter):
    plan = counter.plan(gifts=[Gift(D(2), text="手提袋")])

    counter.recharge(counter.member().pk, plan)

    assert sold_by_plan() == {plan.pk: Sold(1, D("50.00"), True)}


@pytest.mark.usefixtures("_in_english")
@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"member_limit": 1}, "This member already had it 1 time; more is not allowed."),
        ({"daily_limit": 1}, "This member had it 1 time today; more is possible tomorrow."),
        ({"total_limit": 1}, "All packages of this plan are sold."),
        ({"is_first_only": True}, "Only for the first recharge of a member."),
    ],
)
def test_a_reached_limit_refuses_in_words_and_nothing_moves(counter, store, now, where, limit, reason):
    member, plan = counter.member(), counter.plan(**limit)
    counter.recharge(member.pk, plan)
    plan.refresh_from_db()
    before = table_rows(*TABLES)

    assert refusal(store, member.pk, now) == reason
    assert best_offer(list_offers(store=store, member_id=member.pk, at=now), D("500.00")) is None
    with pytest.raises(services.PlanNotOffered, match=reason), transaction.atomic():
        counter.recharge(member.pk, plan)

    assert table_rows(*TABLES) == before


def test_a_daily_limit_ends_with_the_shop_s_day_and_another_member_has_their_own(counter, store, now):
    member, plan = counter.member(), counter.plan(daily_limit=1, amount=D("100.00"), bonus=D("5.00"))
    counter.recharge(member.pk, plan)

    assert refusal(store, counter.member().pk, now) == ""
    assert refusal(store, member.pk, now + timedelta(hours=11, minutes=59)) != ""
    assert refusal(store, member.pk, now + timedelta(hours=12)) == ""


@pytest.mark.usefixtures("_in_english")
def test_a_coupon_that_is_not_given_out_stops_its_plan(counter, store, now):
    template = counter.template(name="券")
    counter.plan(coupon_counts={template.pk: 1})
    member = counter.member()
    assert refusal(store, member.pk, now) == ""

    coupons.services.set_template_status(template_id=template.pk, status="paused", actor=None, at=now)

    assert refusal(store, member.pk, now) == "The coupon 券 that belongs to it is not given out at the moment."


def test_a_void_takes_everything_back_and_gives_the_place_back(counter, store, now, where):
    member = counter.member()
    plan = counter.full_plan(member_limit=1, total_limit=1)
    made, grant = counter.recharge(member.pk, plan)

    services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", goods_returned=True, **where)
    wallet.services.void_recharge(recharge_id=made.pk, idempotency_key="void:1:w", reason="typo", **where)

    assert {item[4] for item in fields_of(grant)} == {"taken_back"}
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 0
    assert set(Coupon.objects.values_list("status", flat=True)) == {"void"}
    assert sold_by_plan() == {}
    assert refusal(store, member.pk, now) == ""
    prove()


def test_a_void_is_posted_once_per_key_and_never_under_two(counter, where):
    made, _grant = counter.recharge(counter.member().pk, counter.plan(points=10, total_limit=5))
    first = services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", **where)
    before = table_rows(*TABLES)

    assert services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", **where) == first
    with pytest.raises(services.AlreadyTakenBack):
        services.take_back_package(recharge_id=made.pk, idempotency_key="void:2", **where)

    assert table_rows(*TABLES) == before


def test_a_recharge_without_a_package_has_nothing_to_take_back(counter, where):
    assert services.take_back_package(recharge_id=999, idempotency_key="void:1", **where) is None
    assert list_package("recharge:999") == ()


@pytest.mark.usefixtures("_in_english")
def test_a_used_coupon_refuses_the_void_and_says_that_it_becomes_a_refund(counter, where):
    member = counter.member()
    made, grant = counter.recharge(member.pk, counter.full_plan())
    use_coupon(int(grant.items.get(position=3).reference), member.pk, where)
    before = table_rows(*TABLES)

    with pytest.raises(services.GiftUsed, match=r"Used already: 满100减10\. .* it can be refunded\."):
        services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", goods_returned=True, **where)

    assert table_rows(*TABLES) == before


@pytest.mark.usefixtures("_in_english")
def test_spent_gift_points_refuse_the_void(counter, where):
    member = counter.member()
    made, _grant = counter.recharge(member.pk, counter.full_plan())
    points.services.spend(member_id=member.pk, points=40, source="t:1", idempotency_key="t:spend", **where)
    before = table_rows(*TABLES)

    with pytest.raises(services.GiftUsed, match="bonus points × 40"):
        services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", goods_returned=True, **where)

    assert table_rows(*TABLES) == before


@pytest.mark.usefixtures("_in_english")
def test_goods_must_come_back_over_the_counter_before_a_void(counter, where):
    made, _grant = counter.recharge(counter.member().pk, counter.full_plan())

    with pytest.raises(services.GiftUsed, match="Take the gifts back first: 帆布袋 × 1"):
        services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", **where)


def test_points_that_only_repaid_a_debt_do_not_stop_a_void_and_the_debt_is_back(counter, now, where):
    member = counter.member()
    points.services.earn(member_id=member.pk, points=30, source="t:1", idempotency_key="t:e", **where)
    points.services.spend(member_id=member.pk, points=30, source="t:2", idempotency_key="t:s", **where)
    points.services.claw_back(idempotency_key_of_original="t:e", points=30, idempotency_key="t:c", **where)
    made, _grant = counter.recharge(member.pk, counter.plan(points=100))
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 70

    services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", **where)

    balance = points.selectors.get_balance(member_id=member.pk, at=now)
    assert (balance.balance, balance.debt) == (0, 30)
    prove()


def test_a_coupon_that_was_withdrawn_meanwhile_does_not_stop_a_void(counter, where):
    made, grant = counter.recharge(counter.member().pk, counter.full_plan())
    coupons.services.void(
        coupon_id=int(grant.items.get(position=3).reference), reason="x", idempotency_key="t:v", **where
    )

    services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", goods_returned=True, **where)

    prove()


def test_a_refund_takes_back_what_is_unused_lists_what_is_used_and_keeps_the_place(counter, store, owner, now, where):
    member = counter.member()
    plan = counter.full_plan(member_limit=1)
    made, grant = counter.recharge(member.pk, plan)
    use_coupon(int(grant.items.get(position=3).reference), member.pk, where)
    points.services.spend(member_id=member.pk, points=40, source="t:1", idempotency_key="t:spend", **where)
    shown = [(one.quantity, one.is_used) for one in gift_sources.list_given(made.pk)]

    assert ask(member, "500.00", actor=owner, store=store, at=now).is_done

    assert shown == [(40, True), (60, False), (30, False), (1, True), (1, False), (1, False)]
    assert [(item.kind, item.used, item.state) for item in grant.items.order_by("position")][1:] == [
        ("points", D("40.000"), "used"),
        ("growth", D("0.000"), "taken_back"),
        ("coupon", D("1.000"), "used"),
        ("coupon", D("0.000"), "taken_back"),
        ("goods", D("1.000"), "kept"),
    ]
    found = find_package(f"recharge:{made.pk}")
    assert found is not None
    assert found.grant.status == "settled"
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 0
    assert refusal(store, member.pk, now) != ""
    prove()


def test_a_changed_plan_keeps_what_was_agreed_and_counts_on(counter, now):
    plan = counter.plan(total_limit=5)
    _made, grant = counter.recharge(counter.member().pk, plan)

    plan.bonus = D("60.00")
    services.save_plan(plan=plan, stores=[], actor=None, at=now)
    plan.refresh_from_db()

    assert (plan.version, plan.sold_count) == (2, 1)
    assert Grant.objects.get(pk=grant.pk).plan_snapshot["bonus"] == "50.00"


def test_a_limit_below_what_was_sold_is_refused(counter, now):
    plan = counter.plan(amount=D("100.00"), bonus=D("1.00"))
    for _number in range(2):
        counter.recharge(counter.member().pk, plan)
    plan.total_limit = 1

    with pytest.raises(services.InvalidPlan):
        services.save_plan(plan=plan, stores=[], actor=None, at=now)


def test_the_database_refuses_what_the_services_would(counter):
    plan = counter.plan(total_limit=1)
    counter.recharge(counter.member().pk, plan)

    for rows, change in (
        (RechargePlan.objects, {"sold_count": 2}),
        (Grant.objects, {"status": "taken_back"}),
        (GrantItem.objects, {"used": 51}),
        (GrantItem.objects, {"quantity": 0}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_offers_cost_the_same_for_any_number_of_plans(counter, store, now, django_assert_num_queries):
    member = counter.member()
    for number in range(6):
        counter.plan(f"plan {number}", coupon_counts={counter.template(name=f"券{number}").pk: 1})

    with django_assert_num_queries(6):
        assert len(list_offers(store=store, member_id=member.pk, at=now)) == 6


@pytest.fixture
def voucher(counter, where):
    """A package with a voucher of three uses, one of them used: the member, the recharge and the package."""
    member = counter.member()
    template = counter.template(kind="voucher", amount=None, threshold=D("0.00"), uses=3, name="洗车券")
    made, grant = counter.recharge(member.pk, counter.plan(coupon_counts={template.pk: 1}))
    use_coupon(int(grant.items.get(kind="coupon").reference), member.pk, where)
    return member, made, grant


def test_a_voucher_that_was_used_once_of_three_times_refuses_the_void(voucher, where):
    """Or a customer uses it up but for one and takes the money back."""
    _member, made, _grant = voucher
    before = table_rows(*TABLES)

    with pytest.raises(services.GiftUsed, match="洗车券"):
        services.take_back_package(recharge_id=made.pk, idempotency_key="void:1", **where)

    assert table_rows(*TABLES) == before


def test_a_refund_voids_the_uses_left_of_a_voucher_and_notes_the_part_used(voucher, store, owner, now):
    member, made, grant = voucher
    shown = [(one.quantity, one.is_used) for one in gift_sources.list_given(made.pk)]

    assert ask(member, "500.00", actor=owner, store=store, at=now).is_done

    item = grant.items.get(kind="coupon")
    assert (item.used, item.state, shown) == (D("0.333"), "used", [(1, True), (1, False)])
    coupon = Coupon.objects.get(pk=item.reference)
    assert (coupon.status, coupon.uses_left) == ("void", 2)
    prove()
