"""Whatever happens to a member's money, every figure can be told from the entries."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import days
from core.money import ZERO, from_cents
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from wallet import services
from wallet.models import Account, Entry, Lot, Recharge
from wallet.rules import SPENDING_ORDERS
from wallet.selectors import get_balance, get_totals

pytestmark = pytest.mark.usefixtures("_no_pin")
START = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
TABLES = ("wallet_account", "wallet_recharge", "wallet_entry", "wallet_lot", "wallet_lotuse")
CENTS = st.integers(1, 40_000).map(from_cents)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("recharge"), CENTS, st.integers(0, 9_000).map(from_cents), st.sampled_from([None, 1, 3, 20])),
        st.tuples(st.just("debit"), CENTS, st.sampled_from(SPENDING_ORDERS)),
        st.tuples(st.just("refund"), st.integers(0, 40), st.none() | CENTS),
        st.tuples(st.just("void"), st.integers(0, 40)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("expire")),
    ),
    max_size=14,
)
REFUSALS = (
    services.InsufficientBalance,
    services.BalanceLimitExceeded,
    services.NotRefundable,
    services.NotVoidable,
)
CONFIG = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Till:
    """Runs steps against a fresh member."""

    def __init__(self, member, store):
        self.member, self.store, self.at, self.number = member, store, START, 0

    def where(self):
        self.number += 1
        key = f"{self.member.pk}:{self.number}"
        return {"idempotency_key": key, "at": self.at, "store": self.store, "actor": None}

    def recharge(self, principal, bonus, lasting):
        services.recharge(
            member_id=self.member.pk,
            principal=principal,
            bonus=bonus,
            bonus_expires_at=None if lasting is None else self.at + timedelta(days=lasting),
            source="r:1",
            **self.where(),
        )

    def debit(self, amount, order):
        return services.debit(
            member_id=self.member.pk,
            amount=amount,
            list_amount=amount * 2,
            source="o:1",
            spending_order=order,
            **self.where(),
        )

    def refund(self, index, amount):
        spends = Entry.objects.filter(account_id=self.member.pk, kind="spend").order_by("id")
        if spends:
            key = spends[index % len(spends)].idempotency_key
            services.refund(idempotency_key_of_original=key, amount=amount, **self.where())

    def void(self, index):
        made = Recharge.objects.filter(account_id=self.member.pk).order_by("id")
        if made:
            services.void_recharge(recharge_id=made[index % len(made)].pk, reason="x", **self.where())

    def wait(self, number):
        self.at += timedelta(days=number)

    def expire(self):
        before = get_balance(member_id=self.member.pk, at=self.at).spendable
        list(services.expire_bonus(days.local_day(self.at), self.at))
        assert get_balance(member_id=self.member.pk, at=self.at).spendable == before

    def run(self, steps):
        for name, *arguments in steps:
            before = table_rows(*TABLES)
            try:
                getattr(self, name)(*arguments)
            except REFUSALS:
                assert table_rows(*TABLES) == before


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS)
def test_balances_lots_and_entries_agree_after_any_steps(store, steps):
    till = Till(make_member(store), store)

    till.run(steps)

    assert_ledgers_agree()
    balance = get_balance(member_id=till.member.pk, at=till.at)
    totals = get_totals(member_id=till.member.pk)
    expired = sum(Lot.objects.filter(account_id=till.member.pk).values_list("expired", flat=True), ZERO)
    assert totals.recharged + totals.bonus_given - totals.spent - expired == balance.total
    assert balance.principal <= balance.spendable <= balance.total


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS, amount=CENTS, order=st.sampled_from(SPENDING_ORDERS), cuts=st.lists(CENTS, max_size=5))
def test_a_payment_given_back_in_any_parts_restores_every_lot(store, steps, amount, order, cuts):
    till = Till(make_member(store), store)
    till.run([("recharge", Decimal("300.00"), Decimal("33.33"), 20), *steps])

    def state():
        lots = Lot.objects.filter(account_id=till.member.pk, remaining__gt=0).order_by("id")
        account = Account.objects.filter(pk=till.member.pk).values_list("principal", "bonus")
        return list(account), list(lots.values_list("id", "remaining"))

    before = state()
    try:
        paid = till.debit(amount, order)
    except services.InsufficientBalance:
        return

    left = amount
    for cut in cuts:
        if part := min(cut, left):
            services.refund(idempotency_key_of_original=paid.idempotency_key, amount=part, **till.where())
            left -= part
    if left:
        services.refund(idempotency_key_of_original=paid.idempotency_key, **till.where())

    assert state() == before
    back = Entry.objects.filter(original=paid)
    assert sum(entry.list_amount for entry in back) == -2 * amount
    assert_ledgers_agree()
