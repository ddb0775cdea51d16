"""The nightly posting of expired points. What can be spent never depends on it (rules.md 0.6)."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db import connection, transaction

from core import days
from core.database import due_chunks
from jobs.registry import Counts
from members.models import Member
from points.models import Lot

CHUNK = 2_000


def expire_due(day: date, at: datetime) -> Iterator[Counts]:
    """Post the expiry of every lot that ended before ``day`` began, each exactly once (R-P14).

    One entry per lot under the key ``expire:<lot>``, dated at the lot's own end. Works in chunks that commit alone, so
    a kill loses at most one; running it again does what is left and nothing twice.
    """
    cutoff = min(days.start_of(day), at)
    lots = points = 0
    due = Lot.objects.filter(remaining__gt=0, expires_at__lte=cutoff)
    for chunk in due_chunks(due, instant="expires_at", then="account_id", size=CHUNK):
        with transaction.atomic():
            lock_members({account_id for _lot_id, account_id in chunk})
            changed, expired = _expire([lot_id for lot_id, _account_id in chunk])
        lots += changed
        points += expired
        yield {"changed": lots, "lots": lots, "points": points}


def lock_members(member_ids: set[int]) -> None:
    """In order of id, as everybody who locks more than one: no deadlock with a sale, which locks one."""
    list(Member.objects.select_for_update(no_key=True).filter(pk__in=member_ids).order_by("pk").values_list("pk"))


def _expire(lot_ids: list[int]) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {"lots": lot_ids})
        lots, points = cursor.fetchone()
    return lots, points


# A statement of its own after the locks, so that it sees what the holders before us have committed. Several lots of one
# account are entered in the order of their end, and ``running`` gives each entry its own balance after.
_EXPIRE = """
WITH due AS (
  SELECT id, account_id, remaining, expires_at,
         SUM(remaining) OVER (PARTITION BY account_id ORDER BY expires_at, id)::bigint AS running
    FROM points_lot WHERE id = ANY(%(lots)s::bigint[]) AND remaining > 0
), entry AS (
  INSERT INTO points_entry (account_id, kind, points, debt, balance_after, debt_after, computed, limited_by,
                            source, idempotency_key, memo, occurred_at, recorded_at)
  SELECT d.account_id, 'expire', -d.remaining, 0, a.balance - d.running, a.debt, -d.remaining, '',
         'job:points.expire', 'expire:' || d.id, '', d.expires_at, clock_timestamp()
    FROM due d JOIN points_account a ON a.member_id = d.account_id
   ORDER BY d.account_id, d.running
  RETURNING id, idempotency_key
), used AS (
  INSERT INTO points_lotuse (entry_id, lot_id, points)
  SELECT entry.id, d.id, -d.remaining FROM entry JOIN due d ON entry.idempotency_key = 'expire:' || d.id
), emptied AS (
  UPDATE points_lot l SET remaining = 0, expired = l.expired + d.remaining FROM due d WHERE l.id = d.id
), lowered AS (
  UPDATE points_account a SET balance = a.balance - t.points
    FROM (SELECT account_id, SUM(remaining)::bigint AS points FROM due GROUP BY account_id) t
   WHERE a.member_id = t.account_id
)
SELECT COUNT(*), COALESCE(SUM(remaining), 0)::bigint FROM due
"""
