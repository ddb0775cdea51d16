"""Which jobs exist. Upper apps register theirs in ``ready()``; the runner, the schedule and the page read this."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Counts = dict[str, int]


@dataclass(frozen=True)
class Job:
    """A nightly job for one shop day.

    ``run(day, at)`` yields counts after every chunk it has committed (``changed`` = rows written, plus others), so the
    runner can record progress and a kill loses at most one chunk. It must be set-based, idempotent for a day and
    resumable: running it again does only what is left. ``starts_at`` is the shop's local time.
    """

    name: str
    label: Any
    description: Any
    run: Callable[[date, datetime], Iterator[Counts]]
    starts_at: time


@dataclass(frozen=True)
class Difference:
    """One disagreement between a cached figure and its entries."""

    subject: str
    expected: str
    found: str


@dataclass(frozen=True)
class Proof:
    """A check of a ledger from its entries alone: how many things were checked and what differs (at most 1,000)."""

    name: str
    label: Any
    check: Callable[[], tuple[int, list[Difference]]]


COUNT_LABELS: dict[str, Any] = {
    "changed": _("rows written"),
    "checked": _("things checked"),
    "differences": _("differences"),
    "proofs": _("proofs"),
    "tasks": _("tasks"),
    "sessions": _("sessions"),
    "commands": _("keys of forms"),
    "members": _("members"),
    "lots": _("lots"),
    "points": _("points"),
    "entered": pgettext_lazy("job", "tags given"),
    "left": pgettext_lazy("job", "tags taken"),
    "upgraded": pgettext_lazy("job", "upgraded"),
    "kept": pgettext_lazy("job", "kept"),
    "downgraded": pgettext_lazy("job", "downgraded"),
    "expired": pgettext_lazy("job", "ended"),
    "given": pgettext_lazy("job", "gifts given"),
    "cancelled": pgettext_lazy("job", "gifts cancelled"),
}
"""What the counts of jobs are called on the pages; one that is not here is shown by its name."""

_jobs: dict[str, Job] = {}
_proofs: dict[str, Proof] = {}


def register_job(job: Job) -> None:
    """Offer a job under its stable name."""
    _jobs[job.name] = job


def register_proof(proof: Proof) -> None:
    """Offer a proof for ``manage.py reconcile``."""
    _proofs[proof.name] = proof


def all_jobs() -> dict[str, Job]:
    """Jobs by name, in order of their starting time."""
    return {job.name: job for job in sorted(_jobs.values(), key=lambda job: (job.starts_at, job.name))}


def all_proofs() -> dict[str, Proof]:
    """Proofs by name, in order of registration."""
    return dict(_proofs)
