"""Reads of the outbox, of runs and of proofs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from core import days
from jobs import registry
from jobs.models import Outbox, ProofResult, Run

CATCH_UP_DAYS = 7


def list_waiting(at: datetime) -> QuerySet[Outbox]:
    """Tasks that may be delivered now."""
    return Outbox.objects.filter(done_at__isnull=True, failed_at__isnull=True).exclude(not_before__gt=at)


@dataclass(frozen=True)
class OutboxState:
    """How the outbox stands."""

    waiting: int
    put_off: int
    failed: int
    oldest_at: datetime | None


def get_outbox_state(at: datetime) -> OutboxState:
    """Counts of what is not done, in one statement over the partial index."""
    numbers = Outbox.objects.filter(done_at__isnull=True).aggregate(
        waiting=Count("id", filter=Q(failed_at__isnull=True)),
        put_off=Count("id", filter=Q(failed_at__isnull=True, attempts__gt=0)),
        failed=Count("id", filter=Q(failed_at__isnull=False)),
        oldest_at=Min("created_at", filter=Q(failed_at__isnull=True)),
    )
    return OutboxState(**numbers)


def list_oldest_waiting(limit: int = 50) -> list[Outbox]:
    """What waits longest, put off or not."""
    return list(Outbox.objects.filter(done_at__isnull=True, failed_at__isnull=True).order_by("id")[:limit])


def list_failed_tasks(limit: int = 50) -> list[Outbox]:
    """The newest tasks that were given up."""
    rows = Outbox.objects.filter(failed_at__isnull=False, done_at__isnull=True).order_by("-failed_at", "-id")
    return list(rows[:limit])


def list_runs(*, job: str = "", status: str = "") -> QuerySet[Run]:
    """Runs, newest first."""
    rows = Run.objects.select_related("actor").order_by("-id")
    if job:
        rows = rows.filter(job=job)
    if status:
        rows = rows.filter(status=status)
    return rows


@dataclass(frozen=True)
class JobState:
    """A job with its newest run and when it comes next."""

    job: registry.Job
    last: Run | None
    next_at: datetime
    is_waiting: bool

    @property
    def is_running(self) -> bool:
        """Whether the newest run has not ended."""
        return self.last is not None and self.last.status == Run.Status.RUNNING


def list_job_states(at: datetime) -> list[JobState]:
    """Every job, two statements."""
    asked = list_waiting(at).filter(task="jobs.run").values_list("arguments__name", flat=True)
    waiting = set(asked)
    newest = {
        run.job: run
        for run in Run.objects.exclude(status=Run.Status.LEFT)
        .select_related("actor")
        .order_by("job", "-started_at", "-id")
        .distinct("job")
    }
    return [
        JobState(job, newest.get(job.name), next_start(job, at), job.name in waiting)
        for job in registry.all_jobs().values()
    ]


def next_start(job: registry.Job, at: datetime) -> datetime:
    """The next instant at which the job's local time comes round."""
    local = at.astimezone(days.zone())
    today = datetime.combine(local.date(), job.starts_at, tzinfo=days.zone())
    if today > local:
        return today
    return datetime.combine(local.date() + timedelta(days=1), job.starts_at, tzinfo=days.zone())


def list_due(at: datetime) -> list[tuple[registry.Job, date]]:
    """Jobs and the shop days they still owe, in the order in which they should run.

    A job that never succeeded owes today only; others owe what they missed since, at most seven days. A job whose last
    runs for a day failed waits 2, 4, 8 ... 60 minutes, and its later days wait with it.
    """
    local = at.astimezone(days.zone())
    today = local.date()
    succeeded: dict[str, date] = dict(
        Run.objects.filter(status=Run.Status.SUCCEEDED, day__lte=today).values_list("job").annotate(newest=Max("day"))
    )
    failures = {
        (row["job"], row["day"]): row
        for row in Run.objects.filter(status=Run.Status.FAILED, day__gte=today - timedelta(days=CATCH_UP_DAYS))
        .values("job", "day")
        .annotate(times=Count("id"), latest=Max("ended_at"))
    }
    due: list[tuple[registry.Job, date]] = []
    for job in registry.all_jobs().values():
        last = succeeded.get(job.name)
        day = today if last is None else max(last + timedelta(days=1), today - timedelta(days=CATCH_UP_DAYS - 1))
        while day < today or (day == today and local.time() >= job.starts_at):
            if _must_wait(failures.get((job.name, day)), at):
                break
            due.append((job, day))
            day += timedelta(days=1)
    return sorted(due, key=lambda pair: (pair[1], pair[0].starts_at, pair[0].name))


def _must_wait(failure: Mapping[str, Any] | None, at: datetime) -> bool:
    if failure is None or failure["latest"] is None:
        return False
    return bool(at < failure["latest"] + timedelta(minutes=min(60, 2 ** failure["times"])))


def list_latest_proofs() -> list[ProofResult]:
    """The newest result of every proof that is still registered, in order of registration."""
    newest = {
        result.proof: result for result in ProofResult.objects.order_by("proof", "-checked_at", "-id").distinct("proof")
    }
    return [newest[name] for name in registry.all_proofs() if name in newest]


def list_proof_states() -> list[tuple[registry.Proof, ProofResult | None]]:
    """Every proof with its newest result, None where it never ran."""
    newest = {result.proof: result for result in list_latest_proofs()}
    return [(proof, newest.get(proof.name)) for proof in registry.all_proofs().values()]


def count_differences() -> int:
    """Differences in the newest results; 0 is what everybody wants to see."""
    return sum(result.difference_count for result in list_latest_proofs())
