"""Unusual orders of events around stored value at the till: nothing is lost and nothing is made."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import members.services
import wallet.selectors
import wallet.services
from checkout import services
from checkout.models import Order
from checkout.services import Tender
from core import days
from members.models import Member
from tests.factories.ledgers import make_member, table_rows
from tests.factories.stored_value import PIN, set_value

TABLES = ("checkout_order", "checkout_payment", "wallet_entry", "wallet_account", "wallet_lot", "points_entry")


@pytest.fixture
def buyer(shop, store, now):
    """100 principal, and 20 bonus that ends tonight."""
    set_value("wallet.no_pin_limit", "100000.00", now - timedelta(days=1))
    made = make_member(store)
    wallet.services.recharge(
        member_id=made.pk,
        principal=D("100.00"),
        bonus=D("20.00"),
        bonus_expires_at=days.end_of(days.local_day(now)),
        source="test:1",
        idempotency_key="t:buyer",
        at=now,
        store=store,
        actor=None,
    )
    return made


def balance(member, at):
    found = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return found.principal, found.bonus, found.spendable


def void(shop, order_id, at):
    return services.void_order(key=uuid4(), order_id=order_id, till=shop.till, reason="typo", actor=shop.cashier, at=at)


def pass_on(giver, taker, shop, at, amount=None, key="t:pass"):
    wallet.services.transfer(
        giver_id=giver.pk,
        taker_id=taker.pk,
        amount=None if amount is None else D(amount),
        reason="a present",
        idempotency_key=key,
        at=at,
        store=shop.store,
        actor=None,
    )


def test_bonus_that_ends_between_quote_and_confirm_does_not_pay_and_nothing_moves(shop, buyer, now, ledgers_agree):
    midnight = days.end_of(days.local_day(now))
    shop.now = midnight - timedelta(seconds=1)
    basket = shop.basket((shop.rice, "2"), member=buyer)
    due = str(basket.quote["figures"]["payable"])
    assert D("100.00") < D(due) <= D("120.00")
    before = table_rows(*TABLES)

    with pytest.raises(services.InvalidTender):
        shop.confirm(basket, ("wallet", due), at=midnight)
    assert table_rows(*TABLES) == before

    cash = str(D(due) - D("100.00"))
    shop.confirm(basket, ("wallet", "100.00"), ("cash", cash), at=midnight)
    assert balance(buyer, midnight) == (D("0.00"), D("20.00"), D("0.00"))
    ledgers_agree()


def test_a_sale_voided_after_its_payer_gave_everything_away_comes_back_to_the_payer(shop, buyer, now, ledgers_agree):
    friend = make_member(shop.store)
    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=buyer), ("wallet", "59.90"))
    pass_on(buyer, friend, shop, now)
    assert balance(buyer, now)[2] == D("0.00")

    void(shop, order_id, now)

    assert (balance(buyer, now)[2], balance(friend, now)[2]) == (D("59.90"), D("60.10"))
    ledgers_agree()


def test_a_transfer_of_what_a_partly_refunded_payment_left_and_the_rest_of_the_refund_add_up(
    shop, buyer, now, ledgers_agree
):
    friend = make_member(shop.store)
    where = {"at": now, "store": shop.store, "actor": None}
    wallet.services.debit(
        member_id=buyer.pk,
        amount=D("90.01"),
        list_amount=D("100.00"),
        source="test:2",
        idempotency_key="t:pay",
        **where,
    )
    wallet.services.refund(idempotency_key_of_original="t:pay", amount=D("33.33"), idempotency_key="t:part", **where)
    pass_on(buyer, friend, shop, now)

    wallet.services.refund(idempotency_key_of_original="t:pay", idempotency_key="t:rest", **where)

    assert (balance(buyer, now)[2], balance(friend, now)[2]) == (D("56.68"), D("63.32"))
    with pytest.raises(wallet.services.NotRefundable):
        wallet.services.refund(idempotency_key_of_original="t:pay", amount=D("0.01"), idempotency_key="t:more", **where)
    ledgers_agree()


@pytest.mark.parametrize("status", ["frozen", "closed", "merged"])
def test_a_sale_voided_for_a_member_who_may_not_pay_still_brings_the_money_back(
    shop, buyer, now, ledgers_agree, status
):
    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=buyer), ("wallet", "59.90"))
    Member.objects.filter(pk=buyer.pk).update(status=status)

    void(shop, order_id, now)

    assert balance(buyer, now)[:2] == (D("100.00"), D("20.00"))
    ended = wallet.selectors.list_accounts(wallet.selectors.ENDED, at=now).filter(pk=buyer.pk)
    assert ended.exists() == (status != "frozen")
    ledgers_agree()


def test_the_pin_proof_of_another_member_pays_nothing(shop, buyer, now):
    set_value("wallet.no_pin_limit", "0.00", now)
    stranger = make_member(shop.store)
    members.services.set_pin(member_id=stranger.pk, pin=PIN, actor=None, at=now, store=shop.store)
    proof = members.services.verify_pin(member_id=stranger.pk, pin=PIN, at=now)
    basket = shop.basket((shop.rice, "1"), member=buyer)
    before = table_rows(*TABLES)

    with pytest.raises(members.services.InvalidProof):
        services.confirm_sale(
            key=uuid4(),
            basket_id=basket.pk,
            fingerprint=basket.fingerprint,
            tenders=[Tender("wallet", D("59.90"))],
            actor=shop.cashier,
            at=now,
            pin_proof=proof,
        )

    assert table_rows(*TABLES) == before
    assert Order.objects.count() == 0


def test_a_refund_lifts_the_balance_over_the_cap_and_recharges_wait(shop, buyer, store, now, ledgers_agree):
    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=buyer), ("wallet", "59.90"))
    set_value("wallet.limit_named", "60.10", now)
    void(shop, order_id, now)
    assert balance(buyer, now)[2] == D("120.00")
    before = table_rows(*TABLES)

    with pytest.raises(wallet.services.BalanceLimitExceeded):
        services.recharge_at_till(
            key=uuid4(),
            till=shop.till,
            member_id=buyer.pk,
            amount=D("0.01"),
            plan_id=None,
            kind="cash",
            received=D("0.01"),
            actor=shop.cashier,
            at=now,
        )

    assert table_rows(*TABLES) == before
    assert wallet.selectors.is_over_limit(member=buyer, at=now)
    ledgers_agree()
