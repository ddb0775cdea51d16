"""What the chain owes its members at the end of any past day, and which store's money was spent where (Q26, R-W13).

Both are read from lots and their uses by the instant they were *recorded*, so the answer for a past day never changes.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core import days, settings
from core.money import ZERO, from_cents, half_up
from reports.periods import Period
from stores.models import Store


@dataclass(frozen=True)
class Owed:
    """One kind of obligation: how much is out, how much of it will be used, and what that comes to in money."""

    code: str
    label: Any
    outstanding: Decimal | int
    value: Decimal
    share: Decimal
    by_store: dict[int | None, Decimal]

    @property
    def is_money(self) -> bool:
        """Points are counted, the others are money."""
        return self.code != "points"

    @property
    def liability(self) -> Decimal:
        """The value times the share that is expected to be used, half up to the fen."""
        return half_up(self.value * self.share)


@dataclass(frozen=True)
class Liability:
    """Everything owed at the end of ``day``."""

    day: date
    rows: list[Owed]
    points_debt: int

    @property
    def total(self) -> Decimal:
        """All liabilities together."""
        return sum((row.liability for row in self.rows), ZERO)


def liability_at(day: date, store_ids: tuple[int, ...] | None) -> Liability:
    """What was owed at the end of a shop day, by the store that took the money or gave the points. Six statements.

    Principal, unused passes and the days of paid tiers that are still to come are owed whole; bonus and points by the
    shares that the owner expects to be used (settings ``reports.bonus_use_percent`` and ``reports.points_use_percent``
    of that day, IFRS 15).
    """
    until = days.end_of(day)
    in_force = settings.values(until)
    bonus_share = Decimal(in_force["reports.bonus_use_percent"]) / 100
    points_share = Decimal(in_force["reports.points_use_percent"]) / 100
    wallet = _sums(_WALLET_LOTS, until, store_ids)
    points = _sums(_POINTS_LOTS, until, store_ids)["points"]
    passes = _sums(_PASSES, until, store_ids)["passes"]
    tiers = _sums(_PAID_TIERS, until, store_ids)["tiers"]
    count = int(sum(points.values()))
    fen, per = in_force["points.face_fen"], in_force["points.face_points"]
    rows = [
        _money_row("principal", _("Stored value: principal"), wallet["principal"], Decimal(1)),
        _money_row("bonus", _("Stored value: bonus"), wallet["bonus"], bonus_share),
        Owed(
            "points",
            _("Points"),
            count,
            from_cents(count * fen // per),
            points_share,
            {store: from_cents(int(amount) * fen // per) for store, amount in points.items()},
        ),
        _money_row("passes", _("Count passes"), passes, Decimal(1)),
        _money_row("tiers", _("Paid tiers"), tiers, Decimal(1)),
    ]
    return Liability(day, rows, _points_debt(until) if store_ids is None else 0)


def _money_row(code: str, label: Any, by_store: dict[int | None, Decimal], share: Decimal) -> Owed:
    whole = sum(by_store.values(), ZERO)
    return Owed(code, label, whole, whole, share, by_store)


def _sums(statement: str, until: datetime, store_ids: tuple[int, ...] | None) -> dict[str, dict[int | None, Decimal]]:
    found: dict[str, dict[int | None, Decimal]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"until": until, "zone": days.zone().key})
        for code, store_id, amount in cursor.fetchall():
            if amount and (store_ids is None or store_id in store_ids):
                found[code][store_id] = amount
    return found


def _points_debt(until: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(SUM(debt), 0)::bigint FROM points_entry WHERE recorded_at < %s", [until])
        return int(cursor.fetchone()[0])


_WALLET_LOTS = """
SELECT moved.bucket, recharge.store_id, SUM(moved.amount)
  FROM (
    SELECT lot.bucket, lot.recharge_id, lot.granted AS amount
      FROM wallet_lot lot JOIN wallet_entry entry ON entry.id = lot.entry_id WHERE entry.recorded_at < %(until)s
    UNION ALL
    SELECT lot.bucket, lot.recharge_id, used.amount
      FROM wallet_lotuse used JOIN wallet_lot lot ON lot.id = used.lot_id
      JOIN wallet_entry entry ON entry.id = used.entry_id WHERE entry.recorded_at < %(until)s
  ) moved JOIN wallet_recharge recharge ON recharge.id = moved.recharge_id
 GROUP BY 1, 2
