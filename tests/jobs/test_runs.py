"""Runs: once at a time, with counts, errors and catching up."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from audit.models import Record
from jobs import selectors, services
from jobs.models import Outbox, ProofResult, Run
from jobs.registry import Counts
from stores.models import Staff

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 18)


def test_a_run_adds_up_its_chunks(add_job: Callable[..., Any], now: datetime) -> None:
    add_job()

    run = services.run_job(name="test.job", day=DAY, actor=None, at=now)

    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED
    assert run.counts == {"changed": 5, "skipped": 1}
    assert run.started_at == now
    assert run.seconds is not None
    assert run.seconds < 1


def test_a_failed_run_keeps_its_error_and_what_it_had_counted(add_job: Callable[..., Any], now: datetime) -> None:
    def breaks(day: date, at: datetime) -> Iterator[Counts]:
        yield {"changed": 4}
        raise RuntimeError("disk full")

    add_job(run=breaks)

    run = services.run_job(name="test.job", day=DAY, actor=None, at=now)

    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert run.counts == {"changed": 4}
    assert run.error.endswith("RuntimeError: disk full")


def test_an_unknown_job_is_refused(now: datetime) -> None:
    with pytest.raises(services.UnknownJob):
        services.run_job(name="no.such", day=DAY, actor=None, at=now)

    assert Run.objects.count() == 0


def test_the_next_run_closes_the_row_of_a_killed_one(add_job: Callable[..., Any], now: datetime) -> None:
    add_job()
    killed = Run.objects.create(job="test.job", day=DAY, started_at=now - timedelta(hours=1))

    services.run_job(name="test.job", day=DAY, actor=None, at=now)

    killed.refresh_from_db()
    assert (killed.status, killed.ended_at) == (Run.Status.FAILED, now)


def test_a_job_is_due_from_its_local_time_on_and_once_a_day(add_job: Callable[..., Any]) -> None:
    add_job(starts_at=time(1, 0))
    one_oclock = datetime(2026, 3, 17, 17, 0, tzinfo=UTC)

    early = services.run_due(at=one_oclock - timedelta(seconds=1))
    on_time = services.run_due(at=one_oclock)
    again = services.run_due(at=one_oclock + timedelta(minutes=1))

    assert early == []
    assert [(run.job, run.day, run.status) for run in on_time] == [("test.job", DAY, Run.Status.SUCCEEDED)]
    assert again == []


def test_missed_days_are_caught_up_in_order(add_job: Callable[..., Any], now: datetime) -> None:
    add_job("test.early", starts_at=time(0, 10))
    add_job("test.late", starts_at=time(23, 0))
    for name in ("test.early", "test.late"):
        Run.objects.create(job=name, day=date(2026, 3, 15), status=Run.Status.SUCCEEDED, started_at=now, ended_at=now)

    runs = services.run_due(at=now)

    assert [(run.job, run.day.day) for run in runs] == [
        ("test.early", 16),
        ("test.late", 16),
        ("test.early", 17),
        ("test.late", 17),
        ("test.early", 18),
    ]


def test_after_a_long_rest_only_the_last_seven_days_are_run(add_job: Callable[..., Any], now: datetime) -> None:
    add_job()
    Run.objects.create(job="test.job", day=date(2025, 1, 1), status=Run.Status.SUCCEEDED, started_at=now, ended_at=now)

    runs = services.run_due(at=now)

    assert [run.day.day for run in runs] == [12, 13, 14, 15, 16, 17, 18]


def test_a_failing_job_is_tried_again_ever_more_rarely(add_job: Callable[..., Any], now: datetime) -> None:
    def breaks(day: date, at: datetime) -> Iterator[Counts]:
        raise RuntimeError("again")
        yield {}

    add_job(run=breaks)

    tried = [minute for minute in range(16) if services.run_due(at=now + timedelta(minutes=minute, seconds=minute))]

    assert tried == [0, 2, 6, 14]


def test_a_failing_day_holds_up_the_later_days_of_the_same_job(add_job: Callable[..., Any], now: datetime) -> None:
    def breaks(day: date, at: datetime) -> Iterator[Counts]:
        raise RuntimeError("again")
        yield {}

    add_job(run=breaks)
    Run.objects.create(job="test.job", day=date(2026, 3, 16), status=Run.Status.SUCCEEDED, started_at=now, ended_at=now)

    runs = services.run_due(at=now)

    assert [(run.day.day, run.status) for run in runs] == [(17, Run.Status.FAILED)]


def test_asking_for_a_run_goes_through_the_outbox_and_the_audit_trail(
    add_job: Callable[..., Any], add_task: Callable[..., None], now: datetime, owner: Staff
) -> None:
    add_job()

    row = services.ask_for_run(name="test.job", day=DAY, actor=owner, at=now)
    services.deliver(outbox_id=row.pk, at=now)

    run = Run.objects.get()
    assert (run.job, run.day, run.actor, run.status) == ("test.job", DAY, owner, Run.Status.SUCCEEDED)
    record = Record.objects.get(action="job.started")
    assert (record.actor, record.subject, record.data) == (owner, "job:test.job", {"day": "2026-03-18"})


def test_the_next_start_is_today_or_tomorrow(add_job: Callable[..., Any]) -> None:
    job = add_job(starts_at=time(3, 0))

    before = selectors.next_start(job, datetime(2026, 3, 17, 18, 59, tzinfo=UTC))
    after = selectors.next_start(job, datetime(2026, 3, 17, 19, 0, tzinfo=UTC))

    assert before == datetime(2026, 3, 17, 19, 0, tzinfo=UTC)
    assert after == datetime(2026, 3, 18, 19, 0, tzinfo=UTC)


def test_tidying_deletes_old_delivered_tasks_only(now: datetime) -> None:
    old = Outbox.objects.create(task="a", done_at=now - timedelta(days=31))
    young = Outbox.objects.create(task="b", done_at=now - timedelta(days=29))
    waiting = Outbox.objects.create(task="c")
    ProofResult.objects.create(
        proof="p", checked=1, difference_count=0, milliseconds=1, checked_at=now - timedelta(days=401)
    )

    run = services.run_job(name="jobs.tidy", day=DAY, actor=None, at=now)
    second = services.run_job(name="jobs.tidy", day=DAY, actor=None, at=now)

    assert run.counts == {"changed": 2, "tasks": 1, "proofs": 1, "sessions": 0}
    assert second.counts["changed"] == 0
    assert set(Outbox.objects.values_list("id", flat=True)) == {young.pk, waiting.pk}
    assert not Outbox.objects.filter(pk=old.pk).exists()
