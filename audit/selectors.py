"""Reads of the audit trail."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from audit.models import Record
from core import days
from stores.models import Staff

NEWEST_FIRST = ("-occurred_at", "-pk")


@dataclass(frozen=True)
class RecordFilter:
    """What to look for; empty means everything."""

    action: str = ""
    actor_id: int | None = None
    store_id: int | None = None
    subject: str = ""
    first_day: date | None = None
    last_day: date | None = None


def list_records(staff: Staff, criteria: RecordFilter) -> QuerySet[Record]:
    """Records that fit. Who does not see the whole chain gets their own stores' records and their own acts (R-S2)."""
    rows = Record.objects.select_related("actor", "approver", "store").order_by(*NEWEST_FIRST)
    if not staff.sees_all_stores:
        rows = rows.filter(Q(store__in=staff.stores.all()) | Q(actor=staff))
    if criteria.action:
        rows = rows.filter(action=criteria.action)
    if criteria.actor_id:
        rows = rows.filter(Q(actor=criteria.actor_id) | Q(approver=criteria.actor_id))
    if criteria.store_id:
        rows = rows.filter(store=criteria.store_id)
    if criteria.subject:
        rows = rows.filter(subject=criteria.subject)
    if criteria.first_day:
        rows = rows.filter(occurred_at__gte=days.start_of(criteria.first_day))
    if criteria.last_day:
        rows = rows.filter(occurred_at__lt=days.end_of(criteria.last_day))
    return rows
