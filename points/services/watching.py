"""Odd accounts are found at night and looked at by people (P15). Finding one changes nothing for the member."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit, days, settings
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from jobs.registry import Counts
from points.models import Watch
from stores.models import Staff

RETURN_DAYS = 30


class AlreadyReviewed(StateChanged):
    """Somebody else was quicker."""


class NoteMissing(DomainError):
    """What is called suspicious needs a note."""


def watch_accounts(day: date, at: datetime) -> Iterator[Counts]:
    """Look at the whole shop day before ``day``, at five patterns, each one statement over all members.

    The thresholds are settings; 0 switches a pattern off. A member is found once per pattern and day, so running it
    again adds nothing, and what a person has judged stays judged.
    """
    values = settings.values(at)
    looked_at = day - timedelta(days=1)
    common = {
        "day": looked_at,
        "start": days.start_of(looked_at),
        "end": days.end_of(looked_at),
        "month": days.start_of(looked_at - timedelta(days=RETURN_DAYS - 1)),
        "at": at,
    }
    for kind, statement in _PATTERNS.items():
        limit = values[f"points.watch_{kind}"]
        if limit <= 0:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, {**common, "limit": limit, "kind": kind})
            found = cursor.rowcount
        yield {"changed": found, "found": found}


@joining_atomic
def review_watch(*, watch_id: int, outcome: str, note: str, actor: Staff, at: datetime) -> Watch:
    """Say what came of looking at an account. AlreadyReviewed, or NoteMissing for a suspicion without words."""
    watch = Watch.objects.select_for_update(no_key=True).get(pk=watch_id)
    if watch.reviewed_at is not None:
        raise AlreadyReviewed(_("Somebody has reviewed this account already."))
    note = note.strip()[:200]
    if outcome == Watch.Outcome.SUSPICIOUS and not note:
        raise NoteMissing(_("Say in a note what is suspicious."))
    watch.outcome, watch.note = Watch.Outcome(outcome), note
    watch.reviewed_by, watch.reviewed_at = actor, at
    watch.save(update_fields=["outcome", "note", "reviewed_by", "reviewed_at"])
    audit.record(
        "points_watch.reviewed",
        actor=actor,
        subject=f"member:{watch.member_id}",
        at=at,
        reason=note,
        watch=watch.pk,
        kind=watch.kind,
        outcome=watch.outcome,
    )
    return watch


_INSERT = """
INSERT INTO points_watch (member_id, kind, day, evidence, found_at, outcome, note)
SELECT odd.account_id, %(kind)s, %(day)s, odd.evidence || JSONB_BUILD_OBJECT('limit', %(limit)s::bigint), %(at)s, '', ''
  FROM odd
ON CONFLICT (member_id, kind, day) DO NOTHING
"""

# Nothing is recorded long before it happens: the condition on recorded_at lets a scan skip the years before the day.
_OF_DAY = """
   WHERE e.occurred_at >= %(start)s AND e.occurred_at < %(end)s
     AND e.recorded_at >= %(start)s::timestamptz - interval '1 day'
"""

_PATTERNS = {
    Watch.Kind.MANY_EARNS.value: f"""
WITH odd AS (
  SELECT e.account_id, JSONB_BUILD_OBJECT('count', COUNT(*), 'points', SUM(e.points - e.debt)) AS evidence
    FROM points_entry e {_OF_DAY} AND e.kind = 'earn'
   GROUP BY e.account_id HAVING COUNT(*) > %(limit)s
) {_INSERT}""",  # noqa: S608 (constants only)
    Watch.Kind.MANY_POINTS.value: f"""
WITH odd AS (
  SELECT e.account_id, JSONB_BUILD_OBJECT('count', COUNT(*), 'points', SUM(e.points - e.debt)) AS evidence
    FROM points_entry e {_OF_DAY} AND e.kind = 'earn'
   GROUP BY e.account_id HAVING SUM(e.points - e.debt) > %(limit)s
) {_INSERT}""",  # noqa: S608 (constants only)
    Watch.Kind.MANY_RETURNS.value: f"""
WITH today AS (
  SELECT DISTINCT e.account_id FROM points_entry e {_OF_DAY} AND e.kind = 'claw_back'
), odd AS (
  SELECT e.account_id, JSONB_BUILD_OBJECT('count', COUNT(*), 'points', -SUM(e.computed)) AS evidence
    FROM points_entry e JOIN today USING (account_id)
   WHERE e.kind = 'claw_back' AND e.occurred_at >= %(month)s AND e.occurred_at < %(end)s
   GROUP BY e.account_id HAVING COUNT(*) > %(limit)s
) {_INSERT}""",  # noqa: S608 (constants only)
    Watch.Kind.MANY_GIFTS.value: f"""
WITH odd AS (
  SELECT e.account_id, JSONB_BUILD_OBJECT('count', COUNT(*), 'points', SUM(e.points - e.debt)) AS evidence
    FROM points_entry e {_OF_DAY} AND e.kind = 'adjust' AND e.points - e.debt > 0
   GROUP BY e.account_id HAVING SUM(e.points - e.debt) > %(limit)s
) {_INSERT}""",  # noqa: S608 (constants only)
    Watch.Kind.QUICK_SPEND.value: f"""
WITH odd AS (
  SELECT DISTINCT ON (e.account_id) e.account_id,
         JSONB_BUILD_OBJECT('points', -e.points, 'from', came.name, 'to', went.name, 'minutes',
                            FLOOR(EXTRACT(EPOCH FROM e.occurred_at - c.occurred_at) / 60)) AS evidence
    FROM points_entry e
    JOIN points_entry c ON c.account_id = e.account_id AND c.store_id <> e.store_id AND c.points > 0
                       AND c.kind IN ('earn', 'gift', 'adjust') AND c.occurred_at <= e.occurred_at
                       AND c.occurred_at >= e.occurred_at - %(limit)s * interval '1 minute'
    JOIN stores_store came ON came.id = c.store_id
    JOIN stores_store went ON went.id = e.store_id
  {_OF_DAY} AND e.kind = 'spend'
   ORDER BY e.account_id, e.occurred_at - c.occurred_at
) {_INSERT}""",  # noqa: S608 (constants only)
}
