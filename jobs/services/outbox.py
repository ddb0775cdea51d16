"""The outbox: asked for in the caller's transaction, delivered after it, at least once."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.logging import describe_exception
from jobs.broker import wake
from jobs.elapsed import Elapsed
from jobs.locks import drop_broken_connection, session_lock
from jobs.models import Outbox
from jobs.selectors import list_waiting
from stores.models import Staff

MAX_ATTEMPTS = 10
SWEEP_SECONDS = 10.0

logger = logging.getLogger(__name__)


def enqueue_on_commit(task: str, **arguments: Any) -> Outbox:
    """Ask for a Celery task by name; ids and strings only.

    The row is part of the caller's transaction, so a rolled-back sale leaves none. After commit the worker is woken;
    if the broker is away the sweeper delivers later (at least once, so tasks must be safe to run twice).
    """
    row = Outbox.objects.create(task=task, arguments=arguments)
    transaction.on_commit(partial(_wake, row.pk), robust=True)
    return row


def _wake(outbox_id: int) -> None:
    wake("jobs.deliver", outbox_id=outbox_id)


def deliver(*, outbox_id: int, at: datetime) -> bool:
    """Run one queued task in this process and say whether it was done now.

    False where another process is at it, where it is done already, not yet due or given up, and where it failed: then
    it waits twice as long as before, and after ten tries it is given up until a person retries it.
    """
    with session_lock(f"outbox:{outbox_id}") as mine:
        row = _claim(outbox_id, at) if mine else None
        return row is not None and _perform(row, at)


@transaction.atomic
def _claim(outbox_id: int, at: datetime) -> Outbox | None:
    """Count the attempt before the work begins: a task that kills its worker must not be tried for ever."""
    row = list_waiting(at).select_for_update(skip_locked=True).filter(pk=outbox_id).first()
    if row is None:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        row.failed_at = at
        row.error = row.error or _("The worker died each time.")
        row.save(update_fields=["failed_at", "error"])
        return None
    row.attempts += 1
    row.save(update_fields=["attempts"])
    return row


def _perform(row: Outbox, at: datetime) -> bool:
    elapsed = Elapsed(at)
    try:
        current_app.tasks[row.task](**row.arguments)
    except Exception as error:
        logger.exception("Task %s of outbox row %s failed.", row.task, row.pk)
        drop_broken_connection()
        _put_off(row, elapsed.now(), describe_exception(error))
        return False
    Outbox.objects.filter(pk=row.pk).update(done_at=elapsed.now(), error="")
    return True


def _put_off(row: Outbox, at: datetime, error: str) -> None:
    is_over = row.attempts >= MAX_ATTEMPTS
    Outbox.objects.filter(pk=row.pk).update(
        error=error,
        failed_at=at if is_over else None,
        not_before=at + min(timedelta(seconds=15 * 2**row.attempts), timedelta(hours=1)),
    )


def sweep(*, at: datetime) -> int:
    """Deliver what is waiting, oldest first, for about ten seconds; returns how many were done.

    What a dead broker never heard of and what failed before is found here; rows that a worker is busy with are passed.
    """
    elapsed = Elapsed(at)
    done = 0
    for outbox_id in list_waiting(at).order_by("id").values_list("id", flat=True)[:500]:
        if elapsed.seconds() > SWEEP_SECONDS:
            break
        done += deliver(outbox_id=outbox_id, at=elapsed.now())
    return done


@transaction.atomic
def retry_failed(*, actor: Staff, at: datetime) -> int:
    """Give all abandoned tasks ten new tries; returns how many."""
    ids = list(Outbox.objects.filter(failed_at__isnull=False, done_at__isnull=True).values_list("id", flat=True))
    Outbox.objects.filter(id__in=ids).update(failed_at=None, not_before=None, attempts=0)
    if ids:
        audit.record("task.retried", actor=actor, subject="outbox:failed", at=at, count=len(ids))
        for outbox_id in ids[:100]:
            transaction.on_commit(partial(_wake, outbox_id), robust=True)
    return len(ids)
