"""Reads of trials."""

from django.db.models import QuerySet

from trials import registry
from trials.models import Trial


def list_trials(*, subject: str) -> QuerySet[Trial]:
    """The trials of a draft, newest first."""
    return Trial.objects.filter(subject=subject).select_related("actor").order_by("-pk")


def find_valid(*, kind: str, subject: str) -> Trial | None:
    """The newest finished trial of exactly what the draft says now, or None: it was never tried since it changed."""
    digest = registry.get_kind(kind).digest(subject)
    return (
        Trial.objects.filter(kind=kind, subject=subject, digest=digest, status=Trial.Status.DONE)
        .order_by("-pk")
        .first()
    )
