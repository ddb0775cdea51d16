"""Queueing work in the caller's transaction."""

from typing import Any

from django.db import transaction

from jobs.models import Outbox


def enqueue_on_commit(task: str, **arguments: Any) -> Outbox:
    """Ask for a Celery task by name; ids and strings only.

    The row is part of the caller's transaction, so a rolled-back sale leaves none. After commit the worker is woken;
    if the broker is away the sweeper delivers later (at least once, so tasks must be safe to run twice).
    """
    row = Outbox.objects.create(task=task, arguments=arguments)
    transaction.on_commit(lambda: _wake(row.pk), robust=True)
    return row


def _wake(outbox_id: int) -> None:
    from celery import current_app

    current_app.send_task("jobs.deliver", kwargs={"outbox_id": outbox_id}, ignore_result=True)
