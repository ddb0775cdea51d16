"""What the chain owes on paid tiers: the days that are still to come, as they stood at the end of each day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from core.days import local_day
from reports.selectors.liability import liability_at
from tests.factories.members import create_member
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers.selectors.memberships import total_unused
from tiers.services import memberships

NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


@pytest.fixture
def month(db):
    return create_paid_plan(create_card("plus")[0], months=1, price="30.00")


def owed(at, store_ids=None):
    return next(row for row in liability_at(local_day(at), store_ids).rows if row.code == "tiers")


def test_the_days_after_each_day_are_owed_and_none_after_the_last(month, store):
    member = create_member(store)
    buy_membership(month, member, store, at=NOW)
    buy_membership(month, member, store, at=NOW)

    assert owed(NOW - timedelta(days=1)).value == 0
    # 31 of 32 days are 29.0625; the renewal is whole.
    assert (owed(NOW).value, owed(NOW).liability) == (D("59.06"), D("59.06"))
    for days in (0, 1, 17, 31, 32, 60, 61, 62):
        at = NOW + timedelta(days=days)
        assert owed(at).value == total_unused(at)
    assert owed(NOW + timedelta(days=61)).value == 0


def test_a_past_day_stays_what_it_was_after_a_conversion_and_each_store_owes_what_it_took(month, store, other_store):
    year = create_paid_plan(month.tier, months=12, price="300.00")
    member, other = create_member(store), create_member(other_store)
    buy_membership(month, member, store, at=NOW)
    buy_membership(month, other, other_store, at=NOW)
    before = owed(NOW)

    later = NOW + timedelta(days=2)
    bought = buy_membership(year, member, store, at=later, how="convert")

    assert owed(NOW) == before
    assert before.by_store == {store.pk: D("29.06"), other_store.pk: D("29.06")}
    assert owed(later).value == total_unused(later)
    memberships.void_membership(
        membership_id=bought.pk, reason="x", idempotency_key="v", at=later, store=store, actor=None
    )
    assert owed(later).by_store == {store.pk: D("27.18"), other_store.pk: D("27.18")}
    assert owed(later, (store.pk,)).value == D("27.18")
