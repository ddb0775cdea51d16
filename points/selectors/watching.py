"""The list of odd accounts."""

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from points.models import Watch

WAITING, REVIEWED = "waiting", "reviewed"


@dataclass(frozen=True)
class WatchFilter:
    """What the list is narrowed to; empty fields narrow nothing. Days are shop days, both included."""

    state: str = ""
    kind: str = ""
    outcome: str = ""
    since: date | None = None
    until: date | None = None


def list_watches(criteria: WatchFilter) -> QuerySet[Watch]:
    """Odd accounts with member and reviewer, unordered."""
    watches = Watch.objects.select_related("member", "reviewed_by")
    if criteria.state:
        watches = watches.filter(reviewed_at__isnull=criteria.state == WAITING)
    if criteria.kind:
        watches = watches.filter(kind=criteria.kind)
    if criteria.outcome:
        watches = watches.filter(outcome=criteria.outcome)
    if criteria.since:
        watches = watches.filter(day__gte=criteria.since)
    return watches.filter(day__lte=criteria.until) if criteria.until else watches


def get_watch(watch_id: int) -> Watch:
    """One odd account; Watch.DoesNotExist."""
    return Watch.objects.select_related("member", "reviewed_by").get(pk=watch_id)


def count_waiting_watches() -> int:
    """How many nobody has looked at, from the partial index."""
    return Watch.objects.filter(reviewed_at__isnull=True).count()
