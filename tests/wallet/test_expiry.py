"""The nightly expiry of bonus: exactly once, in order; principal never; what can be spent never depends on it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from wallet import services
from wallet.models import Account, Entry, Lot
from wallet.selectors import get_balance

DAY = date(2026, 4, 1)
MIDNIGHT = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
RUN = MIDNIGHT + timedelta(minutes=15)
D = Decimal


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def recharge(store, now):
    def do(member, principal, bonus, key, ends_at=None):
        return services.recharge(
            member_id=member.pk,
            principal=D(principal),
            bonus=D(bonus),
            bonus_expires_at=ends_at,
            source="r:1",
            idempotency_key=key,
            at=now,
            store=store,
            actor=None,
        )

    return do


def run():
    return [{"changed": 0}, *services.expire_bonus(DAY, RUN)][-1]


def test_due_bonus_expires_in_the_order_of_its_end_and_principal_stays(recharge, member, store):
    recharge(member, "100.00", "5.00", "keep", MIDNIGHT + timedelta(microseconds=1))
    recharge(member, "100.00", "10.00", "second", MIDNIGHT)
    recharge(member, "100.00", "20.00", "first", MIDNIGHT - timedelta(days=1))

    assert run() == {"changed": 2, "lots": 2}

    entries = Entry.objects.filter(kind="bonus_expiry").order_by("id")
    assert [(entry.principal, entry.bonus, entry.bonus_after) for entry in entries] == [
        (D("0.00"), D("-20.00"), D("15.00")),
        (D("0.00"), D("-10.00"), D("5.00")),
    ]
    account = Account.objects.get()
    assert (account.principal, account.bonus) == (D("300.00"), D("5.00"))
    assert_ledgers_agree()
    before = table_rows("wallet_account", "wallet_entry", "wallet_lot", "wallet_lotuse")
    assert run() == {"changed": 0}
    assert table_rows("wallet_account", "wallet_entry", "wallet_lot", "wallet_lotuse") == before


@pytest.mark.parametrize("is_posted", [False, True])
def test_what_can_be_spent_does_not_depend_on_the_job(recharge, member, is_posted):
    recharge(member, "100.00", "50.00", "r", MIDNIGHT)
    if is_posted:
        run()

    assert get_balance(member_id=member.pk, at=RUN).spendable == D("100.00")


def test_refunded_bonus_whose_lot_is_posted_as_expired_gets_days_of_grace(recharge, member, store, now):
    recharge(member, "100.00", "50.00", "r", MIDNIGHT)
    where = {"store": store, "actor": None}
    services.debit(
        member_id=member.pk,
        amount=D("30.00"),
        list_amount=D("30.00"),
        source="o",
        idempotency_key="d",
        at=now,
        **where,
    )
    run()

    services.refund(idempotency_key_of_original="d", idempotency_key="f", at=RUN, **where)

    assert Lot.objects.get(origin__isnull=False).remaining == D("10.00")
    assert get_balance(member_id=member.pk, at=RUN).spendable == D("110.00")
    assert_ledgers_agree()
