"""The books of points, stored value and passes: roll-forward, liability at a past day, clearing between stores."""

import tempfile
from collections.abc import Callable
from typing import Any, cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
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
from reports.forms import DayFilterForm, SalesFilterForm
from reports.periods import Period, preset
from reports.selectors import allowed_stores
from reports.selectors.liability import clearing_of, liability_at
from reports.selectors.roll_forward import LEDGERS, Ledger, RollForward, present_balance, roll_forward
from reports.services.value import export_clearing, export_ledger, export_liability, scope_of
from stores.models import Staff, Store

_CHART_DAYS = 62


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _ledger_or_404(code: str) -> Ledger:
    if code not in LEDGERS:
        raise Http404
    return LEDGERS[code]


def _download_url(request: HttpRequest, name: str, *arguments: str) -> str:
    """Where the page's download is, empty for those who may not."""
    return reverse(name, args=arguments) if request.user.has_perm("reports.export_value") else ""


def _period_form(request: HttpRequest) -> SalesFilterForm:
    return SalesFilterForm(request.GET or {"period": "month"}, stores=allowed_stores(_staff(request)))


@require_GET
def ledger(request: HttpRequest, code: str) -> HttpResponse:
    """One ledger's roll-forward by day and store; the closing of today is compared with the accounts."""
    book, form = _ledger_or_404(code), _period_form(request)
    today = local_day(timezone.now())
    period = form.chosen_period(today)
    scope = scope_of(form.chosen_stores(), _staff(request))
    with read_only():
        report = roll_forward(book, period, scope)
        now = present_balance(book) if scope is None and period.last >= today else None
    context = {
        "title": _("Book of %(name)s") % {"name": book.label},
        "download": _download_url(request, "reports:ledger-export", code),
        "form": form,
        "book": book,
        "books": LEDGERS.values(),
        "period": period,
        "report": report,
        "total_cells": report.total.cells(book.columns),
        "day_rows": [(day, row.cells(book.columns)) for day, row in reversed(report.by_day)],
        "store_rows": [(store, row.cells(book.columns)) for store, row in report.by_store],
        "present": now,
        "agrees": now is None or now == report.total.closing,
        **_chart(report),
    }
    status = 200 if form.is_valid() else 422
    return render_page(request, "reports/ledger.html", context, fragment="report", status=status)


def _chart(report: RollForward) -> dict[str, Any]:
    """The closing of every day, or of every month where there are too many days."""
    by_month = len(report.by_day) > _CHART_DAYS
    closing = {day.strftime("%Y-%m" if by_month else "%m-%d"): row.closing for day, row in report.by_day}
    return {"labels": list(closing), "series": [Series(_("Closing"), list(closing.values()))]}


@require_POST
def ledger_export(request: HttpRequest, code: str) -> FileResponse:
    """The roll-forward of the filters in the URL as .xlsx; kept in the audit trail."""
    book = _ledger_or_404(code)

    def write(file: Any, **options: Any) -> int:
        return export_ledger(file, code=code, **options)

    return _download(request, str(book.label), write)


def _download(request: HttpRequest, title: str, write: Callable[..., int]) -> FileResponse:
    form, at = _period_form(request), timezone.now()
    period = form.chosen_period(local_day(at))
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    write(file, period=period, stores=form.chosen_stores(), actor=_staff(request), at=at)
    return download(file, f"{title} {period.first} {period.last}")


@require_GET
def clearing(request: HttpRequest) -> HttpResponse:
    """Which store's money was spent where, and who has to settle what with whom."""
    form = _period_form(request)
    period = form.chosen_period(local_day(timezone.now()))
    with read_only():
        found = clearing_of(period, scope_of(form.chosen_stores(), _staff(request)))
    context = {
        "title": _("Clearing between stores"),
        "download": _download_url(request, "reports:clearing-export"),
        "form": form,
        "period": period,
        "report": found,
    }
    status = 200 if form.is_valid() else 422
    return render_page(request, "reports/clearing.html", context, fragment="report", status=status)


@require_POST
def clearing_export(request: HttpRequest) -> FileResponse:
    """The matrix as .xlsx."""
    return _download(request, _("Clearing between stores"), export_clearing)


def _day_form(request: HttpRequest) -> DayFilterForm:
    return DayFilterForm(request.GET, stores=allowed_stores(_staff(request)))


@require_GET
def liability(request: HttpRequest) -> HttpResponse:
    """What the chain owed its members at the end of any day, beside the month before."""
    form = _day_form(request)
    day = form.chosen_day(local_day(timezone.now()))
    scope = scope_of(form.chosen_stores(), _staff(request))
    earlier = preset("last_month", day).last
    with read_only():
        found, before = liability_at(day, scope), liability_at(earlier, scope)
    names = {store.pk: store for store in Store.objects.all()}
    by_store: dict[int | None, list[Any]] = {}
    for index, row in enumerate(found.rows):
        for store_id, amount in row.by_store.items():
            by_store.setdefault(store_id, [None] * len(found.rows))[index] = amount
    context = {
        "title": _("Liability"),
        "download": _download_url(request, "reports:liability-export"),
        "form": form,
        "day": day,
        "earlier": earlier,
        "report": found,
        "pairs": list(zip(found.rows, before.rows, strict=True)),
        "before": before,
        "store_rows": [(names.get(key) if key else None, cells) for key, cells in sorted(by_store.items(), key=_last)],
    }
    status = 200 if form.is_valid() else 422
    return render_page(request, "reports/liability.html", context, fragment="report", status=status)


def _last(pair: tuple[int | None, Any]) -> tuple[bool, int]:
    """No store stands at the end."""
    return pair[0] is None, pair[0] or 0


@require_POST
def liability_export(request: HttpRequest) -> FileResponse:
    """The liability of the day in the URL as .xlsx."""
    form, at = _day_form(request), timezone.now()
    day = form.chosen_day(local_day(at))
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    export_liability(file, period=Period(day, day), stores=form.chosen_stores(), actor=_staff(request), at=at)
    return download(file, f"{_('Liability')} {day}")


@require_GET
def liability_tile(request: HttpRequest) -> HttpResponse:
    """The home page's figures of what is owed now, beside the end of last month."""
    staff, today = _staff(request), local_day(timezone.now())
    scope = scope_of(allowed_stores(staff), staff)
    earlier = preset("last_month", today).last
    with read_only():
        found, before = liability_at(today, scope), liability_at(earlier, scope)
    context = {"pairs": list(zip(found.rows, before.rows, strict=True)), "report": found, "before": before}
    return render(request, "reports/_liability.html", context)
