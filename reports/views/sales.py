"""Pages of reports: read in one snapshot, shown as chart and table."""

import tempfile
from typing import Any, cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.charts import Series
from core.days import local_day
from core.http import render_page
from core.workbook import download
from reports.database import read_only
from reports.forms import SalesFilterForm
from reports.periods import Period, preset
from reports.selectors import SalesFilter, SalesReport, allowed_stores, sales_report
from reports.services import DEFINITIONS, export_sales
from stores.models import Staff

_CHART_DAYS = 62


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _form(request: HttpRequest) -> SalesFilterForm:
    return SalesFilterForm(request.GET or {"period": "last_30"}, stores=allowed_stores(_staff(request)))


@require_GET
def sales(request: HttpRequest) -> HttpResponse:
    """Sales by day, store and tender; the filters stand in the URL."""
    form = _form(request)
    period = form.chosen_period(local_day(timezone.now()))
    stores = tuple(store.pk for store in form.chosen_stores())
    with read_only():
        report = sales_report(SalesFilter(period, stores))
        before = sales_report(SalesFilter(period.before, stores))
    context = {
        "title": _("Sales report"),
        "download": reverse("reports:sales-export") if request.user.has_perm("reports.export_sales") else "",
        "form": form,
        "period": period,
        "report": report,
        "before": before.total,
        "definitions": DEFINITIONS,
        **_chart(report),
    }
    return render_page(
        request, "reports/sales.html", context, fragment="report", status=200 if form.is_valid() else 422
    )


def _chart(report: SalesReport) -> dict[str, Any]:
    """Days, or months where there are too many days to tell apart."""
    points: dict[str, list[Any]] = {}
    by_month = len(report.by_day) > _CHART_DAYS
    for day, row in report.by_day:
        point = points.setdefault(day.strftime("%Y-%m") if by_month else day.strftime("%m-%d"), [0, 0])
        point[0] += row.net
        point[1] += row.member_sales - row.member_refunds
    values = list(points.values())
    return {
        "labels": list(points),
        "series": [
            Series(_("Net sales"), [net for net, _members in values]),
            Series(_("of members"), [members for _net, members in values]),
        ],
    }


@require_POST
def sales_export(request: HttpRequest) -> FileResponse:
    """The report of the filters in the URL as .xlsx; kept in the audit trail."""
    form, at = _form(request), timezone.now()
    period = form.chosen_period(local_day(at))
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    export_sales(file, period=period, stores=form.chosen_stores(), actor=_staff(request), at=at)
    return download(file, f"{_('Sales')} {period.first} {period.last}")


@require_GET
def today_tile(request: HttpRequest) -> HttpResponse:
    """The home page's figures of today and this month, beside yesterday and the month before."""
    today = local_day(timezone.now())
    stores = tuple(store.pk for store in allowed_stores(_staff(request)))
    month = preset("month", today)
    with read_only():
        now = sales_report(SalesFilter(Period(today, today), stores))
        yesterday = sales_report(SalesFilter(preset("yesterday", today), stores))
        this_month = sales_report(SalesFilter(month, stores))
    context = {"today": now, "yesterday": yesterday, "month": this_month}
    return render(request, "reports/_today.html", context)


@require_GET
def trend_tile(request: HttpRequest) -> HttpResponse:
    """The home page's line of the last 30 days."""
    stores = tuple(store.pk for store in allowed_stores(_staff(request)))
    with read_only():
        report = sales_report(SalesFilter(preset("last_30", local_day(timezone.now())), stores))
    return render(request, "reports/_trend.html", _chart(report))
