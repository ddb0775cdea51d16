"""Tills that use one member's points at the same moment: real threads, real transactions."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from points import rules, services
from points.models import Account, Budget, Entry
from tests.factories.catalog import create_product
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.factories.points import earn_order, make_rule, terms_of
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def funded(member, now):
    """Ten lots of ten points each."""
    for number in range(10):
        _earn(member, 10, f"e{number}", now)
    return member


def _earn(member: Any, points: int, key: str, at: datetime, **options: Any) -> Any:
    return services.earn(
        member_id=member.pk, points=points, source="o:1", idempotency_key=key, at=at, store=None, actor=None, **options
    )


def _spend(member: Any, points: int, key: str, at: datetime) -> Any:
    return services.spend(
        member_id=member.pk, points=points, source="o:2", idempotency_key=key, at=at, store=None, actor=None
    )


def test_twenty_tills_cannot_spend_more_than_there_is(funded, now):
    outcomes = run_together(20, lambda number: _spend(funded, 10, f"s{number}", now))

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 10, "InsufficientPoints": 10}
    assert Account.objects.get().balance == 0
    assert_ledgers_agree()


def test_without_the_lock_the_race_is_real(funded, now, monkeypatch):
    ready = threading.Barrier(20)

    spendable = services.movements.spendable_lots

    def slowly(*arguments: Any) -> Any:
        lots = list(spendable(*arguments))
        ready.wait(10)
        return lots

    monkeypatch.setattr("points.services.posting.lock_member", lambda member_id: Member.objects.get(pk=member_id))
    monkeypatch.setattr("points.services.movements.spendable_lots", slowly)

    outcomes = run_together(20, lambda number: _spend(funded, 10, f"s{number}", now))

    # All saw the same lot of ten: the database's CHECK stops all but one, with an error instead of a clear answer.
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 1, "IntegrityError": 19}


def test_one_key_from_six_threads_posts_once(funded, now):
    spends = run_together(6, lambda number: _spend(funded, 10, "the same", now))
    earns = run_together(6, lambda number: _earn(funded, 7, "the same earn", now))

    assert len({entry.pk for entry in spends}) == len({entry.pk for entry in earns}) == 1
    assert Account.objects.get().balance == 97
    assert_ledgers_agree()


def test_one_undoing_from_six_threads_with_six_keys_happens_once(funded, now):
    _spend(funded, 25, "s", now)

    def undo(number: int) -> Any:
        return services.reverse(
            idempotency_key_of_original="s", idempotency_key=f"r{number}", at=now, store=None, actor=None
        )

    outcomes = run_together(6, undo)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 1, "NotReversible": 5}
    assert Account.objects.get().balance == 100
    assert_ledgers_agree()


def test_first_points_of_a_member_from_many_threads_all_count(member, now):
    run_together(10, lambda number: _earn(member, 5, f"e{number}", now))

    assert Account.objects.get().balance == 50
    assert_ledgers_agree()


def test_sales_and_two_expiry_runs_at_once_neither_block_nor_lose_a_point(store, now):
    members = [make_member(store) for _number in range(8)]
    midnight = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    for number, member in enumerate(members):
        _earn(member, 30, f"due{number}", now, expires_at=midnight - timedelta(hours=number))
        _earn(member, 40, f"open{number}", now, expires_at=None)
    at = midnight + timedelta(minutes=10)

    def work(number: int) -> Any:
        if number < 2:
            return [counts["lots"] for counts in services.expire_due(date(2026, 4, 1), at)]
        return _spend(members[number - 2], 15, f"s{number}", at)

    outcomes = run_together(10, work)

    assert {type(outcome).__name__ for outcome in outcomes[2:]} == {"Entry"}
    assert Entry.objects.filter(kind="expire").count() == 8
    assert list(Account.objects.values_list("balance", flat=True)) == [25] * 8
    assert_ledgers_agree()


BUDGET = rules.EarnTerms(caps=rules.Caps(budget_per_month=100))


def test_twelve_tills_use_a_budget_up_to_its_last_point_and_no_further(store, now):
    members = [make_member(store) for _number in range(12)]
    version = make_rule(per_yuan=1, product=create_product(), budget=60)
    line = rules.EarnLine(Decimal("10.00"), rule=terms_of(version))

    earned = run_together(12, lambda number: earn_order(members[number], f"o{number}", now, line, "5.00", terms=BUDGET))

    version.refresh_from_db()
    assert (version.granted, Budget.objects.get().granted) == (60, 100)
    assert sorted(earning.entry.granted for earning in earned) == [0] * 4 + [5] * 2 + [15] * 6
    assert Counter(earning.entry.limited_by for earning in earned) == {"": 6, "rule_budget": 2, "budget": 4}
    assert_ledgers_agree()


def test_a_month_is_used_up_to_its_last_point_and_no_further(store, now):
    members = [make_member(store) for _number in range(12)]

    earned = run_together(12, lambda number: earn_order(members[number], f"o{number}", now, "15.00", terms=BUDGET))

    assert sorted(earning.entry.granted for earning in earned) == [0] * 5 + [10] + [15] * 6
    assert Budget.objects.get().granted == 100
    assert_ledgers_agree()


def test_without_the_lock_of_the_budget_the_race_is_real(store, now, monkeypatch):
    members = [make_member(store) for _number in range(12)]
    Budget.objects.create(month=date(2026, 3, 1), granted=0)
    ready = threading.Barrier(12)

    def unlocked(at: datetime) -> int:
        granted = Budget.objects.get().granted
        ready.wait(10)
        return granted

    monkeypatch.setattr("points.services.earning._lock_month", unlocked)

    outcomes = run_together(12, lambda number: earn_order(members[number], f"o{number}", now, "15.00", terms=BUDGET))

    # All saw the whole budget of 100: the conditional UPDATE stops six, with an error instead of a smaller sum.
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Earning": 6, "BudgetChanged": 6}
    assert Budget.objects.get().granted == 90


def test_without_the_lock_of_a_rule_the_database_still_keeps_its_budget(store, now, monkeypatch):
    members = [make_member(store) for _number in range(12)]
    version = make_rule(per_yuan=1, product=create_product(), budget=50)
    line = rules.EarnLine(Decimal("15.00"), rule=terms_of(version))
    monkeypatch.setattr("points.services.earning._lock_versions", lambda used: {})

    outcomes = run_together(12, lambda number: earn_order(members[number], f"o{number}", now, line))

    version.refresh_from_db()
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Earning": 3, "BudgetChanged": 9}
    assert version.granted == 45
    assert_ledgers_agree()


def test_one_member_at_six_tills_stays_within_the_cap_of_the_day(member, now):
    terms = rules.EarnTerms(caps=rules.Caps(per_day=50))

    run_together(6, lambda number: earn_order(member, f"o{number}", now, "20.00", terms=terms))

    assert Account.objects.get().balance == 50
    assert sorted(Entry.objects.values_list("points", flat=True)) == [0, 0, 0, 10, 20, 20]


def test_merges_both_ways_and_sales_at_once_lose_no_point(store, now):
    first, second = make_member(store), make_member(store)
    _earn(first, 100, "a", now)
    _earn(second, 50, "b", now)

    def work(number: int) -> Any:
        if number < 2:
            gone, stays = (first, second) if number else (second, first)
            return services.merge(
                from_member_id=gone.pk,
                into_member_id=stays.pk,
                idempotency_key=f"m{number}",
                at=now,
                store=None,
                actor=None,
                source="merge:1",
            )
        return _spend(first if number % 2 else second, 5, f"s{number}", now)

    outcomes = run_together(8, work)

    spent = 5 * sum(isinstance(outcome, Entry) for outcome in outcomes)
    assert Counter(type(outcome).__name__ for outcome in outcomes[:2]) == {"Merged": 2}
    assert {type(outcome).__name__ for outcome in outcomes[2:]} <= {"Entry", "InsufficientPoints"}
    assert sum(Account.objects.values_list("balance", flat=True)) == 150 - spent
    assert_ledgers_agree()
