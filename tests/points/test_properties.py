"""Whatever happens to a member's points, every figure can be told from the entries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import days
from points import services
from points.models import Account, Lot
from points.selectors import get_balance
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows

START = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(1, 300), st.sampled_from([None, 1, 3, 20]), st.sampled_from([0, 2])),
        st.tuples(st.just("spend"), st.integers(1, 300)),
        st.tuples(st.just("undo"), st.integers(0, 40), st.integers(1, 300), st.booleans()),
        st.tuples(st.just("adjust"), st.integers(-50, 50).filter(bool)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("expire")),
    ),
    max_size=14,
)
REFUSALS = (services.InsufficientPoints, services.BlockedByDebt, services.NotReversible)
CONFIG = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Till:
    """Runs steps against a fresh member and knows from a pure model what must be left."""

    def __init__(self, member):
        self.member, self.at, self.posted, self.number = member, START, [], 0

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

    def adjust(self, points):
        services.adjust(member_id=self.member.pk, points=points, reason="count", **self.where())

    def wait(self, number):
        self.at += timedelta(days=number)

    def expire(self):
        before = get_balance(member_id=self.member.pk, at=self.at)
        list(services.expire_due(days.local_day(self.at), self.at))
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
