"""Refunds of stored value that are paid in cash leave a drawer, once, and the shift knows it (R-W6, R-C12)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, transaction

import wallet.selectors
import wallet.services
from audit.models import Record
from checkout import services
from checkout.models import Payout, Till
from checkout.selectors import shift_summary
from tests.conftest import make_staff
from tests.factories.cash_outs import ask, cash_out_of
from tests.factories.ledgers import make_member, table_rows
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db
TABLES = ("checkout_payout", "wallet_cashout", "wallet_account", "wallet_entry")


@pytest.fixture
def small(shop, store, now):
    """A member with ¥80 + ¥10, so that cash is allowed."""
    made = make_member(store)
    wallet.services.recharge(
        member_id=made.pk,
        principal=D("80.00"),
        bonus=D("10.00"),
        source="r:1",
        idempotency_key="small",
        at=now - timedelta(days=30),
        store=store,
        actor=None,
    )
    return made


@pytest.fixture
def due(small, owner, store, now):
    outcome = ask(small, "80.00", actor=owner, store=store, at=now, method="cash", bank_name="", account_number="")
    return cash_out_of(outcome)


def pay(shop, cash_out, now, key=None, till=None):
    return services.pay_out_in_cash(
        key=key or uuid4(), till=till or shop.till, cash_out_id=cash_out.pk, actor=shop.cashier, at=now
    )


def test_the_cash_leaves_the_drawer_once_and_the_shift_expects_less(shop, due, now, ledgers_agree):
    key = uuid4()

    first, second = pay(shop, due, now, key), pay(shop, due, now, key)

    assert first == second
    payout = Payout.objects.get()
    assert (payout.source, payout.amount, payout.shift) == (f"cash_out:{due.pk}", D("80.00"), shop.shift)
    summary = shift_summary(shop.shift)
    assert (summary["payout_total"], summary["expected_cash"]) == (D("80.00"), D("120.00"))
    assert wallet.selectors.get_cash_out(due.pk).status == "paid"
    assert Record.objects.get(action="payout.made").data["amount"] == "80.00"
    ledgers_agree()


def test_a_refund_is_paid_out_once_whoever_tries_again(shop, due, now):
    pay(shop, due, now)
    before = table_rows(*TABLES)

    with pytest.raises(wallet.services.NotPayable):
        pay(shop, due, now)

    assert table_rows(*TABLES) == before


def test_a_drawer_that_should_hold_less_does_not_pay(shop, due, now):
    services.close_shift(shift_id=shop.shift.pk, counted_cash=D("200.00"), actor=shop.cashier, at=now)
    services.open_shift(till=shop.till, opening_float=D("79.99"), actor=shop.cashier, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(services.CannotPayOut):
        pay(shop, due, now)

    assert table_rows(*TABLES) == before


def test_without_an_open_shift_or_in_another_store_nothing_is_paid(shop, due, other_store, now):
    far = Till.objects.create(store=other_store, code="1", name="Far")
    services.open_shift(till=far, opening_float=D("500.00"), actor=shop.cashier, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(services.CannotPayOut):
        pay(shop, due, now, till=far)
    services.close_shift(shift_id=shop.shift.pk, counted_cash=D("200.00"), actor=shop.cashier, at=now)
    with pytest.raises(services.NoShift):
        pay(shop, due, now)

    assert table_rows(*TABLES) == before


def test_what_goes_to_a_bank_or_waits_for_approval_never_leaves_a_drawer(shop, small, manager, owner, store, now):
    to_bank = cash_out_of(ask(small, "80.00", actor=owner, store=store, at=now))
    before = table_rows(*TABLES)

    with pytest.raises(wallet.services.NotPayable):
        pay(shop, to_bank, now)

    assert table_rows(*TABLES) == before


def test_wallet_money_never_leaves_as_cash_except_by_its_paper(shop, due, now):
    """Invariant 13: a payout names a refund, and the database knows which words that are."""
    where = {"store": shop.store, "till": shop.till, "shift": shop.shift, "actor": shop.cashier, "member": due.member}
    for source in ("order:1", "wallet:1", f"cash_out:{due.pk};x", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payout.objects.create(source=source, amount=D("5.00"), business_on=now.date(), occurred_at=now, **where)

    assert Payout.objects.count() == 0


@pytest.fixture
def desk(shop, client_for, now):
    allow(shop.cashier, *CASHIER, "wallet.view_cashout", "wallet.make_cashout")
    client = client_for(shop.cashier)
    client.cookies["django_language"] = "en"
    client.post("/checkout/till/", {"till": shop.till.pk})
    with time_machine.travel(now, tick=False):
        yield client


def test_the_till_lists_what_is_due_pays_it_and_shows_it_in_the_shift(desk, shop, due):
    page = desk.get("/checkout/payouts/").content.decode()
    unseen = desk.post(f"/checkout/payouts/{due.pk}/", {"command_key": str(uuid4())})
    paid = desk.post(f"/checkout/payouts/{due.pk}/", {"command_key": str(uuid4()), "is_shown": "on"}, follow=True)
    late = desk.post(f"/checkout/payouts/{due.pk}/", {"command_key": str(uuid4()), "is_shown": "on"})

    assert "Pay out ¥80.00" in page
    assert unseen.status_code == 422
    assert "¥80.00 paid out of the drawer." in paid.content.decode()
    assert "−¥80.00" in paid.content.decode()
    assert (late.status_code, Payout.objects.count()) == (422, 1)
    assert "¥80.00 left the drawer" in desk.get("/checkout/shift/hand-over/").content.decode()


def test_refunds_begin_at_the_recharge_page_too_and_other_stores_are_not_there(desk, small, other_store, owner, now):
    far = cash_out_of(
        ask(small, "80.00", actor=owner, store=other_store, at=now, method="cash", bank_name="", account_number="")
    )

    page = desk.get(f"/checkout/recharges/new/?member={small.pk}").content.decode()

    assert f"/wallet/members/{small.pk}/cash-outs/new/" in page
    assert desk.post(f"/checkout/payouts/{far.pk}/", {"command_key": str(uuid4())}).status_code == 404
    assert make_staff("x", "cashier", other_store).stores.get() == other_store
