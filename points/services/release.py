"""The nightly entry that pending points have come free. What can be spent never depends on it (R-P4, rules.md 0.6)."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db import connection, transaction

from core import days
from core.database import due_chunks
from jobs.registry import Counts
from points.models import Lot
from points.services.expiry import lock_members

CHUNK = 2_000


def release_due(day: date, at: datetime) -> Iterator[Counts]:
    """Enter the release of every pending lot that came free before ``day`` began or with it, each exactly once.

    An entry of 0 points under the key ``release:<lot>``, dated at the lot's own day, whose ``computed`` is what came
    free; a lot that was taken back meanwhile is only marked. In chunks that commit alone; running it again does what is
    left and nothing twice.
    """
    cutoff = min(days.start_of(day), at)
    lots = points = 0
    due = Lot.objects.filter(is_released=False, available_from__lte=cutoff)
    for chunk in due_chunks(due, instant="available_from", then="account_id", size=CHUNK):
        with transaction.atomic():
            lock_members({account_id for _lot_id, account_id in chunk})
            with connection.cursor() as cursor:
                cursor.execute(_RELEASE, {"lots": [lot_id for lot_id, _account_id in chunk]})
                changed, released = cursor.fetchone()
        lots += changed
        points += released
        yield {"changed": lots, "lots": lots, "points": points}


_RELEASE = """
WITH due AS (
  SELECT id, account_id, remaining, available_from
    FROM points_lot WHERE id = ANY(%(lots)s::bigint[]) AND NOT is_released
), entry AS (
  INSERT INTO points_entry (account_id, kind, points, debt, balance_after, debt_after, computed, limited_by,
                            source, idempotency_key, memo, occurred_at, recorded_at)
  SELECT d.account_id, 'release', 0, 0, a.balance, a.debt, d.remaining, '',
         'job:points.release', 'release:' || d.id, '', d.available_from, clock_timestamp()
    FROM due d JOIN points_account a ON a.member_id = d.account_id
   WHERE d.remaining > 0
   ORDER BY d.account_id, d.available_from, d.id
), marked AS (
  UPDATE points_lot l SET is_released = TRUE FROM due d WHERE l.id = d.id
)
SELECT COUNT(*), COALESCE(SUM(remaining), 0)::bigint FROM due
"""
