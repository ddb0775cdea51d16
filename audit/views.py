"""Pages of the audit trail: one call down, one answer up."""

from typing import Any, cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from audit import selectors, services
from audit.forms import RecordFilterForm
from audit.models import Record
from core.http import render_page
from core.listing import list_page
from core.workbook import Column, limited, workbook_response
from stores.models import Staff

COLUMNS = (
    Column(gettext_lazy("Time"), "time", 18, definition=gettext_lazy("When it was done, in the shop's time.")),
    Column(gettext_lazy("What was done"), width=28),
    Column(gettext_lazy("Code of the act"), width=24, definition=gettext_lazy("The stable name of what was done.")),
    Column(gettext_lazy("By whom"), width=18),
    Column(gettext_lazy("Approved by"), width=18),
    Column(gettext_lazy("Store"), width=18),
    Column(gettext_lazy("Subject"), width=24, definition=gettext_lazy("Kind and number of what was touched.")),
    Column(gettext_lazy("Reason"), width=40),
    Column(gettext_lazy("Network address"), width=16),
    Column(gettext_lazy("Details"), width=60),
)


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


@require_safe
def record_list(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first; filters stand in the URL."""
    form = RecordFilterForm(request.GET, staff=_staff(request))
    rows = selectors.list_records(_staff(request), form.criteria)
    listing = list_page(rows, request.GET, sorts={"time": "occurred_at"}, default="-time")
    return render_page(request, "audit/record_list.html", {"form": form, "listing": listing}, fragment="records")


@require_POST
def record_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; the download itself is recorded."""
    staff, at = _staff(request), timezone.now()
    form = RecordFilterForm(request.GET, staff=staff)
    rows = selectors.list_records(staff, form.criteria).iterator(chunk_size=2000)
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    notes: list[tuple[Any, Any]] = [
        (_("Made by"), staff),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
    ]
    notes += [(form.fields[name].label, text) for name, text in filters.items()]
    response, count = workbook_response(
        name=_("Audit trail"),
        title=_("Audit trail"),
        columns=COLUMNS,
        rows=limited(map(_row, rows)),
        notes=notes,
    )
    services.record_export(count=count, filters=filters, actor=staff, at=at)
    return response


def _row(record: Record) -> list[object]:
    return [
        record.occurred_at,
        record.label,
        record.action,
        str(record.actor or ""),
        str(record.approver or ""),
        str(record.store or ""),
        record.subject,
        record.reason,
        record.address,
        record.details,
    ]
