"""Two copies of one job, two workers at one task: real threads, real connections."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from jobs import registry, services
from jobs.locks import session_lock
from jobs.models import Outbox, Run
from jobs.registry import Counts, Job

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 3, 18)


def together(*functions: Callable[[], Any]) -> list[Any]:
    """Run functions in threads of their own and return what each returned."""
    results: list[Any] = [None] * len(functions)

    def work(index: int) -> None:
        try:
            results[index] = functions[index]()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.fixture
def slow_job(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A job that both copies enter if nothing stops them: each waits a moment for the other."""
    inside: list[int] = []
    meeting = threading.Barrier(2)

    def run(day: date, at: datetime) -> Iterator[Counts]:
        inside.append(threading.get_ident())
        with suppress(threading.BrokenBarrierError):
            meeting.wait(1)
        yield {"changed": 1}

    monkeypatch.setattr(registry, "_jobs", {"test.slow": Job("test.slow", "", "", run, datetime.min.time())})
    return inside


@contextmanager
def no_lock(name: str) -> Iterator[bool]:
    yield True


def _start(now: datetime) -> Callable[[], str]:
    return lambda: services.run_job(name="test.slow", day=DAY, actor=None, at=now).status


def test_the_second_copy_of_a_job_leaves(slow_job: list[int], now: datetime) -> None:
    statuses = together(_start(now), _start(now))

    assert sorted(statuses) == [Run.Status.LEFT, Run.Status.SUCCEEDED]
    assert len(slow_job) == 1


def test_without_the_lock_both_copies_run(slow_job: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.services.runs.session_lock", no_lock)

    statuses = together(_start(now), _start(now))

    assert statuses == [Run.Status.SUCCEEDED] * 2
    assert len(slow_job) == 2


@pytest.fixture
def entered() -> threading.Event:
    """Set as soon as somebody works at the slow task."""
    return threading.Event()


@pytest.fixture
def slow_task(monkeypatch: pytest.MonkeyPatch, entered: threading.Event) -> list[int]:
    calls: list[int] = []
    meeting = threading.Barrier(2)

    def task(**_: object) -> None:
        calls.append(threading.get_ident())
        entered.set()
        with suppress(threading.BrokenBarrierError):
            meeting.wait(1)

    monkeypatch.setitem(current_app.tasks, "test.slow", task)
    return calls


def _two_deliveries(now: datetime, entered: threading.Event) -> list[bool]:
    """The second worker comes while the first is in the middle of the task."""
    row = Outbox.objects.create(task="test.slow")
    return together(
        lambda: services.deliver(outbox_id=row.pk, at=now),
        lambda: entered.wait(5) and services.deliver(outbox_id=row.pk, at=now),
    )


def test_two_workers_do_a_task_once(slow_task: list[int], entered: threading.Event, now: datetime) -> None:
    answers = _two_deliveries(now, entered)

    assert sorted(answers) == [False, True]
    assert len(slow_task) == 1


def test_without_the_lock_two_workers_do_it_twice(
    slow_task: list[int], entered: threading.Event, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.services.outbox.session_lock", no_lock)

    _two_deliveries(now, entered)

    assert len(slow_task) == 2


def test_a_connection_that_dies_frees_the_job(slow_job: list[int], now: datetime) -> None:
    """What kill -9 does to a worker: its connection is gone, and the lock with it."""

    def die() -> bool:
        with session_lock("job:test.slow") as mine:
            connection.close()
            return mine

    (had_it,) = together(die)
    status = _start(now)()

    assert had_it is True
    assert status == Run.Status.SUCCEEDED
