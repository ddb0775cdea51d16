"""Asking for a trial, running it and calling it off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from jobs.elapsed import Elapsed
from jobs.locks import session_lock
from jobs.services import enqueue_on_commit
from stores.models import Staff
from trials import registry
from trials.models import Trial

LONGEST = 1100
OPEN = (Trial.Status.QUEUED, Trial.Status.RUNNING)


class InvalidTrial(DomainError):
    """Not so many days, or a trial of this draft is under way."""


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
    """Queue a run of a draft, as it is now, over the last ``days``; it goes on in the background.

    InvalidTrial for fewer than 1 or more than 1100 days, or while one of exactly the same draft has not ended.
    """
    if not 1 <= days <= LONGEST:
        raise InvalidTrial(_("Between 1 and %(most)s days.") % {"most": LONGEST})
    digest = registry.get_kind(kind).digest(subject)
    if Trial.objects.filter(kind=kind, subject=subject, digest=digest, days=days, status__in=OPEN).exists():
        raise InvalidTrial(_("This draft is being tried already."))
    trial = Trial.objects.create(
        kind=kind,
        subject=subject,
        title=title[:120],
        digest=digest,
        days=days,
        parameters=dict(parameters or {}),
        actor=actor,
        asked_at=at,
    )
    audit.record("trial.asked", actor=actor, subject=subject, at=at, trial=trial.pk, days=days)
    enqueue_on_commit("trials.run", trial_id=trial.pk)
    return trial


@transaction.atomic
def cancel(*, trial_id: int, actor: Staff | None, at: datetime) -> Trial:
    """Call a trial off; one that has ended stays as it is. A running one stops at its next step."""
    mine = Trial.objects.filter(pk=trial_id, status__in=OPEN)
    if mine.update(status=Trial.Status.CANCELLED, ended_at=at):
        audit.record("trial.cancelled", actor=actor, subject=f"trial:{trial_id}", at=at)
    return Trial.objects.get(pk=trial_id)


def run(*, trial_id: int, at: datetime) -> None:
    """Run an asked-for trial to its end, keeping how far it is; called again after a kill it begins anew.

    A trial that ended, was called off or is being run by another process is left alone. What goes wrong is kept on the
    trial and raised again, so that the queue of tasks shows it too.
    """
    with session_lock(f"trial:{trial_id}") as is_mine:
        open_one = Trial.objects.filter(pk=trial_id, status__in=OPEN)
        if is_mine and open_one.update(status=Trial.Status.RUNNING, started_at=at, progress=0):
            _run(Trial.objects.get(pk=trial_id), Elapsed(at))


def _run(trial: Trial, clock: Elapsed) -> None:
    running = Trial.objects.filter(pk=trial.pk, status=Trial.Status.RUNNING)
    result: dict[str, Any] = {}
    try:
        for progress in registry.get_runner(trial.kind).run(trial):
            result = progress.result if progress.result is not None else result
            if not running.update(progress=min(progress.percent, 99)):
                return
    except Exception as error:
        running.update(status=Trial.Status.FAILED, error=str(error)[:2000], ended_at=clock.now())
        raise
    running.update(status=Trial.Status.DONE, progress=100, result=result, ended_at=clock.now())