"""
_POINTS_LOTS = """
SELECT 'points', moved.store_id, SUM(moved.points)
  FROM (
    SELECT entry.store_id, lot.granted AS points
      FROM points_lot lot JOIN points_entry entry ON entry.id = lot.entry_id WHERE entry.recorded_at < %(until)s
    UNION ALL
    SELECT giving.store_id, used.points
      FROM points_lotuse used JOIN points_lot lot ON lot.id = used.lot_id
      JOIN points_entry giving ON giving.id = lot.entry_id
      JOIN points_entry entry ON entry.id = used.entry_id WHERE entry.recorded_at < %(until)s
  ) moved
 GROUP BY 2
"""
_PASSES = """
SELECT 'passes', sold.store_id, SUM(entry.value)
  FROM passes_entry entry JOIN passes_pass sold ON sold.id = entry.held_id
 WHERE entry.recorded_at < %(until)s
 GROUP BY 2
"""
# What a refund on that day would pay: the days after it, each purchase down to the fen (R-T10).
_PAID_TIERS = """
SELECT 'tiers', bought.store_id,
       SUM(TRUNC(bought.worth * LEAST(bought.last - bought.today, bought.total) / bought.total, 2))
  FROM (
    SELECT store_id, price + credit AS worth,
           (ends_at AT TIME ZONE %(zone)s)::date - 1 AS last,
           (ends_at AT TIME ZONE %(zone)s)::date - (starts_at AT TIME ZONE %(zone)s)::date AS total,
           (%(until)s::timestamptz AT TIME ZONE %(zone)s)::date - 1 AS today
      FROM tiers_membership
     WHERE bought_at < %(until)s AND ends_at > %(until)s AND (closed_at IS NULL OR closed_at >= %(until)s)
  ) bought
 GROUP BY 2
"""


@dataclass(frozen=True)
class Clearing:
    """Principal that one store took in and another one delivered goods for, in a period; refunds taken off (R-W13).

    ``matrix[issuing][spending]`` is the amount; ``due`` nets each pair: who pays whom how much.
    """

    period: Period
    stores: list[Store]
    matrix: dict[int, dict[int, Decimal]]

    def row(self, issuing: Store) -> list[Decimal]:
        """What was spent of a store's money, by spending store in the order of ``stores``."""
        return [self.matrix.get(issuing.pk, {}).get(spending.pk, ZERO) for spending in self.stores]

    @property
    def rows(self) -> list[tuple[Store, list[Decimal], Decimal]]:
        """Each issuing store with its row and the row's sum."""
        return [(store, self.row(store), sum(self.row(store), ZERO)) for store in self.stores]

    @property
    def totals(self) -> list[Decimal]:
        """What was spent at each store, whoever took the money in."""
        return [
            sum((self.matrix.get(issuing.pk, {}).get(spending.pk, ZERO) for issuing in self.stores), ZERO)
            for spending in self.stores
        ]

    @property
    def total(self) -> Decimal:
        """All principal spent."""
        return sum(self.totals, ZERO)

    @property
    def due(self) -> list[tuple[Store, Store, Decimal]]:
        """Payer, payee and amount for every pair that does not come out even; the issuing store pays the spending."""
        found = []
        for index, one in enumerate(self.stores):
            for other in self.stores[index + 1 :]:
                net = self.matrix.get(one.pk, {}).get(other.pk, ZERO) - self.matrix.get(other.pk, {}).get(one.pk, ZERO)
                if net > 0:
                    found.append((one, other, net))
                elif net < 0:
                    found.append((other, one, -net))
        return found


def clearing_of(period: Period, store_ids: tuple[int, ...] | None) -> Clearing:
    """The matrix of a period, two statements; ``store_ids`` keeps the rows and columns that touch these stores."""
    matrix: dict[int, dict[int, Decimal]] = defaultdict(dict)
    seen: set[int] = set()
    with connection.cursor() as cursor:
        cursor.execute(_CLEARING, {"first": days.start_of(period.first), "end": days.end_of(period.last)})
        for issuing, spending, amount in cursor.fetchall():
            if store_ids is None or issuing in store_ids or spending in store_ids:
                matrix[issuing][spending] = amount
                seen |= {issuing, spending}
    stores = sorted(Store.objects.in_bulk(seen).values(), key=lambda store: store.code)
    return Clearing(period, stores, dict(matrix))


_CLEARING = """
SELECT recharge.store_id, entry.store_id, SUM(-used.amount)
  FROM wallet_entry entry
  JOIN wallet_lotuse used ON used.entry_id = entry.id
  JOIN wallet_lot lot ON lot.id = used.lot_id AND lot.bucket = 'principal'
  JOIN wallet_recharge recharge ON recharge.id = lot.recharge_id
 WHERE entry.kind IN ('spend', 'refund') AND entry.store_id IS NOT NULL
   AND entry.recorded_at >= %(first)s AND entry.recorded_at < %(end)s
 GROUP BY 1, 2 HAVING SUM(used.amount) <> 0
"""
