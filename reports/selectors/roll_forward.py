"""Opening + movements = closing, per day and store, for every ledger of value (Q24, Q25, invariant 18).

A movement belongs to the day on which it was *recorded*, so that a closed day never changes; what happened on an
earlier day than it was recorded stands apart as late (rules.md 0.7).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Model, Q, Sum
from django.db.models.functions import TruncDate, TruncDay
from django.utils.translation import gettext_lazy as _

import passes.models
import points.models
import wallet.models
from core import days
from reports.periods import Period
from stores.models import Store

Figure = Decimal | int


@dataclass(frozen=True)
class Column:
    """One kind of movement in the report: the entry kinds that make it up, and what it means."""

    code: str
    label: Any
    kinds: tuple[str, ...]
    definition: Any


@dataclass(frozen=True)
class Ledger:
    """A book: its entries, the column that is summed, where the present balance stands, and how movements are named."""

    code: str
    label: Any
    entries: type[Model]
    amount: str
    accounts: type[Model]
    balance: str
    is_money: bool
    columns: tuple[Column, ...]


_POINTS_COLUMNS = (
    Column(
        "issued", _("Issued"), ("earn", "gift", "opening", "release"), _("Earned, given as gifts and brought along.")
    ),
    Column("returned", _("Returned"), ("return", "restore"), _("Used points given back, and clearings undone.")),
    Column("adjusted", _("Adjusted"), ("adjust",), _("Given and taken by hand, the undoing of both included.")),
    Column("moved", _("Moved"), ("move",), _("Between memberships; 0 in all.")),
    Column("spent", _("Spent"), ("spend",), _("Used to pay.")),
    Column("clawed", _("Taken back"), ("claw_back",), _("Earned points of goods that came back.")),
    Column("expired", _("Expired"), ("expire",), _("Not used in time.")),
    Column("cleared", _("Cleared"), ("clear",), _("Taken by an approved batch.")),
)
_WALLET_COLUMNS = (
    Column("recharged", _("Recharged"), ("recharge",), _("Paid in, and the bonus given with it.")),
    Column(
        "given", _("Given as gifts"), ("gift", "gift_back"), _("Bonus given without a recharge, less what went back.")
    ),
    Column("voided", _("Recharges voided"), ("reversal",), _("Mistaken recharges taken back on the same day.")),
    Column("spent", _("Spent"), ("spend",), _("Used to pay.")),
    Column("refunded", _("Refunded"), ("refund",), _("Given back to the balance for goods that came back.")),
    Column("transferred", _("Transferred"), ("transfer_in", "transfer_out"), _("Between members; 0 in all.")),
    Column("paid_out", _("Paid out"), ("cash_out",), _("Closed by a refund in money.")),
    Column("expired", _("Expired"), ("bonus_expiry",), _("Bonus that was not used in time; principal never expires.")),
    Column("corrected", _("Corrected"), ("correction", "bonus_clear"), _("Approved corrections and cleared bonus.")),
)
_PASS_COLUMNS = (
    Column("sold", _("Sold"), ("sale",), _("The price of passes.")),
    Column("voided", _("Sales voided"), ("void",), _("Mistaken sales taken back unused.")),
    Column("used", _("Used"), ("use",), _("The value of the uses: this is the revenue.")),
    Column("undone", _("Uses undone"), ("undo",), _("Uses taken back.")),
    Column("refunded", _("Refunded"), ("refund",), _("Closed by a refund in money.")),
    Column("expired", _("Expired"), ("expire",), _("Not used in time.")),
    Column("extended", _("Extended"), ("extend",), _("Given back by an extension.")),
)

LEDGERS: dict[str, Ledger] = {
    ledger.code: ledger
    for ledger in (
        Ledger(
            "points",
            _("Points"),
            points.models.Entry,
            "points",
            points.models.Account,
            "balance",
            False,
            _POINTS_COLUMNS,
        ),
        Ledger(
            "principal",
            _("Stored value: principal"),
            wallet.models.Entry,
            "principal",
            wallet.models.Account,
            "principal",
            True,
            _WALLET_COLUMNS,
        ),
        Ledger(
            "bonus",
            _("Stored value: bonus"),
            wallet.models.Entry,
            "bonus",
            wallet.models.Account,
            "bonus",
            True,
            _WALLET_COLUMNS,
        ),
        Ledger(
            "passes",
            _("Count passes"),
            passes.models.Entry,
            "value",
            passes.models.Pass,
            "unused_value",
            True,
            _PASS_COLUMNS,
        ),
    )
}


@dataclass
class Row:
    """One line: what stood there before, what moved by column, what that leaves; ``late`` is part of the movements."""

    opening: Figure
    moved: dict[str, Figure] = field(default_factory=dict)
    late: Figure = 0

    @property
    def closing(self) -> Figure:
        """Opening and all movements."""
        return self.opening + sum(self.moved.values())

    def cells(self, columns: tuple[Column, ...]) -> list[Figure]:
        """Opening, each movement in the order of the columns, closing and what of it was late."""
        moved = [self.moved.get(column.code, self.opening * 0) for column in columns]
        return [self.opening, *moved, self.closing, self.late]


@dataclass(frozen=True)
class RollForward:
    """A ledger's movements of a period; ``by_store`` has None for what no store did, such as expiry."""

    ledger: Ledger
    period: Period
    total: Row
    by_day: list[tuple[date, Row]]
    by_store: list[tuple[Store | None, Row]]

    @property
    def store_sum(self) -> Figure:
        """The closings of all stores together: equal to the total's, which the page says."""
        return sum((row.closing for _store, row in self.by_store), self.total.opening * 0)


