"""Reads of trials."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from stores.models import Staff
from trials import registry
from trials.models import Trial


def list_trials(*, subject: str) -> QuerySet[Trial]:
    """The trials of a draft, newest first."""
    return Trial.objects.filter(subject=subject).select_related("actor").order_by("-pk")


def list_visible(staff: Staff, criteria: Mapping[str, Any]) -> QuerySet[Trial]:
    """Trials of the drafts that this person may try, newest first; ``criteria`` may hold ``kind`` and ``status``."""
    kinds = [kind.name for kind in registry.all_kinds().values() if staff.has_perm(kind.permission)]
    rows = Trial.objects.filter(kind__in=kinds, **criteria)
    return rows.select_related("actor").defer("result").order_by("-pk")


def get_visible(staff: Staff, pk: int) -> Trial:
    """One trial that this person may see; Trial.DoesNotExist."""
    return list_visible(staff, {}).defer(None).get(pk=pk)


def find_valid(*, kind: str, subject: str) -> Trial | None:
    """The newest finished trial of exactly what the draft says now, or None: it was never tried since it changed."""
    digest = registry.get_kind(kind).digest(subject)
    done = Trial.objects.filter(kind=kind, subject=subject, digest=digest, status=Trial.Status.DONE)
    return done.order_by("-pk").first()


def is_outdated(trial: Trial) -> bool:
    """Whether the draft has changed since, or is gone."""
    try:
        return registry.get_kind(trial.kind).digest(trial.subject) != trial.digest
    except LookupError:
        return True


def draft_url(trial: Trial) -> str | None:
    """Where the draft is; None where its kind is not known."""
    try:
        return reverse(registry.get_kind(trial.kind).url, args=[trial.subject.partition(":")[2]])
    except (LookupError, NoReverseMatch):
        return None


def kind_label(trial: Trial) -> str:
    """What people call this kind of draft."""
    kind = registry.all_kinds().get(trial.kind)
    return trial.kind if kind is None else str(kind.label)
