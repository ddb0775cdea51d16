"""Running jobs: one at a time, resumable, with a row that says what happened."""

import logging
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from core.logging import describe_exception
from jobs import registry
from jobs.elapsed import Elapsed
from jobs.locks import drop_broken_connection, session_lock
from jobs.models import Outbox, Run
from jobs.selectors import list_due
from jobs.services.outbox import enqueue_on_commit
from stores.models import Staff

logger = logging.getLogger(__name__)


class UnknownJob(DomainError):
    """Nobody registered a job of this name."""


def _get_job(name: str) -> registry.Job:
    job = registry.all_jobs().get(name)
    if job is None:
        raise UnknownJob(_("There is no job named %(name)s.") % {"name": name})
    return job


def run_job(*, name: str, day: date, actor: Staff | None, at: datetime) -> Run:
    """Run a job for a shop day in this process and return its row, whose status tells the outcome.

    A second copy of the same job leaves at once with status ``left``. An error ends the run as ``failed`` and keeps
    its text; what the job had committed stays and the next run does the rest.
    """
    job = _get_job(name)
    with session_lock(f"job:{name}") as mine:
        if not mine:
            return Run.objects.create(
                job=name, day=day, status=Run.Status.LEFT, started_at=at, ended_at=at, actor=actor
            )
        return _run(job, day, actor, at)


def _run(job: registry.Job, day: date, actor: Staff | None, at: datetime) -> Run:
    """Needs the job's lock: with it, a row that still says running belongs to a process that is gone."""
    elapsed = Elapsed(at)
    Run.objects.filter(job=job.name, status=Run.Status.RUNNING).update(
        status=Run.Status.FAILED, ended_at=at, error=_("The process ended in the middle.")
    )
    run = Run.objects.create(job=job.name, day=day, started_at=at, actor=actor)
    try:
        for counts in job.run(day, at):
            for name, count in counts.items():
                run.counts[name] = run.counts.get(name, 0) + count
            run.save(update_fields=["counts"])
        run.status = Run.Status.SUCCEEDED
    except Exception as error:
        logger.exception("Job %s for %s failed.", job.name, day)
        drop_broken_connection()
        run.status = Run.Status.FAILED
        run.error = describe_exception(error)
    run.ended_at = elapsed.now()
    run.save(update_fields=["status", "error", "ended_at", "counts"])
    return run


def run_due(*, at: datetime) -> list[Run]:
    """Run every job whose time has come, one after the other; called each minute.

    Days that were missed while nothing was running are caught up (at most seven). A job that fails is tried again
    after 2, 4, 8 ... 60 minutes. Calls while another process is at it do nothing.
    """
    elapsed = Elapsed(at)
    runs: list[Run] = []
    with session_lock("jobs.run_due") as mine:
        for job, day in list_due(at) if mine else ():
            if any(run.job == job.name and run.status == Run.Status.FAILED for run in runs):
                continue
            with session_lock(f"job:{job.name}") as free:
                if free:
                    runs.append(_run(job, day, None, elapsed.now()))
    return runs


@transaction.atomic
def ask_for_run(*, name: str, day: date, actor: Staff, at: datetime) -> Outbox:
    """Have a worker run a job now, in the name of the person who asked."""
    job = _get_job(name)
    audit.record("job.started", actor=actor, subject=f"job:{job.name}", at=at, day=day.isoformat())
    return enqueue_on_commit("jobs.run", name=job.name, day=day.isoformat(), actor_id=actor.pk)
