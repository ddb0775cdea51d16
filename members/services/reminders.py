"""Reminders: made every night, once per occasion, and ticked off by staff."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core import settings
from jobs.registry import Counts
from members import registry, rules
from members.models import Reminder
from stores.models import Staff


@dataclass(frozen=True)
class NewReminder:
    """A reminder to be made; ``details`` are JSON values for the ``describe`` of its kind."""

    member_id: int
    kind: str
    occurrence: int
    due_on: date
    details: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def add_reminders(rows: Sequence[NewReminder]) -> int:
    """Put reminders on the list of each member's store of registration, in one statement; returns how many are new.

    A member, kind and occurrence that exist already, done or not, are left alone, so a job may run again. Closed and
    merged members get none. LookupError for a kind that nobody registered.
    """
    unknown = {row.kind for row in rows} - registry.reminder_kinds().keys()
    if unknown:
        raise LookupError(f"unknown kinds of reminders: {', '.join(sorted(unknown))}")
    if not rows:
        return 0
    columns: list[Any] = [
        [row.member_id for row in rows],
        [row.kind for row in rows],
        [row.occurrence for row in rows],
        [row.due_on for row in rows],
        [json.dumps(dict(row.details)) for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, columns)
        return int(cursor.rowcount)


_ADD = """
INSERT INTO members_reminder (member_id, store_id, kind, occurrence, due_on, details)
SELECT member.id, member.store_id, added.kind, added.occurrence, added.due_on, added.details::jsonb
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::date[], %s::text[])
     AS added (member_id, kind, occurrence, due_on, details)
JOIN members_member AS member ON member.id = added.member_id
WHERE member.status IN ('active', 'frozen')
ON CONFLICT (member_id, kind, occurrence) DO NOTHING
"""


def remind_birthdays(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: reminders of the birthdays from ``day`` to so many days ahead (a setting), one statement.

    Each is made once per member and solar or lunar year however often and late the job runs, and a member who
    registers shortly before the birthday is reminded of too.
    """
    ahead = settings.value("members.birthday_reminder_days", at)
    in_leap_month = settings.value("members.leap_month_birthdays", at) == "leap"
    found = [
        (due_on, celebration)
        for due_on in (day + timedelta(days=offset) for offset in range(ahead + 1))
        for celebration in rules.celebrations(due_on, in_leap_month=in_leap_month)
    ]
    columns: list[Any] = [
        [celebration.calendar for _due_on, celebration in found],
        [celebration.month for _due_on, celebration in found],
        [celebration.day for _due_on, celebration in found],
        [celebration.is_leap for _due_on, celebration in found],
        [celebration.occurrence for _due_on, celebration in found],
        [due_on for due_on, _celebration in found],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REMIND, columns)
        changed = cursor.rowcount
    yield {"changed": changed}


_REMIND = """
INSERT INTO members_reminder (member_id, store_id, kind, occurrence, due_on, details)
SELECT member.id, member.store_id, day.calendar || '_birthday', day.occurrence, day.due_on,
       jsonb_build_object('year', member.birth_year, 'month', member.birth_month, 'day', member.birth_day,
                          'is_leap', member.birth_month_is_leap)
FROM unnest(%s::text[], %s::int[], %s::int[], %s::boolean[], %s::int[], %s::date[])
     AS day (calendar, month, day, is_leap, occurrence, due_on)
JOIN members_member AS member
  ON member.birth_calendar = day.calendar AND member.birth_month = day.month AND member.birth_day = day.day
WHERE member.status = 'active' AND (day.is_leap IS NULL OR day.is_leap = member.birth_month_is_leap)
ON CONFLICT (member_id, kind, occurrence) DO NOTHING
"""


@transaction.atomic
def complete_reminder(*, reminder_id: int, actor: Staff, at: datetime) -> None:
    """Tick a reminder off; a second tick keeps the first one's person and time."""
    Reminder.objects.filter(pk=reminder_id, done_at=None).update(done_at=at, done_by=actor)
