"""Paid tiers at the till: sold, renewed, voided, refunded and paid out; money that moves, but no sale of goods."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import approvals.services
import points.selectors
import wallet.selectors
from checkout import services
from checkout.models import Order, Payout, TierSale, TierSaleVoid
from checkout.proofs import check_tier_sales
from checkout.selectors import shift_summary
from members.services import freeze_member
from tests.factories.ledgers import table_rows
from tests.factories.paid_tiers import create_card, create_paid_plan
from tiers.models import Membership, MembershipRefund, ProgressEntry
from tiers.selectors import get_benefits
from tiers.services import memberships

TABLES = ("checkout_tiersale", "checkout_tiersalevoid", "checkout_payout", "tiers_membership", "tiers_period")


@pytest.fixture
def plus(shop):
    return create_card("plus")[0]


@pytest.fixture
def month(plus):
    return create_paid_plan(plus, months=1, price="30.00", name="PLUS 月卡")


@pytest.fixture
def year(plus):
    return create_paid_plan(plus, months=12, price="300.00", name="PLUS 年卡")


def buy(shop, member, plan, *, kind="cash", received=None, key=None, at=None, how="append", price=None):
    sale_id = services.sell_tier(
        key=key or uuid4(),
        till=shop.till,
        member_id=member.pk,
        plan_id=plan.pk,
        price=price or plan.price,
        how=how,
        kind=kind,
        received=D(received or plan.price),
        actor=shop.cashier,
        at=at or shop.now,
    )
    return TierSale.objects.get(pk=sale_id)


def void(shop, sale, *, at=None, reason="wrong member", key=None):
    services.void_tier_sale(
        key=key or uuid4(), sale_id=sale.pk, till=shop.till, reason=reason, actor=shop.cashier, at=at or shop.now
    )


def refund(shop, membership_id, owner, *, at=None):
    outcome = approvals.services.submit(
        kind=memberships.KIND,
        payload=memberships.refund_payload(membership_id),
        subject=f"membership:{membership_id}",
        reason="moves away",
        actor=owner,
        store=shop.store,
        at=at or shop.now,
    )
    assert outcome.is_done
    return MembershipRefund.objects.get(membership_id=membership_id)


def pay(shop, made, *, till=None, at=None, key=None):
    services.pay_tier_refund(
        key=key or uuid4(), refund_id=made.pk, till=till, actor=shop.cashier, at=at or shop.now + timedelta(minutes=5)
    )


def balance(member, at):
    return wallet.selectors.get_balance(member_id=member.pk, at=at).total


def test_a_paid_tier_is_money_in_the_drawer_but_no_sale_no_points_and_no_progress(shop, regular, month, ledgers_agree):
    before = points.selectors.get_balance(member_id=regular.pk, at=shop.now).spendable

    sale = buy(shop, regular, month, received="50.00")

    assert (sale.price, sale.kind, sale.received, sale.plan_name) == (D("30.00"), "cash", D("50.00"), "PLUS 月卡")
    receipt = sale.receipt
    assert (receipt["change"], receipt["invoiceable"], receipt["last_day"]) == ("20.00", "30.00", "2026-04-18")
    summary = shift_summary(shop.shift)
    assert (summary["tier_total"], summary["sale_total"], summary["expected_cash"]) == (D("30.00"), 0, D("230.00"))
    assert points.selectors.get_balance(member_id=regular.pk, at=shop.now).spendable == before
    assert (ProgressEntry.objects.count(), Order.objects.count()) == (0, 0)
    assert get_benefits(member_id=regular.pk, at=shop.now).discount_factor == D("0.9")
    ledgers_agree()


def test_the_next_sale_is_priced_and_earns_with_the_paid_tier(shop, regular, month):
    buy(shop, regular, month)

    order = Order.objects.get(pk=shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "60.00")))

    # 59.90 at 0.9 is 53.91; two points a yuan.
    assert (order.payable, order.points_earned) == (D("53.91"), 107)


def test_stored_value_may_pay_and_a_pass_may_not(shop, regular, month, ledgers_agree):
    before = balance(regular, shop.now)
    with pytest.raises(services.InvalidTender):
        buy(shop, regular, month, kind="pass")

    sale = buy(shop, regular, month, kind="wallet")

    assert balance(regular, shop.now) == before - D("30.00")
    assert sale.receipt["invoiceable"] == "0.00"
    assert Membership.objects.get().tender == "wallet"
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")
    ledgers_agree()


def test_a_wrong_sum_price_or_member_moves_nothing(shop, regular, month, owner, now):
    before = table_rows(*TABLES)
    for wrong in ({"received": "29.99"}, {"received": "31.00", "kind": "card"}, {"received": "0.00"}):
        with pytest.raises(services.InvalidTender):
            buy(shop, regular, month, **wrong)
    with pytest.raises(memberships.OfferChanged):
        buy(shop, regular, month, price=D("25.00"), received="25.00")
    freeze_member(member_id=regular.pk, reason="lost", actor=owner, at=now)
    with pytest.raises(services.MemberNotUsable):
        buy(shop, regular, month)

    assert table_rows(*TABLES) == before
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")


def test_the_same_click_sells_once(shop, regular, month, ledgers_agree):
    key = uuid4()

    assert buy(shop, regular, month, key=key) == buy(shop, regular, month, key=key)
    assert (Membership.objects.count(), shift_summary(shop.shift)["expected_cash"]) == (1, D("230.00"))
    ledgers_agree()


def test_a_mistaken_sale_gives_the_cash_back_and_ends_the_tier(shop, regular, month, ledgers_agree):
    sale = buy(shop, regular, month)

    void(shop, sale)

    assert TierSaleVoid.objects.get().reason == "wrong member"
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")
    assert get_benefits(member_id=regular.pk, at=shop.now).discount_factor == 1
    with pytest.raises(services.CannotVoid):
        void(shop, sale)
    ledgers_agree()


def test_a_mistaken_sale_paid_from_stored_value_goes_back_there(shop, regular, month, ledgers_agree):
    before = balance(regular, shop.now)
    sale = buy(shop, regular, month, kind="wallet")

    void(shop, sale)

    assert balance(regular, shop.now) == before
    ledgers_agree()


def test_a_tier_that_an_order_was_made_with_is_not_voided(shop, regular, month, ledgers_agree):
    sale = buy(shop, regular, month)
    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "60.00"))
    before = table_rows(*TABLES)

    with pytest.raises(services.CannotVoid):
        void(shop, sale)
    with pytest.raises(services.CannotVoid):
        void(shop, sale, reason=" ")
    assert table_rows(*TABLES) == before

    services.void_order(key=uuid4(), order_id=order_id, till=shop.till, reason="x", actor=shop.cashier, at=shop.now)
    void(shop, sale)
    ledgers_agree()


def test_the_sale_of_yesterday_is_not_voided_but_refunded_by_days_from_the_drawer(
    shop, regular, month, owner, ledgers_agree
):
    sale = buy(shop, regular, month)
    tomorrow = shop.now + timedelta(days=1)
    with pytest.raises(memberships.MembershipNotVoidable):
        void(shop, sale, at=tomorrow)

    made = refund(shop, sale.membership_id, owner, at=tomorrow)

    # Day 2 of 32 counts as used: 30 x 30 / 32 = 28.125.
    assert (made.amount, made.days_left, made.days_total, made.status) == (D("28.12"), 30, 32, "due")
    assert made.formula["text"] == "30.00 × 30 / 32 = 28.12"
    assert get_benefits(member_id=regular.pk, at=tomorrow).discount_factor == 1
    with pytest.raises(services.InvalidTender):
        pay(shop, made, at=tomorrow)
    assert shift_summary(shop.shift)["expected_cash"] == D("230.00")

    pay(shop, made, till=shop.till, at=tomorrow)

    payout = Payout.objects.get()
    assert (payout.source, payout.amount) == (f"tier_refund:{made.pk}", D("28.12"))
    assert shift_summary(shop.shift)["expected_cash"] == D("201.88")
    with pytest.raises(memberships.MembershipRefundPaid):
        pay(shop, made, till=shop.till, at=tomorrow)
    ledgers_agree()


def test_what_stored_value_paid_goes_back_there_and_never_leaves_as_cash(shop, regular, month, owner, ledgers_agree):
    before = balance(regular, shop.now)
    sale = buy(shop, regular, month, kind="wallet")
    made = refund(shop, sale.membership_id, owner)

    pay(shop, made)

    assert (made.by_wallet, made.in_cash) == (D("29.06"), D("0.00"))
    assert balance(regular, shop.now) == before - D("0.94")
    assert Payout.objects.count() == 0
    ledgers_agree()


def test_a_converted_purchase_is_refunded_the_ways_in_which_it_was_paid(
    shop, regular, month, year, owner, ledgers_agree
):
    before = balance(regular, shop.now)
    buy(shop, regular, month, kind="wallet")
    longer = buy(shop, regular, year, how="convert")
    bought = Membership.objects.get(pk=longer.membership_id)
    # 31 of 32 days of 30 yuan: 29.06 of stored value stand behind the year now.
    assert (bought.credit, bought.worth) == (D("29.06"), D("329.06"))

    made = refund(shop, bought.pk, owner)

    total = (bought.last_day - bought.first_day).days + 1
    assert (made.days_left, made.days_total) == (total - 1, total)
    assert made.amount == D("328.24")
    assert (made.by_wallet, made.in_cash) == (D("28.99"), D("299.25"))
    pay(shop, made, till=shop.till)
    assert Payout.objects.get().amount == D("299.25")
    assert balance(regular, shop.now) == before - D("30.00") + D("28.99")
    ledgers_agree()


def test_renewals_are_refunded_from_the_last_to_the_first(shop, regular, month, owner, ledgers_agree):
    first = buy(shop, regular, month)
    second = buy(shop, regular, month)
    with pytest.raises(memberships.MembershipNotRefundable):
        refund(shop, first.membership_id, owner)

    whole = refund(shop, second.membership_id, owner)
    part = refund(shop, first.membership_id, owner)

    # Of the second not a day was used.
    assert (whole.amount, part.amount) == (D("30.00"), D("29.06"))
    with pytest.raises(memberships.MembershipNotRefundable):
        memberships.reckon_refund(Membership.objects.get(pk=first.membership_id), shop.now)
    ledgers_agree()


def test_an_empty_drawer_pays_nothing_out(shop, regular, year, owner):
    sale = buy(shop, regular, year, kind="wechat")
    made = refund(shop, sale.membership_id, owner)
    before = table_rows(*TABLES)

    with pytest.raises(services.CannotPayOut):
        pay(shop, made, till=shop.till)

    made.refresh_from_db()
    assert made.status == "due"
    assert table_rows(*TABLES) == before


def test_a_member_of_a_card_that_cannot_be_recharged_is_refused_with_the_name_of_the_tier(
    shop, regular, plus, month, ledgers_agree
):
    plus.is_rechargeable = False
    plus.save()
    buy(shop, regular, month)
    before = table_rows("wallet_entry", "wallet_recharge", "checkout_rechargesale", "tiers_progressentry")

    def recharge(at):
        services.recharge_at_till(
            key=uuid4(),
            till=shop.till,
            member_id=regular.pk,
            amount=D("100.00"),
            plan_id=None,
            kind="cash",
            received=D("100.00"),
            actor=shop.cashier,
            at=at,
        )

    with pytest.raises(services.NotRechargeable, match="PLUS 会员"):
        recharge(shop.now)
    assert table_rows("wallet_entry", "wallet_recharge", "checkout_rechargesale", "tiers_progressentry") == before

    # The card is over: whatever the night has done, it forbids nothing any more.
    recharge(shop.now + timedelta(days=40))
    assert balance(regular, shop.now + timedelta(days=40)) == D("650.00")
    ledgers_agree()


def test_the_proof_finds_a_purchase_that_no_till_sold(shop, regular, month):
    buy(shop, regular, month)
    assert check_tier_sales() == (1, [])

    memberships.sell_membership(
        plan_id=month.pk,
        member_id=regular.pk,
        price=month.price,
        tender="cash",
        how="append",
        idempotency_key="by hand",
        at=shop.now,
        store=shop.store,
        actor=None,
    )

    assert len(check_tier_sales()[1]) == 1
