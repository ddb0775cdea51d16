"""What stood in the books at a past instant, told from entries, lots and uses alone (quality.md 3, R21)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from points.selectors.balances import Balance


@dataclass(frozen=True)
class LotAsOf:
    """A lot that held points at a past instant."""

    lot_id: int
    granted: int
    remaining: int
    available_from: datetime
    expires_at: datetime | None


def list_lots_as_of(*, member_id: int, recorded_until: datetime) -> list[LotAsOf]:
    """The member's lots that held points after everything recorded until then, in the order of R-P7. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LOTS, {"member": member_id, "until": recorded_until})
        return [LotAsOf(*row) for row in cursor.fetchall()]


def get_balance_as_of(*, member_id: int, recorded_until: datetime, at: datetime | None = None) -> Balance:
    """The member's points after everything recorded until then; what could be used of them is told for ``at``, which
    is the same instant where it is left out. Two statements.
    """
    at = at or recorded_until
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(points), 0)::bigint, COALESCE(SUM(debt), 0)::bigint"
            "  FROM points_entry WHERE account_id = %s AND recorded_at <= %s",
            [member_id, recorded_until],
        )
        balance, debt = cursor.fetchone()
    lots = list_lots_as_of(member_id=member_id, recorded_until=recorded_until)
    live = [lot for lot in lots if lot.available_from <= at and (lot.expires_at is None or at < lot.expires_at)]
    ends_at = min((lot.expires_at for lot in live if lot.expires_at is not None), default=None)
    return Balance(
        balance=balance,
        spendable=sum(lot.remaining for lot in live),
        debt=debt,
        pending=sum(lot.remaining for lot in lots if lot.available_from > at),
        next_expiry_at=ends_at,
        next_expiry_points=sum(lot.remaining for lot in live if ends_at is not None and lot.expires_at == ends_at),
    )


_LOTS = """
SELECT lot.id, lot.granted, (lot.granted + COALESCE(SUM(used.points), 0))::bigint AS remaining,
       lot.available_from, lot.expires_at
  FROM points_lot lot JOIN points_entry made ON made.id = lot.entry_id
  LEFT JOIN (points_lotuse used JOIN points_entry entry ON entry.id = used.entry_id AND entry.recorded_at <= %(until)s)
    ON used.lot_id = lot.id
 WHERE lot.account_id = %(member)s AND made.recorded_at <= %(until)s
 GROUP BY lot.id
HAVING lot.granted + COALESCE(SUM(used.points), 0) > 0
 ORDER BY lot.expires_at ASC NULLS LAST, lot.available_from, lot.id
"""
