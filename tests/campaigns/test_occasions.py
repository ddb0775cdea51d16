"""Gifts on joining, on a visit and with an order: once, exactly when they are due, and taken back (M05, K01, R-K9)."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import coupons.selectors
import coupons.services
import points.selectors
import wallet.selectors
from audit.models import Record
from campaigns import services
from campaigns.models import Giveaway, OrderReward
from campaigns.selectors import list_giveaways_for, list_visits, outcomes_of
from checkout.models import Receipt
from checkout.services import register_at_till, void_order
from coupons.models import Coupon
from gifts.models import Grant
from members.models import Member
from members.services import MemberData, PhoneTaken
from tests.factories.coupons import create_template
from tests.factories.ledgers import table_rows
from tests.factories.members import create_member
from tests.factories.packs import create_pack, pause
from tiers.models import ProgressEntry

D = Decimal
SHANGHAI = ZoneInfo("Asia/Shanghai")
TABLES = ("points_entry", "coupons_coupon", "gifts_grant", "gifts_grantitem", "members_member")


def giveaway(now, *, trigger="registered", stores=(), pack=None, **fields):
    fields.setdefault("name", f"送{Giveaway.objects.count()}")
    row = Giveaway(trigger=trigger, pack=pack or create_pack(points=20), **fields)
    return services.save_giveaway(giveaway=row, stores=stores, actor=None, at=now)


def reward(now, threshold, *, stores=(), pack=None, **fields):
    fields.setdefault("name", f"满{threshold}")
    row = OrderReward(threshold=D(threshold), pack=pack or create_pack(points=20), **fields)
    return services.save_reward(reward=row, stores=stores, actor=None, at=now)


def join(store, now, phone="13800138000"):
    data = MemberData(name="王小明", phone=phone)
    return services.register_member(data=data, source=Member.Source.COUNTER, store=store, actor=None, at=now)


def balance(member_id, at):
    return points.selectors.get_balance(member_id=member_id, at=at).balance


# On joining.


def test_joining_gives_the_pack_exactly_once_and_its_coupon_can_be_used_at_once(store, now):
    drink = create_template(name="免费饮品", amount=D("15.00"), threshold=D("0.00"))
    one = giveaway(now, pack=create_pack(points=20, coupons={drink.pk: 1}))

    member = join(store, now)

    assert list(Grant.objects.values_list("source", "status")) == [(f"giveaway:{one.pk}:{member.pk}", "given")]
    assert balance(member.pk, now) == 20
    usable = coupons.selectors.list_usable_terms(member_id=member.pk, at=now)
    assert [(terms.name, terms.valid_from) for terms in usable] == [("免费饮品", now)]
    assert outcomes_of("giveaway")[one.pk].cost == D("15.20")


def test_a_registration_that_is_sent_again_gives_nothing_again(shop, now):
    giveaway(now)
    key, data = uuid4(), MemberData(name="王小明", phone="13800138000")

    first = register_at_till(key=key, data=data, till=shop.till, actor=shop.cashier, at=now)
    again = register_at_till(key=key, data=data, till=shop.till, actor=shop.cashier, at=now)
    with pytest.raises(PhoneTaken):
        register_at_till(key=uuid4(), data=data, till=shop.till, actor=shop.cashier, at=now)

    assert (first, Grant.objects.count(), balance(first, now)) == (again, 1, 20)


def test_an_import_gives_nothing(store, now):
    giveaway(now)

    create_member(store, source=Member.Source.IMPORT)

    assert not Grant.objects.exists()


def test_days_stores_and_switch_decide_what_is_given(store, other_store, now):
    today = now.date()
    giveaway(now, starts_on=today, ends_on=today, stores=[store])
    giveaway(now, starts_on=today + timedelta(days=1))
    giveaway(now, ends_on=today - timedelta(days=1))
    giveaway(now, is_active=False)
    giveaway(now, stores=[other_store])

    offered = list_giveaways_for(trigger="registered", store=store, at=now)

    assert [one.name for one in offered] == ["送0"]


def test_a_coupon_that_ran_out_keeps_nobody_from_joining(store, now):
    template = create_template()
    giveaway(now, pack=create_pack(points=20, coupons={template.pk: 1}))
    pause(template)

    member = join(store, now)

    assert balance(member.pk, now) == 20
    assert not Coupon.objects.exists()


def test_growth_points_of_joining_count_as_progress(store, now):
    giveaway(now, pack=create_pack(growth=300))

    member = join(store, now)

    entries = ProgressEntry.objects.filter(member=member)
    assert list(entries.values_list("metric", "amount")) == [("growth", D("300.00"))]


# On a visit.


@pytest.mark.parametrize(
    ("repeats", "again_at"),
    [
        ("daily", datetime(2026, 3, 19, tzinfo=SHANGHAI)),
        ("weekly", datetime(2026, 3, 23, tzinfo=SHANGHAI)),
        ("monthly", datetime(2026, 4, 1, tzinfo=SHANGHAI)),
    ],
)
def test_the_gift_of_a_visit_is_given_once_in_its_period(store, manager, now, repeats, again_at):
    one = giveaway(now, trigger="visit", repeats=repeats)
    member = create_member(store)
    before = again_at - timedelta(microseconds=1)

    def give(at):
        return services.give_visit(giveaway_id=one.pk, member_id=member.pk, at=at, store=store, actor=manager)

    give(now)
    assert [visit.refusal for visit in list_visits(member_id=member.pk, store=store, at=before)] != [""]
    with pytest.raises(services.VisitRefused):
        give(before)
    assert balance(member.pk, before) == 20
    give(again_at)

    assert balance(member.pk, again_at) == 40


def test_a_gift_once_per_member_never_comes_again(store, manager, now):
    one = giveaway(now, trigger="visit")
    member = create_member(store)
    where = {"giveaway_id": one.pk, "member_id": member.pk, "store": store, "actor": manager}

    services.give_visit(at=now, **where)
    with pytest.raises(services.VisitRefused):
        services.give_visit(at=now + timedelta(days=400), **where)

    assert Grant.objects.count() == 1


def test_a_visit_is_refused_to_frozen_members_in_other_stores_and_for_what_is_given_on_joining(
    store, other_store, manager, now
):
    here = giveaway(now, trigger="visit", stores=[store])
    joined = giveaway(now)
    member = create_member(store)
    before = table_rows(*TABLES)

    for options in ({"giveaway_id": here.pk, "store": other_store}, {"giveaway_id": joined.pk, "store": store}):
        with pytest.raises(services.VisitRefused):
            services.give_visit(member_id=member.pk, at=now, actor=manager, **options)
    assert table_rows(*TABLES) == before
    Member.objects.filter(pk=member.pk).update(status=Member.Status.FROZEN)
    with pytest.raises(services.VisitRefused):
        services.give_visit(giveaway_id=here.pk, member_id=member.pk, at=now, store=store, actor=manager)

    assert not Grant.objects.exists()


# With an order.


def sell(shop, member, quantity, at=None):
    basket = shop.basket((shop.bag, quantity), member=member)
    return shop.confirm(basket, ("wechat", str(D("0.30") * D(quantity))), at=at)


def won(order_id):
    return [row["name"] for row in Receipt.objects.get(order_id=order_id).data["member"]["gifts"]]


def test_an_order_gets_the_highest_reward_that_it_reaches_at_the_boundary_fen(shop, now):
    reward(now, "2.99")
    reward(now, "3.00")
    reward(now, "3.01")
    member = create_member(shop.store)

    order = sell(shop, member, "10")

    assert won(order) == ["满3.00"]
    assert Grant.objects.get().source == f"order-reward:{order}:{OrderReward.objects.get(threshold=D(3)).pk}"


def test_an_order_below_every_amount_and_a_walk_in_win_nothing(shop, now):
    reward(now, "3.01")

    order = sell(shop, create_member(shop.store), "10")
    sell(shop, None, "20")

    assert won(order) == []
    assert not Grant.objects.exists()


def test_a_member_s_limit_lets_the_next_lower_reward_through(shop, now):
    reward(now, "2.00")
    reward(now, "3.00", member_limit=1)
    member = create_member(shop.store)

    orders = [sell(shop, member, "10") for _ in range(2)]

    assert [won(order) for order in orders] == [["满3.00"], ["满2.00"]]


def test_bonus_money_won_by_an_order_goes_back_when_it_is_voided(shop, now, manager, ledgers_agree):
    reward(now, "3.00", pack=create_pack(bonus="8.00", bonus_days=30))
    member = create_member(shop.store)
    order = sell(shop, member, "10")
    assert wallet.selectors.get_balance(member_id=member.pk, at=now).bonus == D("8.00")
    receipt = Receipt.objects.get(order_id=order).data["member"]
    assert [row["texts"] for row in receipt["gifts"]] == [["赠金 ¥8"]]
    assert (receipt["wallet_bonus_used"], receipt["wallet_bonus"]) == ("0.00", "8.00")

    void_order(key=uuid4(), order_id=order, till=shop.till, reason="typo", actor=manager, at=now)

    assert wallet.selectors.get_balance(member_id=member.pk, at=now).total == D("0.00")
    assert Grant.objects.get().status == "taken_back"


def test_coupons_won_by_an_order_are_void_when_it_is_voided(shop, now, manager, ledgers_agree):
    template = create_template()
    reward(now, "3.00", pack=create_pack(points=7, coupons={template.pk: 2}), member_limit=1)
    member = create_member(shop.store)
    order = sell(shop, member, "10")
    with_texts = Receipt.objects.get(order_id=order).data["member"]["gifts"]
    assert [row["texts"][1] for row in with_texts] == ["2 × 满100减10"]

    void_order(key=uuid4(), order_id=order, till=shop.till, reason="typo", actor=manager, at=now)

    assert list(Coupon.objects.values_list("status", flat=True)) == ["void", "void"]
    assert (Grant.objects.get().status, balance(member.pk, now)) == ("taken_back", 0)
    assert won(sell(shop, member, "10")) == ["满3.00"]
    ledgers_agree()


def test_a_used_coupon_of_a_voided_order_is_listed_as_a_leak_and_blocks_nothing(shop, now, manager, ledgers_agree):
    template = create_template(amount=D("1.00"), threshold=D("0.00"))
    reward(now, "3.00", pack=create_pack(coupons={template.pk: 1}))
    member = create_member(shop.store)
    first = sell(shop, member, "10")
    coupon = Coupon.objects.get()
    coupons.services.redeem(
        coupon_id=coupon.pk, member_id=member.pk, amount=D("1.00"), source="t:1", idempotency_key="t:1", at=now,
        store=shop.store, actor=None,
    )  # fmt: skip

    void_order(key=uuid4(), order_id=first, till=shop.till, reason="typo", actor=manager, at=now)

    item = Grant.objects.get().items.get()
    assert (item.grant.status, item.state, item.used) == ("settled", "used", D("1.000"))
    coupon.refresh_from_db()
    assert coupon.status == "redeemed"


def test_a_shop_without_rewards_pays_no_statement_for_them(shop, now):
    basket = shop.basket((shop.bag, "10"), member=create_member(shop.store))

    with CaptureQueriesContext(connection) as statements:
        shop.confirm(basket, ("wechat", "3.00"))

    asked = [row["sql"] for row in statements.captured_queries if "campaigns_" in row["sql"]]
    assert [sql[:14] for sql in asked] == ["SELECT nextval"]


# Editing.


def test_what_contradicts_itself_is_refused(now, db):
    today = now.date()
    giveaway(now, name="taken")

    for wrong in (
        lambda: giveaway(now, starts_on=today, ends_on=today - timedelta(days=1)),
        lambda: giveaway(now, name="taken"),
        lambda: reward(now, "0.00"),
    ):
        with pytest.raises(services.InvalidOccasion):
            wrong()

    assert (Giveaway.objects.count(), OrderReward.objects.count()) == (1, 0)


def test_a_change_raises_the_version_and_is_audited(now, db):
    row = reward(now, "100.00")

    row.threshold = D("200.00")
    services.save_reward(reward=row, stores=[], actor=None, at=now)

    assert row.version == 2
    record = Record.objects.filter(action="order_reward.changed").get()
    assert (record.data["before"]["threshold"], record.data["after"]["threshold"]) == ("100.00", "200.00")
