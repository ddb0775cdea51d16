"""A member's points on the member page, their whole ledger, and the ledger of the chain."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.downloads import filtered_download
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from points import selectors, services
from points.columns import EXPORT_COLUMNS, LEDGER_COLUMNS, export_row, ledger_row
from points.forms import EntryFilter, LedgerFilterForm
from points.selectors import explain_limit
from points.selectors.balances import get_totals
from points.selectors.ledger import list_ledger, list_open_points
from points.views._shared import figures, member_or_404, staff_of
from stores.selectors import list_stores

PANEL_ROWS = 5


@require_safe
def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """Balance and worth, what ends or comes free when, the latest movements."""
    member = member_or_404(member_id)
    context = {
        "member": member,
        **figures(member.pk),
        "totals": get_totals(member_id=member.pk),
        "open_points": list_open_points(member_id=member.pk, at=timezone.now())[:PANEL_ROWS],
        "entries": list(selectors.list_entries(member_id=member.pk)[:PANEL_ROWS]),
    }
    return render(request, "points/member_panel.html", context)


@require_safe
def entry_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """The whole ledger of a member, newest first, by kind and day."""
    member = member_or_404(member_id)
    form = EntryFilter(request.GET)
    rows = selectors.list_entries(member_id=member.pk, **form.criteria)
    context = {
        "member": member,
        "back": resolve(f"member:{member.pk}"),
        "form": form,
        "listing": list_page(rows, request.GET, sorts={"posted": "pk"}, default="-posted"),
        "open_points": list_open_points(member_id=member.pk, at=timezone.now()),
        **figures(member.pk),
    }
    return render_page(request, "points/entry_list.html", context, fragment="entries")


@require_POST
def entry_export(request: HttpRequest, member_id: int) -> FileResponse:
    """Exactly what is filtered as .xlsx, with who, when and the filters; kept in the audit trail."""
    member = member_or_404(member_id)
    form = EntryFilter(request.GET)
    rows = selectors.list_entries(member_id=member.pk, **form.criteria).iterator(chunk_size=2000)
    response, count, filters = filtered_download(
        request,
        title=_("Points of %(member)s") % {"member": member.number},
        columns=EXPORT_COLUMNS,
        rows=(export_row(entry) for entry in rows),
        form=form,
        about=[(_("Member"), f"{member.number} {member}")],
    )
    services.record_export(
        member_id=member.pk, count=count, filters=filters, actor=staff_of(request), at=timezone.now()
    )
    return response


def _ledger_form(request: HttpRequest) -> LedgerFilterForm:
    staff = staff_of(request)
    return LedgerFilterForm(request.GET, person=staff, stores=list(list_stores(staff)))


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """Every entry of the chain that this person may read, newest first."""
    form = _ledger_form(request)
    rows = list_ledger(form.ledger_filter, staff=staff_of(request))
    listing = list_page(rows, request.GET, sorts={"posted": "pk"}, default="-posted")
    context: dict[str, Any] = {
        "form": form,
        "listing": listing,
        "is_whole": staff_of(request).sees_all_stores,
        "rows": [(entry, explain_limit(entry.limited_by) if entry.limited_by else "") for entry in listing],
    }
    return render_page(request, "points/ledger.html", context, fragment="entries")


@require_POST
def ledger_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    form = _ledger_form(request)
    rows = list_ledger(form.ledger_filter, staff=staff_of(request)).order_by("-pk").iterator(chunk_size=2000)
    response, count, filters = filtered_download(
        request,
        title=_("Points entries"),
        columns=LEDGER_COLUMNS,
        rows=(ledger_row(entry) for entry in rows),
        form=form,
    )
    services.record_export(member_id=None, count=count, filters=filters, actor=staff_of(request), at=timezone.now())
    return response
