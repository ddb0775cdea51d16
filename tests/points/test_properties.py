"""Whatever happens to a member's points, every figure can be told from the entries."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import days
from points import services
from points.models import Account, Lot
from points.rules import EarnLine, EarnTerms
from points.selectors import get_balance, get_balance_as_of, list_lots, list_lots_as_of
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows

START = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(1, 300), st.sampled_from([None, 1, 3, 20]), st.sampled_from([0, 2])),
        st.tuples(st.just("order"), st.lists(st.integers(0, 20_000), min_size=1, max_size=3), st.integers(1, 30)),
        st.tuples(st.just("bring_back"), st.integers(0, 40), st.integers(0, 100)),
        st.tuples(st.just("spend"), st.integers(1, 300)),
        st.tuples(st.just("undo"), st.integers(0, 40), st.integers(1, 300), st.booleans()),
        st.tuples(st.just("adjust"), st.integers(-50, 50).filter(bool)),
        st.tuples(st.just("unadjust"), st.integers(0, 40)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("expire")),
        st.tuples(st.just("release")),
    ),
    max_size=14,
)
REFUSALS = (
    services.InsufficientPoints,
    services.BlockedByDebt,
    services.NotReversible,
    services.UnknownEntry,  # an order that earned nothing has no entry
)
CONFIG = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Till:
    """Runs steps against a fresh member and knows from a pure model what must be left."""

    def __init__(self, member):
        self.member, self.at, self.posted, self.number = member, START, [], 0
        self.orders, self.adjusted = [], []

    def where(self):
        self.number += 1
        key = f"{self.member.pk}:{self.number}"
        return {"idempotency_key": key, "at": self.at, "store": None, "actor": None}

    def earn(self, points, lasting, pending):
        where = self.where()
        services.earn(
            member_id=self.member.pk,
            points=points,
            source="o:1",
            expires_at=None if lasting is None else self.at + timedelta(days=lasting),
            available_from=self.at + timedelta(days=pending),
            **where,
        )
        self.posted.append(where["idempotency_key"])

    def spend(self, points):
        where = self.where()
        services.spend(member_id=self.member.pk, points=points, source="o:2", **where)
        self.posted.append(where["idempotency_key"])

    def undo(self, index, points, is_whole):
        if not self.posted:
            return
        original = self.posted[index % len(self.posted)]
        if is_whole:
            services.reverse(idempotency_key_of_original=original, **self.where())
            return
        part = services.return_spent
        try:
            part(idempotency_key_of_original=original, points=points, **self.where())
        except services.NotReversible:
            services.claw_back(idempotency_key_of_original=original, points=points, **self.where())

    def order(self, cents, tenths):
        where = self.where()
        services.earn_for_order(
            member_id=self.member.pk,
            lines=[EarnLine(Decimal(one) / 100) for one in cents],
            terms=EarnTerms(multiple=Decimal(tenths) / 10),
            source="o:4",
            **where,
        )
        self.orders.append((where["idempotency_key"], cents))

    def bring_back(self, index, percent):
        if not self.orders:
            return
        key, cents = self.orders[index % len(self.orders)]
        rest = [Decimal(one * percent // 100) / 100 for one in cents]
        services.claw_back_for_return(idempotency_key_of_original=key, remaining_bases=rest, **self.where())

    def adjust(self, points):
        entry = services.adjust(member_id=self.member.pk, points=points, reason="count", **self.where())
        self.adjusted.append(entry.pk)

    def unadjust(self, index):
        if self.adjusted:
            entry_id = self.adjusted[index % len(self.adjusted)]
            services.undo_adjustment(entry_id=entry_id, reason="typed wrong", **self.where())

    def wait(self, number):
        self.at += timedelta(days=number)

    def expire(self):
        self.run_job(services.expire_due)

    def release(self):
        self.run_job(services.release_due)

    def run_job(self, job):
        before = get_balance(member_id=self.member.pk, at=self.at)
        list(job(days.local_day(self.at), self.at))
        after = get_balance(member_id=self.member.pk, at=self.at)
        assert (before.spendable, before.pending, before.debt) == (after.spendable, after.pending, after.debt)

    def run(self, steps):
        for name, *arguments in steps:
            before = table_rows("points_account", "points_entry", "points_lot", "points_lotuse")
            try:
                getattr(self, name)(*arguments)
            except REFUSALS:
                assert table_rows("points_account", "points_entry", "points_lot", "points_lotuse") == before


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS)
def test_balances_lots_and_entries_agree_after_any_steps(store, steps):
    till = Till(make_member(store))

    till.run(steps)

    assert_ledgers_agree()
    balance = get_balance(member_id=till.member.pk, at=till.at)
    assert 0 <= balance.spendable + balance.pending <= balance.balance


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS, points=st.integers(1, 200), earned=st.integers(0, 200))
def test_a_sale_undone_at_once_restores_every_lot(store, steps, points, earned):
    till = Till(make_member(store))
    till.run(steps)
    if get_balance(member_id=till.member.pk, at=till.at).debt:
        return

    def state():
        account = list(Account.objects.filter(pk=till.member.pk).values_list("balance", "debt"))
        lots = Lot.objects.filter(account_id=till.member.pk, remaining__gt=0).order_by("id")
        return account or [(0, 0)], list(lots.values_list("id", "remaining", "expires_at"))

    before = state()
    spent = till.where()
    try:
        services.spend(member_id=till.member.pk, points=points, source="o:3", **spent)
    except services.InsufficientPoints:
        return
    gained = till.where()
    services.earn(member_id=till.member.pk, points=earned, source="o:3", **gained)

    services.reverse(idempotency_key_of_original=spent["idempotency_key"], **till.where())
    if earned:
        services.reverse(idempotency_key_of_original=gained["idempotency_key"], **till.where())

    assert state() == before
    assert_ledgers_agree()


@pytest.mark.django_db
@CONFIG
@given(points=st.integers(1, 500), cuts=st.lists(st.integers(1, 200), max_size=6), late=st.integers(0, 40))
def test_any_parts_of_a_return_give_back_exactly_what_was_spent(store, points, cuts, late):
    till = Till(make_member(store))
    till.run(
        [("earn", 200, 3, 0), ("earn", 200, 20, 0), ("earn", 100, None, 0), ("spend", points), ("wait", late or 1)]
    )
    returned = 0
    for cut in cuts:
        part = min(cut, points - returned)
        if part:
            services.return_spent(idempotency_key_of_original=till.posted[-1], points=part, **till.where())
            returned += part
    if returned < points:
        services.reverse(idempotency_key_of_original=till.posted[-1], **till.where())

    assert Account.objects.get(pk=till.member.pk).balance == 500
    with pytest.raises(services.NotReversible):
        services.return_spent(idempotency_key_of_original=till.posted[-1], points=1, **till.where())
    assert_ledgers_agree()


def database_clock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS)
def test_every_past_balance_and_lot_can_be_told_from_the_entries(store, steps):
    till = Till(make_member(store))
    stood = []
    for step in steps:
        till.run([step])
        lots = [
            (lot.pk, lot.granted, lot.remaining, lot.available_from, lot.expires_at)
            for lot in list_lots(member_id=till.member.pk)
        ]
        stood.append((database_clock(), till.at, get_balance(member_id=till.member.pk, at=till.at), lots))

    for recorded_until, at, balance, lots in stood:
        told = get_balance_as_of(member_id=till.member.pk, recorded_until=recorded_until, at=at)
        assert told == balance
        found = list_lots_as_of(member_id=till.member.pk, recorded_until=recorded_until)
        assert [(lot.lot_id, lot.granted, lot.remaining, lot.available_from, lot.expires_at) for lot in found] == lots
