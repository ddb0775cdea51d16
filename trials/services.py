"""Asking for a trial."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from jobs.services import enqueue_on_commit
from stores.models import Staff
from trials import registry
from trials.models import Trial


@transaction.atomic
def ask(
    *,
    kind: str,
    subject: str,
    title: str,
    days: int,
    actor: Staff | None,
    at: datetime,
    parameters: Mapping[str, Any] | None = None,
) -> Trial:
    """Queue a run of a draft as it is now over the last ``days``; it goes on in the background."""
    trial = Trial.objects.create(
        kind=kind,
        subject=subject,
        title=title,
        digest=registry.get_kind(kind).digest(subject),
        days=days,
        parameters=dict(parameters or {}),
        actor=actor,
        asked_at=at,
    )
    enqueue_on_commit("trials.run", trial_id=trial.pk)
    return trial


def run(*, trial_id: int, at: datetime) -> None:
    """Run a queued trial to its end, writing its progress as it goes; one that has begun is left alone.

    What goes wrong is kept on the trial and raised again, so that the jobs page shows it too.
    """
    mine = Trial.objects.filter(pk=trial_id, status=Trial.Status.QUEUED)
    if not mine.update(status=Trial.Status.RUNNING, started_at=at):
        return
    trial = Trial.objects.get(pk=trial_id)
    try:
        for progress in registry.get_runner(trial.kind)(trial):
            trial.progress = progress.percent
            trial.result = progress.result if progress.result is not None else trial.result
            trial.save(update_fields=["progress", "result"])
    except Exception as error:
        Trial.objects.filter(pk=trial_id).update(status=Trial.Status.FAILED, error=str(error), ended_at=at)
        raise
    Trial.objects.filter(pk=trial_id).update(status=Trial.Status.DONE, progress=100, ended_at=at)
