"""Members are told in time that coupons end: set-based, and at most once per member and day."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core import days, settings
from jobs.registry import Counts
from members.services import NewReminder, add_reminders

CHUNK = 2_000
REMINDER = "coupon_expiry"
REMINDER_DAYS = "coupons.reminder_days"


def remind_expiry(day: date, at: datetime) -> Iterator[Counts]:
    """Put every member on their store's list who has an unused coupon that ends within so many days (a setting).

    A reminder names all of them by day; its occurrence is the latest of these days, and only a coupon that ends later
    than that is a reason for the next one. So a coupon is told of once, a member at most once a day, and running the
    job late or again does no harm. 0 days: no reminders.
    """
    ahead = int(settings.value(REMINDER_DAYS, at))
    if not ahead:
        return
    parameters: dict[str, Any] = {
        "from": max(days.start_of(day), at),
        "until": days.end_of(day + timedelta(days=ahead)),
        "day": day,
        "kind": REMINDER,
        "zone": str(days.zone()),
        "chunk": CHUNK,
    }
    after = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DUE, {**parameters, "after": after})
            rows = cursor.fetchall()
            if not rows:
                return
            made = add_reminders(
                [
                    NewReminder(member_id, REMINDER, int(latest.strftime("%Y%m%d")), day, {"ends": json.loads(ends)})
                    for member_id, latest, ends in rows
                ]
            )
        after = rows[-1][0]
        yield {"changed": made, "members": made}


# One row per member: what ends when, and the last of these days; nobody is told of what is stopped (R-K5). The numbers
# of days compare as the days do.
_DUE = """
WITH ending AS (
  SELECT c.member_id, ((c.valid_until - interval '1 microsecond') AT TIME ZONE %(zone)s)::date AS last_day,
         v.terms ->> 'name' AS name, count(*) AS count
    FROM coupons_coupon c
    JOIN members_member m ON m.id = c.member_id AND m.status IN ('active', 'frozen')
    JOIN coupons_templateversion v ON v.id = c.terms_version_id
    JOIN coupons_template t ON t.id = c.template_id AND (t.status = 'active' OR t.is_usable_while_stopped)
    LEFT JOIN coupons_batch b ON b.id = c.batch_id
   WHERE (b.id IS NULL OR NOT (b.status = 'voided' OR b.status = 'paused' AND b.stops_use))
     AND c.status = 'issued' AND c.valid_until > %(from)s AND c.valid_until <= %(until)s AND c.member_id > %(after)s
   GROUP BY 1, 2, 3
), member AS (
  SELECT member_id, MAX(last_day) AS latest,
         JSONB_AGG(JSONB_BUILD_OBJECT('day', last_day, 'name', name, 'count', count) ORDER BY last_day, name) AS ends
    FROM ending GROUP BY member_id
)
SELECT member_id, latest, ends
  FROM member
 WHERE NOT EXISTS (
   SELECT 1 FROM members_reminder r
    WHERE r.member_id = member.member_id AND r.kind = %(kind)s
      AND (r.due_on = %(day)s OR r.occurrence >= to_char(member.latest, 'YYYYMMDD')::int))
 ORDER BY member_id LIMIT %(chunk)s
"""
