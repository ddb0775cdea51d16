"""Stored value sold at the till, and its undoing."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import coupons.services
import points.selectors
import points.services
import wallet.selectors
import wallet.services
from checkout import services
from checkout.models import RechargeSale
from checkout.selectors import shift_summary
from coupons.models import Coupon
from gifts.models import Grant, RechargePlan
from gifts.services import GiftUsed, PlanNotOffered, save_plan
from tests.factories.cash_outs import ID_NUMBER, ask
from tests.factories.ledgers import make_member
from tests.factories.shop import full_plan
from tests.factories.stored_value import set_value
from tiers.models import ProgressEntry


@pytest.fixture
def plans(shop):
    made = {}
    for amount, bonus, gift in (("300.00", "20.00", 0), ("500.00", "50.00", 100), ("1000.00", "150.00", 0)):
        plan = RechargePlan(name=f"{amount}+{bonus}", amount=D(amount), bonus=D(bonus), points=gift)
        made[amount] = save_plan(plan=plan, stores=[], actor=None, at=shop.now)
    return made


def recharge(shop, member, amount, *, plan=None, kind="cash", received=None, at=None, key=None, **options):
    sale_id = services.recharge_at_till(
        key=key or uuid4(),
        till=shop.till,
        member_id=member.pk,
        amount=D(amount),
        plan_id=plan,
        kind=kind,
        received=D(received or amount),
        actor=shop.cashier,
        at=at or shop.now,
        **options,
    )
    return RechargeSale.objects.get(pk=sale_id)


def state(member, at):
    stored = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return (
        stored.principal,
        stored.bonus,
        points.selectors.get_balance(member_id=member.pk, at=at).balance,
        RechargeSale.objects.count(),
        sum(entry.amount for entry in ProgressEntry.objects.all()),
    )


def test_a_plan_gives_principal_bonus_and_points_as_one_package(shop, regular, plans, now, ledgers_agree):
    sale = recharge(shop, regular, "500.00", plan=plans["500.00"].pk, received="600.00")

    assert (sale.principal, sale.bonus, sale.points) == (D("500.00"), D("50.00"), 100)
    assert state(regular, now) == (D("1000.00"), D("100.00"), 2100, 1, D("500.00"))
    assert sale.receipt["change"] == "100.00"
    assert shift_summary(shop.shift)["expected_cash"] == D("700.00")
    ledgers_agree()


def test_a_free_amount_takes_the_best_single_plan_that_it_reaches(shop, regular, plans, now, ledgers_agree):
    sale = recharge(shop, regular, "999.00", kind="wechat")

    assert (sale.plan_name, sale.bonus) == ("500.00+50.00", D("50.00"))
    assert shift_summary(shop.shift)["tenders"]["wechat"]["recharges"] == D("999.00")
    ledgers_agree()


@pytest.mark.parametrize(
    ("amount", "kind", "received"),
    [
        ("0.00", "cash", "1.00"),
        ("-5.00", "cash", "5.00"),
        ("NaN", "cash", "5.00"),
        ("10.001", "cash", "20.00"),
        ("100.00", "cash", "99.99"),
        ("100.00", "wechat", "100.01"),
        ("100.00", "wallet", "100.00"),
        ("100.00", "gold", "100.00"),
    ],
)
def test_impossible_recharges_are_refused_and_nothing_moves(shop, regular, now, amount, kind, received):
    before = state(regular, now)

    with pytest.raises(services.InvalidTender):
        recharge(shop, regular, amount, kind=kind, received=received)

    assert state(regular, now) == before


def test_the_legal_limit_of_the_balance_is_kept(shop, regular, now):
    before = state(regular, now)

    with pytest.raises(wallet.services.BalanceLimitExceeded):
        recharge(shop, regular, "4500.00")

    assert state(regular, now) == before


def test_a_plan_whose_price_changed_is_refused(shop, regular, plans, now):
    before = state(regular, now)

    with pytest.raises(services.InvalidTender):
        recharge(shop, regular, "450.00", plan=plans["500.00"].pk)

    assert state(regular, now) == before


def test_the_same_key_recharges_once(shop, regular, plans, now):
    key = uuid4()

    first = recharge(shop, regular, "300.00", key=key)
    second = recharge(shop, regular, "300.00", key=key)

    assert first == second
    assert state(regular, now)[0] == D("800.00")


def test_a_recharge_that_reaches_no_plan_has_no_bonus(shop, regular, plans):
    assert recharge(shop, regular, "299.99").bonus == D("0.00")


def test_a_void_takes_back_bonus_points_and_progress(shop, regular, plans, now, ledgers_agree):
    before = state(regular, now)
    sale = recharge(shop, regular, "500.00")

    services.void_recharge_sale(
        key=uuid4(), sale_id=sale.pk, till=shop.till, reason="wrong member", actor=shop.cashier, at=now
    )

    assert state(regular, now) == (*before[:3], 1, D("0.00"))
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")
    ledgers_agree()


def test_a_used_recharge_and_one_of_yesterday_cannot_be_voided(shop, regular, plans, now, ledgers_agree):
    sale = recharge(shop, regular, "500.00")
    before = state(regular, now)
    with pytest.raises(wallet.services.NotVoidable):
        services.void_recharge_sale(
            key=uuid4(),
            sale_id=sale.pk,
            till=shop.till,
            reason="x",
            actor=shop.cashier,
            at=now + timedelta(days=1),
        )
    assert state(regular, now) == before

    set_value("wallet.no_pin_limit", "1000.00", now)
    wallet.services.debit(
        member_id=regular.pk,
        amount=D("700.00"),
        list_amount=D("700.00"),
        source="test:1",
        idempotency_key="t:use",
        at=now,
        store=shop.store,
        actor=shop.cashier,
    )
    before = state(regular, now)
    with pytest.raises(wallet.services.NotVoidable):
        services.void_recharge_sale(
            key=uuid4(), sale_id=sale.pk, till=shop.till, reason="x", actor=shop.cashier, at=now
        )

    assert state(regular, now) == before
    ledgers_agree()


def void(shop, sale, now, **options):
    return services.void_recharge_sale(
        key=uuid4(), sale_id=sale.pk, till=shop.till, reason="typo", actor=shop.cashier, at=now, **options
    )


def metrics():
    found = {}
    for entry in ProgressEntry.objects.all():
        found[entry.metric] = found.get(entry.metric, D(0)) + entry.amount
    return found


def test_everything_that_comes_with_a_plan_is_on_the_receipt(shop, regular, now, ledgers_agree):
    sale = recharge(shop, regular, "500.00", plan=full_plan(shop).pk)

    assert metrics() == {"recharge": D("500.00"), "growth": D("30.00")}
    assert {name: sale.receipt[name] for name in ("principal", "bonus", "bonus_until", "points", "growth")} == {
        "principal": "500.00",
        "bonus": "50.00",
        "bonus_until": "2026-09-14",
        "points": 100,
        "growth": 30,
    }
    assert sale.receipt["coupons"] == [{"name": "满100减10", "count": 2}]
    assert sale.receipt["goods"] == [{"name": "购物袋", "quantity": "1"}]
    assert (sale.receipt["contract_version"], bool(sale.receipt["terms"])) == ("1", True)
    assert (sale.receipt["wallet_principal"], sale.receipt["wallet_bonus"]) == ("1000.00", "100.00")
    ledgers_agree()


def test_a_void_takes_back_coupons_growth_and_goods_too(shop, regular, now, ledgers_agree):
    sale = recharge(shop, regular, "500.00", plan=full_plan(shop).pk)
    before = state(regular, now)
    with pytest.raises(GiftUsed):
        void(shop, sale, now)
    assert state(regular, now) == before

    void(shop, sale, now, goods_returned=True)

    assert metrics() == {"recharge": D("0.00"), "growth": D("0.00")}
    assert Coupon.objects.filter(source=f"recharge:{sale.recharge_id}", status="void").count() == 2
    assert Grant.objects.get().status == "taken_back"
    assert state(regular, now)[:3] == (D("500.00"), D("50.00"), 2000)
    ledgers_agree()


@pytest.mark.parametrize("used", ["coupon", "points"])
def test_a_used_coupon_or_spent_gift_refuses_the_void_and_nothing_moves(shop, store, now, cashier, used, ledgers_agree):
    fresh = make_member(store)
    sale = recharge(shop, fresh, "500.00", plan=full_plan(shop).pk)
    where = {"at": now, "store": shop.store, "actor": None, "source": "test:1", "idempotency_key": "t:use"}
    if used == "coupon":
        coupon = Coupon.objects.filter(source=f"recharge:{sale.recharge_id}").first()
        coupons.services.redeem(coupon_id=coupon.pk, member_id=fresh.pk, amount=D("10.00"), **where)
    else:
        points.services.spend(member_id=fresh.pk, points=1, **where)
    before = state(fresh, now)

    with pytest.raises(GiftUsed):
        void(shop, sale, now, goods_returned=True)

    assert state(fresh, now) == before
    ledgers_agree()


def test_a_free_amount_gets_only_what_the_screen_named(shop, regular, plans, now):
    shown, version = plans["300.00"].pk, 1
    before = state(regular, now)

    with pytest.raises(services.PlanChanged):
        recharge(shop, regular, "520.00", plan=shown, plan_version=version, as_shown=True)
    with pytest.raises(services.PlanChanged):
        recharge(shop, regular, "520.00", as_shown=True)
    assert state(regular, now) == before

    sale = recharge(shop, regular, "520.00", plan=plans["500.00"].pk, plan_version=version, as_shown=True)
    assert (sale.principal, sale.bonus) == (D("520.00"), D("50.00"))


def test_a_plan_changed_since_it_was_shown_is_refused(shop, regular, plans, now):
    save_plan(plan=plans["500.00"], stores=[], actor=None, at=now)
    before = state(regular, now)

    with pytest.raises(services.PlanChanged):
        recharge(shop, regular, "500.00", plan=plans["500.00"].pk, plan_version=1)

    assert state(regular, now) == before


def test_a_plan_for_one_time_is_refused_the_second_time_also_as_free_amount(shop, regular, now, ledgers_agree):
    plan = full_plan(shop, member_limit=1)
    key = uuid4()
    first = recharge(shop, regular, "500.00", plan=plan.pk, key=key)
    before = state(regular, now)

    assert recharge(shop, regular, "500.00", plan=plan.pk, key=key) == first
    with pytest.raises(PlanNotOffered):
        recharge(shop, regular, "500.00", plan=plan.pk)
    assert state(regular, now) == before

    assert recharge(shop, regular, "500.00").bonus == D("0.00")
    ledgers_agree()


def test_the_payer_is_asked_for_from_the_legal_sum_on_and_kept_sealed(shop, regular, now):
    for code in ("wallet.limit_named", "wallet.recharge_limit"):
        set_value(code, "100000.00", now)
    before = state(regular, now)
    with pytest.raises(wallet.services.IdentityRequired):
        recharge(shop, regular, "10000.00", kind="card")
    assert state(regular, now) == before

    payer = wallet.services.Payer("individual", "王小明", "resident_id", ID_NUMBER)
    sale = recharge(shop, regular, "10000.00", kind="card", payer=payer)

    kept = wallet.selectors.get_recharge(sale.recharge_id)
    assert (kept.payer_name, kept.id_tail, kept.tender) == ("王小明", ID_NUMBER[-4:], "card")
    assert ID_NUMBER.encode() not in bytes(kept.id_cipher)


def test_no_digest_of_the_whole_document_number_is_kept(shop, regular, now, monkeypatch):
    contents = []

    def remember(*, content, execute, **more):
        contents.append(repr(content))
        return execute()

    monkeypatch.setattr("checkout.services.recharge.run_command", remember)

    recharge(shop, regular, "100.00", payer=wallet.services.Payer("individual", "王小明", "resident_id", ID_NUMBER))

    assert ID_NUMBER[-4:] in contents[0]
    assert ID_NUMBER not in contents[0]


def test_a_company_s_cash_is_refused_from_5000_on(shop, regular, now):
    set_value("wallet.limit_named", "100000.00", now)
    before = state(regular, now)

    with pytest.raises(wallet.services.RechargeRefused):
        recharge(shop, regular, "5000.00", payer=wallet.services.Payer("company", "某公司"))

    assert state(regular, now) == before


def test_a_refund_in_money_counts_the_refunded_principal_and_its_growth_back(shop, store, owner, now, ledgers_agree):
    fresh = make_member(store)
    sale = recharge(shop, fresh, "500.00", plan=full_plan(shop).pk)
    set_value("wallet.no_pin_limit", "1000.00", now)
    wallet.services.debit(
        member_id=fresh.pk,
        amount=D("110.00"),
        list_amount=D("110.00"),
        source="test:1",
        idempotency_key="t:use",
        at=now,
        store=store,
        actor=None,
    )

    outcome = ask(fresh, "400.00", actor=owner, store=store, at=now)

    assert outcome.is_done
    assert metrics() == {"recharge": D("100.00"), "growth": D("6.00")}
    grant = Grant.objects.get(source=f"recharge:{sale.recharge_id}")
    assert grant.status == "settled"
    assert points.selectors.get_balance(member_id=fresh.pk, at=now).balance == 0
    ledgers_agree()


def pay_from(member, amount, now, store, key):
    wallet.services.debit(
        member_id=member.pk,
        amount=D(amount),
        list_amount=D(amount),
        source="test:1",
        idempotency_key=key,
        at=now,
        store=store,
        actor=None,
    )


def pass_on(giver, taker, amount, now, store, key):
    wallet.services.transfer(
        giver_id=giver.pk,
        taker_id=taker.pk,
        amount=D(amount),
        reason="a present",
        idempotency_key=key,
        at=now,
        store=store,
        actor=None,
    )


def test_goods_returned_after_a_refund_in_money_count_back_with_the_next_one(shop, store, owner, now, ledgers_agree):
    fresh = make_member(store)
    recharge(shop, fresh, "500.00", plan=full_plan(shop).pk)
    set_value("wallet.no_pin_limit", "1000.00", now)
    pay_from(fresh, "110.00", now, store, "t:use")
    ask(fresh, "400.00", actor=owner, store=store, at=now)
    assert metrics() == {"recharge": D("100.00"), "growth": D("6.00")}

    wallet.services.refund(
        idempotency_key_of_original="t:use", idempotency_key="t:back", at=now, store=store, actor=None
    )
    assert ask(fresh, "100.00", actor=owner, store=store, at=now).is_done

    assert metrics() == {"recharge": D("0.00"), "growth": D("0.00")}
    ledgers_agree()


def test_a_friend_who_refunds_a_received_part_leaves_the_payer_their_gifts(shop, store, owner, now, ledgers_agree):
    payer, friend = make_member(store), make_member(store)
    recharge(shop, payer, "500.00", plan=full_plan(shop).pk)
    pass_on(payer, friend, "220.00", now, store, "t:pass")

    assert ask(friend, "200.00", actor=owner, store=store, at=now).is_done
    assert Grant.objects.get().status == "given"
    assert points.selectors.get_balance(member_id=payer.pk, at=now).balance == 100
    # The recharged principal counts back with who recharged: it was refunded.
    assert metrics() == {"recharge": D("300.00"), "growth": D("18.00")}

    assert ask(payer, "300.00", actor=owner, store=store, at=now).is_done
    assert Grant.objects.get().status == "settled"
    assert points.selectors.get_balance(member_id=payer.pk, at=now).balance == 0
    assert metrics() == {"recharge": D("0.00"), "growth": D("0.00")}
    ledgers_agree()


def test_gifts_go_back_with_a_recharge_that_was_given_away_whole_and_refunded(shop, store, owner, now, ledgers_agree):
    payer, friend = make_member(store), make_member(store)
    recharge(shop, payer, "500.00", plan=full_plan(shop).pk)
    pass_on(payer, friend, "550.00", now, store, "t:pass")

    assert ask(friend, "500.00", actor=owner, store=store, at=now).is_done

    assert Grant.objects.get().status == "settled"
    assert points.selectors.get_balance(member_id=payer.pk, at=now).balance == 0
    assert metrics() == {"recharge": D("0.00"), "growth": D("0.00")}
    ledgers_agree()


def test_a_recharge_transferred_there_and_back_is_voided_whole(shop, store, now, ledgers_agree):
    payer, friend = make_member(store), make_member(store)
    sale = recharge(shop, payer, "500.00", plan=full_plan(shop).pk)
    pass_on(payer, friend, "550.00", now, store, "t:there")
    with pytest.raises(wallet.services.NotVoidable):
        void(shop, sale, now, goods_returned=True)
    pass_on(friend, payer, "550.00", now, store, "t:back")

    void(shop, sale, now, goods_returned=True)

    assert [wallet.selectors.get_balance(member_id=one.pk, at=now).total for one in (payer, friend)] == [0, 0]
    ledgers_agree()
