"""The download of what coupons did: the same figures as the screen, with what they mean and an audit row."""

from datetime import datetime
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import audit
from core.workbook import Column, Table, write_tables
from coupons.models import Template
from reports.database import read_only
from reports.periods import Period
from reports.selectors.coupons import Effect, effect_report
from reports.services.value import scope_of
from stores.models import Staff, Store

DEFINITIONS: tuple[tuple[Any, Any], ...] = (
    (gettext_lazy("Issued"), gettext_lazy("Coupons given out in the period, by hand, batch, claim or as a gift.")),
    (gettext_lazy("Used"), gettext_lazy("Uses in the period; those of orders taken back are counted apart.")),
    (gettext_lazy("Given back"), gettext_lazy("Uses whose order was taken back in the period.")),
    (gettext_lazy("Expired"), gettext_lazy("Unused coupons whose last day lies in the period; no store's doing.")),
    (gettext_lazy("Withdrawn"), gettext_lazy("Coupons voided in the period.")),
    (gettext_lazy("Rate"), gettext_lazy("Used less given back, of issued; blank where none was issued.")),
    (gettext_lazy("Discount"), gettext_lazy("What coupons took off in the period, less what was given back.")),
    (
        gettext_lazy("Sales with it"),
        gettext_lazy("What was to be paid for orders of the period that used it; orders taken back are left out."),
    ),
    (gettext_lazy("Average with it"), gettext_lazy("Sales with it divided by their orders.")),
    (
        gettext_lazy("Average without"),
        gettext_lazy("The same of all other orders of these stores and days, members or not."),
    ),
    (gettext_lazy("Cost share"), gettext_lazy("Discount of the sales with it; blank without sales.")),
)


def export_effect(
    target: IO[bytes],
    *,
    period: Period,
    stores: list[Store],
    template: Template | None,
    actor: Staff | None,
    at: datetime,
) -> int:
    """Write the report as .xlsx and record who took it; returns the number of rows."""
    with read_only():
        report = effect_report(
            period,
            store_ids=[store.pk for store in stores],
            with_storeless=scope_of(stores, actor) is None,
            template_id=None if template is None else template.pk,
            at=at,
        )
    shown = timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S %z")
    notes = [
        (_("Report"), _("Coupons")),
        (_("Coupon"), template.name if template else _("all")),
        (_("Period"), f"{period.first} – {period.last}"),
        (_("Stores"), ", ".join(f"{store.code} {store.name}" for store in stores)),
        (_("Made by"), str(actor) if actor else _("command line")),
        (_("Generated at"), shown),
        (_("Data as of"), shown),
    ]
    count = write_tables(
        target,
        tables=[
            Table(_("By coupon"), _columns(_("Coupon")), [_cells(row.name, one) for row, one in report.by_template]),
            Table(
                _("By batch"),
                _columns(_("Batch")),
                [_cells(f"{row.name} ({row.template.name})", one) for row, one in report.by_batch],
            ),
            Table(
                _("By store"),
                _columns(_("Store")),
                [_cells(f"{row.code} {row.name}", one) for row, one in report.by_store],
            ),
        ],
        notes=notes,
    )
    audit.record(
        "report.exported",
        actor=actor,
        subject="report:coupons",
        at=at,
        rows=count,
        first=period.first,
        last=period.last,
        template=None if template is None else template.pk,
        stores=[store.code for store in stores],
    )
    return count


def _columns(first: str) -> list[Column]:
    meaning = {str(name): text for name, text in DEFINITIONS}
    columns = [Column(first, "text", 30)]
    for label, cells, summed in (
        (_("Issued"), "integer", True),
        (_("Used"), "integer", True),
        (_("Given back"), "integer", True),
        (_("Expired"), "integer", True),
        (_("Withdrawn"), "integer", True),
        (_("Rate"), "percent", False),
        (_("Discount"), "money", True),
        (_("Average discount"), "money", False),
        (_("Orders with it"), "integer", False),
        (_("Sales with it"), "money", False),
        (_("Average with it"), "money", False),
        (_("Average without"), "money", False),
        (_("Cost share"), "percent", False),
    ):
        columns.append(Column(label, cells, 15, summed, meaning.get(label, "")))
    return columns


def _cells(first: str, row: Effect) -> list[Any]:
    return [
        first,
        row.issued,
        row.redeemed,
        row.returned,
        row.expired,
        row.void,
        row.rate,
        row.discount,
        row.average_discount,
        row.orders,
        row.sales,
        row.basket,
        row.other_basket,
        row.cost_share,
    ]