def roll_forward(ledger: Ledger, period: Period, store_ids: tuple[int, ...] | None) -> RollForward:
    """The book of a period; ``store_ids`` None is the whole chain with what no store did. Five statements at most.

    A store's opening is what it had put into and taken out of circulation before. An entry whose kind belongs to no
    column raises LookupError: a new kind must find its column first.
    """
    zero: Figure = Decimal("0.00") if ledger.is_money else 0
    first, end = days.start_of(period.first), days.end_of(period.last)
    moved = _movements(ledger, first, end, store_ids, zero)
    openings = _openings(ledger, first, store_ids, zero)
    total = Row(sum(openings.values(), zero), {}, zero)
    by_day: list[tuple[date, Row]] = []
    for day in period.days():
        row = Row(by_day[-1][1].closing if by_day else total.opening, {}, zero)
        for (on, _store_id), (amounts, late) in moved.items():
            if on == day:
                _add(row, amounts, late, zero)
        by_day.append((day, row))
    stores: dict[int | None, Row] = {store_id: Row(opening, {}, zero) for store_id, opening in openings.items()}
    for (_on, store_id), (amounts, late) in moved.items():
        _add(stores.setdefault(store_id, Row(zero, {}, zero)), amounts, late, zero)
        _add(total, amounts, late, zero)
    known = Store.objects.in_bulk([store_id for store_id in stores if store_id is not None])
    by_store = [
        (None if store_id is None else known[store_id], row)
        for store_id, row in stores.items()
        if row.opening or row.moved or store_id is not None
    ]
    by_store.sort(key=lambda pair: (pair[0] is None, pair[0].code if pair[0] else ""))
    return RollForward(ledger, period, total, by_day, by_store)


def _add(row: Row, amounts: Mapping[str, Figure], late: Figure, zero: Figure) -> None:
    for code, amount in amounts.items():
        row.moved[code] = row.moved.get(code, zero) + amount
    row.late += late


def _movements(
    ledger: Ledger, first: datetime, end: datetime, store_ids: tuple[int, ...] | None, zero: Figure
) -> dict[tuple[date, int | None], tuple[dict[str, Figure], Figure]]:
    columns = {kind: column.code for column in ledger.columns for kind in column.kinds}
    rows = _of_stores(ledger, store_ids).filter(recorded_at__gte=first, recorded_at__lt=end)
    sums = (
        rows.annotate(
            day=TruncDate("recorded_at", tzinfo=days.zone()), began=TruncDay("recorded_at", tzinfo=days.zone())
        )
        .values("day", "store_id", "kind")
        .order_by()
        .annotate(
            amount=Sum(ledger.amount), late=Sum(ledger.amount, filter=Q(occurred_at__lt=F("began")), default=zero)
        )
    )
    found: dict[tuple[date, int | None], tuple[dict[str, Figure], Figure]] = {}
    for row in sums:
        amounts, late = found.get((row["day"], row["store_id"]), ({}, zero))
        code = columns[row["kind"]]
        amounts[code] = amounts.get(code, zero) + row["amount"]
        found[row["day"], row["store_id"]] = (amounts, late + row["late"])
    return found


def _openings(
    ledger: Ledger, first: datetime, store_ids: tuple[int, ...] | None, zero: Figure
) -> dict[int | None, Figure]:
    rows = _of_stores(ledger, store_ids).filter(recorded_at__lt=first).values("store_id").order_by()
    openings: dict[int | None, Figure] = defaultdict(lambda: zero)
    for row in rows.annotate(amount=Sum(ledger.amount)):
        openings[row["store_id"]] = row["amount"]
    return dict(openings)


def _of_stores(ledger: Ledger, store_ids: tuple[int, ...] | None) -> Any:
    rows = ledger.entries._default_manager.all()
    return rows if store_ids is None else rows.filter(store_id__in=store_ids)


def present_balance(ledger: Ledger) -> Figure:
    """What the accounts hold now: equal to the closing of a period that ends today."""
    zero: Figure = Decimal("0.00") if ledger.is_money else 0
    held: Figure = ledger.accounts._default_manager.aggregate(total=Sum(ledger.balance, default=zero))["total"]
    return held
