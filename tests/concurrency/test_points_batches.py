"""A batch meets sales and itself: real threads, real transactions."""

import threading
import time
from collections import Counter
from typing import Any

import pytest
from django.db import transaction

from members.models import Member
from points import services
from points.models import Account, Batch, Entry, Watch
from points.selectors.batches import Criteria
from points.services import batches
from tests.conftest import make_staff
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def members(store, now):
    members = [make_member(store) for _number in range(6)]
    for member in members:
        services.earn(
            member_id=member.pk, points=100, source="o", idempotency_key=f"e{member.pk}", at=now, store=None, actor=None
        )
    return members


@pytest.fixture
def batch(store, now, members, monkeypatch):
    """Asked for and approved; the first two members are done, the rest waits."""
    monkeypatch.setattr(batches, "CHUNK", 2)
    asked, _outcome = services.ask_for_batch(
        kind="clear",
        criteria=Criteria("all"),
        points_each=None,
        reason="spring",
        actor=make_staff("finance", "finance", store),
        at=now,
        approver=make_staff("second", "finance", store),
    )
    return asked


def _spend(member: Member, now: Any) -> Any:
    return services.spend(
        member_id=member.pk, points=60, source="o", idempotency_key=f"s{member.pk}", at=now, store=None, actor=None
    )


def test_a_sale_and_a_clearing_at_once_take_every_point_once(batch, members, now):
    waiting = members[2:]

    def work(number: int) -> Any:
        if number < 2:
            return services.work_batch(batch_id=batch.pk, at=now)
        return _spend(waiting[number - 2], now)

    run_together(6, work)

    batch.refresh_from_db()
    spent = Entry.objects.filter(kind="spend").count()
    assert batch.status == "done"
    assert batch.done_points == 600 - 60 * spent
    assert list(Account.objects.values_list("balance", flat=True)) == [0] * 6
    assert_ledgers_agree()


def _clear_during_a_sale(batch: Batch, member: Member, now: Any) -> list[Any]:
    """The next chunk begins while a sale of one of its members has not committed yet."""
    sold = threading.Event()

    def work(number: int) -> Any:
        if number == 0:
            sold.wait(10)
            return services.advance_batch(batch_id=batch.pk, at=now)
        with transaction.atomic():
            entry = _spend(member, now)
            sold.set()
            time.sleep(1)
        return entry

    return run_together(2, work)


def test_a_clearing_waits_for_a_sale_that_has_not_committed(batch, members, now):
    outcomes = _clear_during_a_sale(batch, members[2], now)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 1, "bool": 1}
    assert Entry.objects.get(kind="clear", account_id=members[2].pk).points == -40
    assert_ledgers_agree()


def test_without_the_lock_of_the_members_the_race_is_real(batch, members, now, monkeypatch):
    monkeypatch.setattr(batches, "_lock_members", list)

    outcomes = _clear_during_a_sale(batch, members[2], now)

    # Points that the sale took were counted as still there: only the database's CHECK stops them from going twice.
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 1, "IntegrityError": 1}


def test_many_workers_on_one_batch_do_each_member_once(batch, members, now):
    run_together(5, lambda number: services.work_batch(batch_id=batch.pk, at=now))

    batch.refresh_from_db()
    assert (batch.status, batch.done_members, batch.done_points) == ("done", 6, 600)
    assert Entry.objects.filter(kind="clear").count() == 6
    assert_ledgers_agree()


def test_two_people_undo_a_batch_once(batch, members, now):
    services.work_batch(batch_id=batch.pk, at=now)

    outcomes = run_together(2, lambda number: services.undo_batch(batch_id=batch.pk, actor=batch.created_by, at=now))
    services.work_batch(batch_id=batch.pk, at=now)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Batch": 1, "BatchStateChanged": 1}
    assert list(Account.objects.values_list("balance", flat=True)) == [100] * 6
    assert_ledgers_agree()


def test_one_watch_is_judged_once_by_two_people(members, store, now):
    watch = Watch.objects.create(member=members[0], kind="many_points", day=now.date(), evidence={})
    people = [make_staff(f"m{number}", "manager", store) for number in range(2)]

    outcomes = run_together(
        2,
        lambda number: services.review_watch(watch_id=watch.pk, outcome="fine", note="", actor=people[number], at=now),
    )

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Watch": 1, "AlreadyReviewed": 1}
