"""A member's stored value: the block of the member page and the whole ledger."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.downloads import filtered_download
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from wallet import selectors, services
from wallet.columns import EXPORT_COLUMNS, export_row
from wallet.forms import EntryFilter
from wallet.views._shared import member_or_404, staff_of

PANEL_ROWS = 5


def _figures(member_id: int) -> dict[str, Any]:
    return {
        "balance": selectors.get_balance(member_id=member_id, at=timezone.now()),
        "totals": selectors.get_totals(member_id=member_id),
    }


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """Both buckets, the recharges with what is left of them, the latest movements."""
    member = member_or_404(member_id)
    context = {
        "member": member,
        **_figures(member.pk),
        "status": selectors.get_status(member_id=member.pk),
        "recharge_limit": selectors.find_recharge_limit(member_id=member.pk),
        "is_over_limit": selectors.is_over_limit(member=member, at=timezone.now()),
        "recharges": list(selectors.list_recharges(member_id=member.pk)[:PANEL_ROWS]),
        "entries": list(selectors.list_entries(member_id=member.pk)[:PANEL_ROWS]),
    }
    return render(request, "wallet/member_panel.html", context)


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
        **_figures(member.pk),
    }
    return render_page(request, "wallet/entry_list.html", context, fragment="entries")


@require_POST
def entry_export(request: HttpRequest, member_id: int) -> FileResponse:
    """Exactly what is filtered as .xlsx, with who, when and the filters; kept in the audit trail."""
    member = member_or_404(member_id)
    form = EntryFilter(request.GET)
    rows = selectors.list_entries(member_id=member.pk, **form.criteria).iterator(chunk_size=2000)
    response, count, filters = filtered_download(
        request,
        title=_("Stored value of %(member)s") % {"member": member.number},
        columns=EXPORT_COLUMNS,
        rows=(export_row(entry) for entry in rows),
        form=form,
        about=[(_("Member"), f"{member.number} {member}")],
    )
    services.record_export(
        member_id=member.pk, count=count, filters=filters, actor=staff_of(request), at=timezone.now()
    )
    return response
