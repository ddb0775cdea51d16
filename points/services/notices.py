"""Members are told in time that points end: which, how many and when, each lot once per stage (R-P16)."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from core import days, settings
from jobs.registry import Counts
from members.services import NewReminder, add_reminders

CHUNK = 2_000
REMINDER = "points_expiry"


def stages_of(text: str) -> list[int]:
    """``"30, 7, 1"`` as numbers, shortest first; nothing for an empty text. ValueError for what is no list of days."""
    stages = sorted({int(part) for part in text.replace("、", ",").replace("，", ",").split(",") if part.strip()})
    if any(not 0 <= stage <= 365 for stage in stages):
        raise ValueError("a stage is a number of days from 0 to 365")
    return stages


def remind_expiry(day: date, at: datetime) -> Iterator[Counts]:
    """Put every member on their store's list who has a lot that entered a stage (30, 7 or 1 days by the setting).

    A reminder names all points that end within the longest stage, by day, not only the first (R-P16), and there is at
    most one per member and day. A lot is noticed once in each stage, also where the job ran late: then the stage that
    it has reached counts and the ones that were missed are left out. Safe to run again.
    """
    stages = stages_of(settings.value("points.reminder_days", at))
    if not stages:
        return
    occurrence = int(day.strftime("%Y%m%d"))
    parameters: dict[str, Any] = {
        "stages": stages,
        "untils": [days.end_of(date.fromordinal(day.toordinal() + stage)) for stage in stages],
        "horizon": days.end_of(date.fromordinal(day.toordinal() + stages[-1])),
        "start": days.start_of(day),
        "at": at,
        "kind": REMINDER,
        "occurrence": occurrence,
        "zone": str(days.zone()),
        "chunk": CHUNK,
    }
    after, members, lots = 0, 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DUE, {**parameters, "after": after})
            rows = cursor.fetchall()
            if not rows:
                return
            cursor.execute(
                "INSERT INTO points_expirynotice (lot_id, stage, noticed_at)"
                " SELECT lot, stage, %s FROM unnest(%s::bigint[], %s::int[]) AS n (lot, stage)"
                " ON CONFLICT (lot_id, stage) DO NOTHING",
                [
                    at,
                    [lot for _member, _ends, lot_ids, _stages in rows for lot in lot_ids],
                    [stage for _member, _ends, _lots, lot_stages in rows for stage in lot_stages],
                ],
            )
            lots = cursor.rowcount
            members = add_reminders(
                [
                    NewReminder(member_id, REMINDER, occurrence, day, {"ends": json.loads(ends)})
                    for member_id, ends, _lots, _stages in rows
                ]
            )
        after = rows[-1][0]
        yield {"changed": members, "members": members, "lots": lots}


# One row per member: what ends when within the horizon, and the lots whose present stage was not noticed yet.
_DUE = """
WITH due AS (
  SELECT l.account_id, l.id, l.remaining, l.expires_at,
         (SELECT MIN(s.stage) FROM unnest(%(stages)s::int[], %(untils)s::timestamptz[]) AS s (stage, until)
           WHERE l.expires_at <= s.until) AS stage
    FROM points_lot l
    JOIN members_member m ON m.id = l.account_id AND m.status IN ('active', 'frozen')
   WHERE l.remaining > 0 AND l.expires_at > GREATEST(%(start)s::timestamptz, %(at)s::timestamptz)
     AND l.expires_at <= %(horizon)s AND l.account_id > %(after)s
), fresh AS (
  SELECT d.account_id, ARRAY_AGG(d.id ORDER BY d.id) AS lots, ARRAY_AGG(d.stage ORDER BY d.id) AS stages
    FROM due d
   WHERE NOT EXISTS (SELECT 1 FROM points_expirynotice n WHERE n.lot_id = d.id AND n.stage = d.stage)
     AND NOT EXISTS (SELECT 1 FROM members_reminder r WHERE r.member_id = d.account_id AND r.kind = %(kind)s
                        AND r.occurrence = %(occurrence)s)
   GROUP BY d.account_id ORDER BY d.account_id LIMIT %(chunk)s
)
SELECT f.account_id, ends.by_day, f.lots, f.stages
  FROM fresh f
  CROSS JOIN LATERAL (
    SELECT JSONB_AGG(JSONB_BUILD_OBJECT('day', last_day, 'points', points) ORDER BY last_day) AS by_day
      FROM (
        SELECT ((d.expires_at - interval '1 microsecond') AT TIME ZONE %(zone)s)::date AS last_day,
               SUM(d.remaining)::bigint AS points
          FROM due d WHERE d.account_id = f.account_id GROUP BY 1
      ) days
  ) ends
 ORDER BY f.account_id
"""
