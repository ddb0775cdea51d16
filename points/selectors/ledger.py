"""The ledger of the whole chain, and a member's open lots as people read them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet, Sum

from core import days
from members.models import Member
from members.selectors import search_condition
from points.models import Entry, Lot
from stores.models import Staff


@dataclass(frozen=True)
class LedgerFilter:
    """What the ledger is narrowed to; empty fields narrow nothing. Days are shop days, both included."""

    member: str = ""
    kind: str = ""
    store_id: int | None = None
    actor_id: int | None = None
    is_limited: bool = False
    since: date | None = None
    until: date | None = None


def list_ledger(criteria: LedgerFilter, *, staff: Staff) -> QuerySet[Entry]:
    """Entries of all members that fit, with member, store and staff, unordered.

    Who does not see every store reads the entries of their own stores only (R-S2); what happened in no store, such as
    expiry, is then left out.
    """
    entries = Entry.objects.select_related("account__member", "store", "actor")
    if not staff.sees_all_stores:
        entries = entries.filter(store__in=staff.stores.all())
    if criteria.member:
        entries = entries.filter(account_id__in=Member.objects.filter(search_condition(criteria.member)).values("pk"))
    if criteria.is_limited:
        entries = entries.exclude(limited_by="")
    equal = {"kind": criteria.kind, "store_id": criteria.store_id, "actor_id": criteria.actor_id}
    entries = entries.filter(**{name: value for name, value in equal.items() if value})
    if criteria.since is not None:
        start = days.start_of(criteria.since)
        # Nothing is recorded long before it happens, and recorded_at has an index that skips the years before.
        entries = entries.filter(occurred_at__gte=start, recorded_at__gte=start - timedelta(days=1))
    return entries if criteria.until is None else entries.filter(occurred_at__lt=days.end_of(criteria.until))


@dataclass(frozen=True)
class OpenPoints:
    """Points of a member that end together; ``free_on`` is the day from which pending ones can be used."""

    last_day: date | None
    free_on: date | None
    points: int


def list_open_points(*, member_id: int, at: datetime) -> list[OpenPoints]:
    """What the member has left by end, soonest first, pending ones apart; one statement.

    What has expired but is not posted yet is left out.
    """
    lots = Lot.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at), account_id=member_id, remaining__gt=0)
    sums: dict[tuple[date | None, date | None], int] = {}
    for expires_at, available_from, points in (
        lots.values_list("expires_at", "available_from")
        .annotate(points=Sum("remaining"))
        .order_by(F("expires_at").asc(nulls_last=True), "available_from")
    ):
        last_day = None if expires_at is None else days.last_day(expires_at)
        free_on = days.local_day(available_from) if available_from > at else None
        sums[last_day, free_on] = sums.get((last_day, free_on), 0) + points
    return [OpenPoints(last_day, free_on, points) for (last_day, free_on), points in sums.items()]
