"""Downloads of reports: the same figures as the screen, in sheets, with what they mean and an audit row."""

from datetime import date, datetime
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import audit
from core.workbook import Column, Table, write_tables
from reports.database import read_only
from reports.periods import Period
from reports.selectors import SalesFilter, SalesRow, TenderRow, sales_report
from stores.models import Staff, Store

DEFINITIONS: tuple[tuple[Any, Any], ...] = (
    (
        gettext_lazy("Orders"),
        gettext_lazy("Sales of the business day of their store, imported ones too. Recharges are no orders."),
    ),
    (gettext_lazy("List amount"), gettext_lazy("Goods at their list price before any reduction.")),
    (gettext_lazy("Discounts"), gettext_lazy("List amount less sales: prices, coupons, points and rounding.")),
    (gettext_lazy("Sales"), gettext_lazy("What was to be paid for the orders, however it was paid.")),
    (
        gettext_lazy("Refunds"),
        gettext_lazy("Orders taken back, on the day they were taken back; days before do not change."),
    ),
    (gettext_lazy("Net sales"), gettext_lazy("Sales less refunds.")),
    (gettext_lazy("Members' share"), gettext_lazy("Net sales to members of all net sales; blank without sales.")),
    (gettext_lazy("Average order"), gettext_lazy("Sales divided by orders; blank without orders.")),
    (
        gettext_lazy("Recharges"),
        gettext_lazy("Principal paid in for stored value; not revenue, so in a table of its own."),
    ),
)


def export_sales(target: IO[bytes], *, period: Period, stores: list[Store], actor: Staff | None, at: datetime) -> int:
    """Write the sales report as .xlsx and record who took it; returns the number of rows."""
    wanted = SalesFilter(period, tuple(store.pk for store in stores))
    with read_only():
        report = sales_report(wanted)
    shown = timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S %z")
    notes = [
        (_("Report"), _("Sales")),
        (_("Period"), f"{period.first} – {period.last}"),
        (_("Stores"), ", ".join(f"{store.code} {store.name}" for store in stores)),
        (_("Made by"), str(actor) if actor else _("command line")),
        (_("Generated at"), shown),
        (_("Data as of"), shown),
    ]
    count = write_tables(
        target,
        tables=[
            Table(_("By day"), _columns(_("Day"), "date"), [_cells(day, row) for day, row in report.by_day]),
            Table(
                _("By store"),
                _columns(_("Store"), "text"),
                [_cells(f"{store.code} {store.name}", row) for store, row in report.by_store],
            ),
            Table(_("By tender"), _tender_columns(_("Sales")), [_tender_cells(row) for row in report.by_tender]),
            Table(_("Recharges"), _tender_columns(_("Recharges")), [_tender_cells(row) for row in report.recharges]),
        ],
        notes=notes,
    )
    audit.record(
        "report.exported",
        actor=actor,
        subject="report:sales",
        at=at,
        rows=count,
        first=period.first,
        last=period.last,
        stores=[store.code for store in stores],
    )
    return count


def _columns(first: str, kind: str) -> list[Column]:
    meaning = {str(name): text for name, text in DEFINITIONS}
    columns = [Column(first, kind, 22)]
    for label, cells, summed in (
        (_("Orders"), "integer", True),
        (_("List amount"), "money", True),
        (_("Discounts"), "money", True),
        (_("Sales"), "money", True),
        (_("Refunded orders"), "integer", True),
        (_("Refunds"), "money", True),
        (_("Net sales"), "money", True),
        (_("Members' orders"), "integer", True),
        (_("Members' share"), "percent", False),
        (_("Average order"), "money", False),
    ):
        columns.append(Column(label, cells, 15, summed, meaning.get(label, "")))
    return columns


def _cells(first: date | str, row: SalesRow) -> list[Any]:
    return [
        first,
        row.orders,
        row.list_amount,
        row.discounts,
        row.sales,
        row.refund_count,
        row.refunds,
        row.net,
        row.member_orders,
        row.member_share,
        row.ticket,
    ]


def _tender_columns(label: str) -> list[Column]:
    return [
        Column(_("Tender"), "text", 22),
        Column(label, "money", 16, True),
        Column(_("Refunds"), "money", 16, True),
        Column(_("Net"), "money", 16, True),
    ]


def _tender_cells(row: TenderRow) -> list[Any]:
    return [str(row.label), row.sales, row.refunds, row.net]
