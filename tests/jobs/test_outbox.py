"""The outbox: nothing from a rolled-back transaction, everything else at least once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from audit.models import Record
from jobs import selectors, services
from jobs.models import Outbox
from stores.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls(add_task: Callable[..., None]) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    add_task("test.note", lambda **arguments: seen.append(arguments))
    return seen


SECRET = "+86" + "13800000000"


def _fail(**_: object) -> None:
    raise ValueError(f"no paper\nDETAIL: Key (phone)=({SECRET})")


def test_a_rolled_back_transaction_leaves_no_task(
    django_capture_on_commit_callbacks: Any, calls: list[dict[str, Any]], now: datetime
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks, suppress(RuntimeError), transaction.atomic():
        services.enqueue_on_commit("test.note", sale=1)
        raise RuntimeError
    services.sweep(at=now)

    assert callbacks == []
    assert Outbox.objects.count() == 0
    assert calls == []


def test_a_task_wakes_the_worker_only_after_the_commit(
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr("jobs.services.outbox.wake", lambda task, outbox_id: woken.append((task, outbox_id)))

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        row = services.enqueue_on_commit("test.note", sale=1)
        assert woken == []

    assert len(callbacks) == 1
    assert woken == [("jobs.deliver", row.pk)]


def test_delivering_runs_the_task_once(calls: list[dict[str, Any]], now: datetime) -> None:
    row = services.enqueue_on_commit("test.note", sale=7)

    first = services.deliver(outbox_id=row.pk, at=now)
    second = services.deliver(outbox_id=row.pk, at=now)

    row.refresh_from_db()
    assert (first, second) == (True, False)
    assert calls == [{"sale": 7}]
    assert row.attempts == 1
    assert row.done_at is not None
    assert now <= row.done_at < now + timedelta(seconds=1)


def test_a_failing_task_waits_twice_as_long_each_time(add_task: Callable[..., None], now: datetime) -> None:
    add_task("test.fail", _fail)
    row = services.enqueue_on_commit("test.fail")

    services.deliver(outbox_id=row.pk, at=now)
    row.refresh_from_db()
    early = services.deliver(outbox_id=row.pk, at=now + timedelta(seconds=29))
    services.deliver(outbox_id=row.pk, at=now + timedelta(seconds=31))
    first_wait = row.not_before
    row.refresh_from_db()

    assert early is False
    assert row.attempts == 2
    assert first_wait is not None
    assert row.not_before is not None
    assert (first_wait - now).seconds == 30
    assert (row.not_before - now).seconds == 31 + 60
    assert row.done_at is None


def test_an_error_keeps_its_place_and_no_personal_data(add_task: Callable[..., None], now: datetime) -> None:
    add_task("test.fail", _fail)
    row = services.enqueue_on_commit("test.fail")

    services.deliver(outbox_id=row.pk, at=now)

    row.refresh_from_db()
    assert row.error.endswith("ValueError: no paper")
    assert SECRET not in row.error


def test_ten_failures_are_the_end_until_a_person_retries(
    add_task: Callable[..., None], now: datetime, owner: Staff
) -> None:
    add_task("test.fail", _fail)
    row = services.enqueue_on_commit("test.fail")
    for hour in range(12):
        services.deliver(outbox_id=row.pk, at=now + timedelta(hours=2 * hour))
    row.refresh_from_db()
    assert (row.attempts, row.failed_at is not None) == (10, True)

    retried = services.retry_failed(actor=owner, at=now)

    row.refresh_from_db()
    assert retried == 1
    assert (row.attempts, row.failed_at, row.not_before) == (0, None, None)
    assert Record.objects.get(action="task.retried").data == {"count": 1}


def test_a_task_that_killed_ten_workers_is_not_tried_again(calls: list[dict[str, Any]], now: datetime) -> None:
    row = services.enqueue_on_commit("test.note")
    Outbox.objects.filter(pk=row.pk).update(attempts=10)

    services.deliver(outbox_id=row.pk, at=now)

    row.refresh_from_db()
    assert calls == []
    assert row.failed_at == now


def test_an_unknown_task_fails_like_any_other(now: datetime) -> None:
    row = services.enqueue_on_commit("nobody.knows")

    services.deliver(outbox_id=row.pk, at=now)

    row.refresh_from_db()
    assert row.error.splitlines()[-1].startswith("NotRegistered")


def test_the_sweeper_delivers_what_waits_in_order(calls: list[dict[str, Any]], now: datetime) -> None:
    for sale in (1, 2, 3):
        services.enqueue_on_commit("test.note", sale=sale)
    Outbox.objects.filter(arguments={"sale": 2}).update(not_before=now + timedelta(minutes=5))

    done = services.sweep(at=now)

    assert done == 2
    assert calls == [{"sale": 1}, {"sale": 3}]
    assert selectors.get_outbox_state(now).waiting == 1
