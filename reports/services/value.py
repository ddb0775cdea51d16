"""Downloads of the books: roll-forwards, liability and the clearing between stores."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core import audit
from core.workbook import Column, Table, write_tables
from reports.database import read_only
from reports.periods import Period
from reports.selectors import liability as liabilities
from reports.selectors.roll_forward import LEDGERS, Ledger, Row, roll_forward
from stores.models import Staff, Store


def scope_of(stores: Sequence[Store], actor: Staff | None) -> tuple[int, ...] | None:
    """None for the whole chain, with what no store did; the chosen stores' ids otherwise."""
    everything = (actor is None or actor.sees_all_stores) and len(stores) == Store.objects.count()
    return None if everything else tuple(store.pk for store in stores)


def export_ledger(
    target: IO[bytes], *, code: str, period: Period, stores: list[Store], actor: Staff | None, at: datetime
) -> int:
    """Write one ledger's roll-forward by day and by store; returns the number of rows."""
    ledger = LEDGERS[code]
    with read_only():
        report = roll_forward(ledger, period, scope_of(stores, actor))
    tables = [
        Table(
            _("By day"),
            _columns(ledger, _("Day"), "date"),
            [_cells(ledger, day, row) for day, row in report.by_day],
        ),
        Table(
            _("By store"),
            _columns(ledger, _("Store"), "text"),
            [
                _cells(ledger, f"{store.code} {store.name}" if store else _("no store"), row)
                for store, row in report.by_store
            ],
        ),
    ]
    notes = _notes(str(ledger.label), f"{period.first} – {period.last}", stores, actor, at)
    count = write_tables(target, tables=tables, notes=notes)
    _record(f"ledger-{code}", count, stores, actor, at, first=period.first, last=period.last)
    return count


def _columns(ledger: Ledger, first: str, kind: str) -> list[Column]:
    cells = "money" if ledger.is_money else "integer"
    return [
        Column(first, kind, 22),
        Column(_("Opening"), cells, 16, False, _("What was out before the first movement.")),
        *(Column(column.label, cells, 15, True, column.definition) for column in ledger.columns),
        Column(_("Closing"), cells, 16, False, _("Opening and all movements.")),
        Column(_("Of it late"), cells, 14, True, _("Recorded on a later day than it happened.")),
    ]


def _cells(ledger: Ledger, first: date | str, row: Row) -> list[Any]:
    return [first, *row.cells(ledger.columns)]


def export_liability(
    target: IO[bytes], *, period: Period, stores: list[Store], actor: Staff | None, at: datetime
) -> int:
    """Write what was owed at the end of the period's last day, in all and by store; returns the number of rows."""
    with read_only():
        found = liabilities.liability_at(period.last, scope_of(stores, actor))
    known = {store.pk: f"{store.code} {store.name}" for store in Store.objects.all()}
    rows = [[str(row.label), row.outstanding, row.value, row.share, row.liability] for row in found.rows]
    by_store = [
        [str(row.label), _("no store") if store_id is None else known[store_id], amount]
        for row in found.rows
        for store_id, amount in sorted(row.by_store.items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
    ]
    tables = [
        Table(
            _("Liability"),
            [
                Column(_("Kind"), "text", 28),
                Column(_("Outstanding"), "quantity", 18, definition=_("Points as a number, everything else as money.")),
                Column(_("Money value"), "money", 18, True),
                Column(_("Expected to be used"), "percent", 18),
                Column(_("Liability"), "money", 18, True, _("Money value times the share expected to be used.")),
            ],
            rows,
        ),
        Table(
            _("By store"),
            [
                Column(_("Kind"), "text", 28),
                Column(_("Store"), "text", 24, definition=_("Who took the money or gave the points.")),
                Column(_("Money value"), "money", 18, True),
            ],
            by_store,
        ),
    ]
    count = write_tables(target, tables=tables, notes=_notes(_("Liability"), f"{period.last}", stores, actor, at))
    _record("liability", count, stores, actor, at, day=period.last)
    return count


def export_clearing(
    target: IO[bytes], *, period: Period, stores: list[Store], actor: Staff | None, at: datetime
) -> int:
    """Write the matrix between stores and who owes whom; returns the number of rows."""
    with read_only():
        found = liabilities.clearing_of(period, scope_of(stores, actor))
    matrix = [
        Column(_("Recharged at"), "text", 24, definition=_("The store that took the money in.")),
        *(Column(f"{store.code} {store.name}", "money", 18, True) for store in found.stores),
        Column(_("Together"), "money", 18, True),
    ]
    due = [
        Column(_("Pays"), "text", 24),
        Column(_("Gets"), "text", 24),
        Column(_("Amount"), "money", 18, True, _("Principal only: bonus was never paid in.")),
    ]
    tables = [
        Table(
            _("Spent of whose money"),
            matrix,
            [[f"{one.code} {one.name}", *row, total] for one, row, total in found.rows],
        ),
        Table(
            _("To settle"),
            due,
            [
                [f"{payer.code} {payer.name}", f"{payee.code} {payee.name}", amount]
                for payer, payee, amount in found.due
            ],
        ),
    ]
    notes = _notes(_("Clearing between stores"), f"{period.first} – {period.last}", stores, actor, at)
    count = write_tables(target, tables=tables, notes=notes)
    _record("clearing", count, stores, actor, at, first=period.first, last=period.last)
    return count


def _notes(
    title: str, period: str, stores: Sequence[Store], actor: Staff | None, at: datetime
) -> list[tuple[str, str]]:
    shown = timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S %z")
    return [
        (_("Report"), title),
        (_("Period"), period),
        (_("Stores"), ", ".join(f"{store.code} {store.name}" for store in stores)),
        (_("Made by"), str(actor) if actor else _("command line")),
        (_("Generated at"), shown),
        (_("Data as of"), shown),
    ]


def _record(name: str, count: int, stores: Sequence[Store], actor: Staff | None, at: datetime, **data: Any) -> None:
    audit.record(
        "report.exported",
        actor=actor,
        subject=f"report:{name}",
        at=at,
        rows=count,
        stores=[store.code for store in stores],
        **data,
    )


VALUE_REPORTS: dict[str, Callable[..., int]] = {
    **{code: partial(export_ledger, code=code) for code in LEDGERS},
    "liability": export_liability,
    "clearing": export_clearing,
}
"""For ``manage.py export``, by name."""
