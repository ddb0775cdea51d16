"""A member's stored value: the block of the member page and the whole ledger."""

from typing import Any, cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.http import render_page
from core.links import resolve
from core.listing import list_page
from core.workbook import limited, workbook_response
from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from wallet import selectors, services
from wallet.columns import EXPORT_COLUMNS, export_row
from wallet.forms import EntryFilter

PANEL_ROWS = 5


def _member_or_404(member_id: int) -> Member:
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def _figures(member_id: int) -> dict[str, Any]:
    return {
        "balance": selectors.get_balance(member_id=member_id, at=timezone.now()),
        "totals": selectors.get_totals(member_id=member_id),
    }


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """Both buckets, the recharges with what is left of them, the latest movements."""
    member = _member_or_404(member_id)
    context = {
        "member": member,
        **_figures(member.pk),
        "recharges": list(selectors.list_recharges(member_id=member.pk)[:PANEL_ROWS]),
        "entries": list(selectors.list_entries(member_id=member.pk)[:PANEL_ROWS]),
    }
    return render(request, "wallet/member_panel.html", context)


def entry_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """The whole ledger of a member, newest first, by kind and day."""
    member = _member_or_404(member_id)
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
    member, staff, at = _member_or_404(member_id), cast("Staff", request.user), timezone.now()
    form = EntryFilter(request.GET)
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    notes = [
        (_("Member"), f"{member.number} {member}"),
        (_("Made by"), staff),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
        *((form.fields[name].label, text) for name, text in filters.items()),
    ]
    rows = selectors.list_entries(member_id=member.pk, **form.criteria).iterator(chunk_size=2000)
    title = _("Stored value of %(member)s") % {"member": member.number}
    response, count = workbook_response(
        name=title,
        title=title,
        columns=EXPORT_COLUMNS,
        rows=limited(export_row(entry) for entry in rows),
        notes=notes,
    )
    services.record_export(member_id=member.pk, count=count, filters=filters, actor=staff, at=at)
    return response
