"""Throwing away what nobody will ask for again: delivered tasks, ended sessions, old results of proofs."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from audit.services import forget_commands
from jobs.models import Outbox, ProofResult
from jobs.registry import Counts

CHUNK = 5_000


def tidy(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job ``jobs.tidy``: see its description on the jobs page."""
    for name, rows in (
        ("tasks", Outbox.objects.filter(done_at__lt=at - timedelta(days=30))),
        ("proofs", ProofResult.objects.filter(checked_at__lt=at - timedelta(days=400))),
        ("sessions", Session.objects.filter(expire_date__lt=at)),
    ):
        yield from _delete(name, rows)
    while deleted := forget_commands(before=at - timedelta(days=90), limit=CHUNK):
        yield {"changed": deleted, "commands": deleted}


def _delete(name: str, rows: QuerySet[Any]) -> Iterator[Counts]:
    while keys := list(rows.values_list("pk", flat=True)[:CHUNK]):
        deleted, _per_model = rows.filter(pk__in=keys).delete()
        yield {"changed": deleted, name: deleted}
    yield {"changed": 0, name: 0}
