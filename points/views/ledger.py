"""A member's points: the block of the member page, the whole ledger, and adjusting by hand."""

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.services import run_command
from core.errors import DomainError
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from core.workbook import limited, workbook_response
from members.models import Member
from members.selectors import get_member
from points import rules, selectors, services
from points.columns import EXPORT_COLUMNS, export_row
from points.forms import AdjustmentForm, EntryFilter
from stores.models import Staff
from stores.session import active_store

PANEL_ROWS = 5


def _member_or_404(member_id: int) -> Member:
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def _figures(member_id: int) -> dict[str, Any]:
    at = timezone.now()
    balance = selectors.get_balance(member_id=member_id, at=at)
    in_force = selectors.get_rules(at=at)
    return {
        "balance": balance,
        "worth": rules.value_of(balance.spendable, in_force.face_fen, in_force.face_points),
    }


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """Balance and worth, what ends when, the latest movements."""
    member = _member_or_404(member_id)
    context = {
        "member": member,
        **_figures(member.pk),
        "expiries": selectors.list_expiries(member_id=member.pk, at=timezone.now())[:PANEL_ROWS],
        "entries": list(selectors.list_entries(member_id=member.pk)[:PANEL_ROWS]),
    }
    return render(request, "points/member_panel.html", context)


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
    return render_page(request, "points/entry_list.html", context, fragment="entries")


def adjustment_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give or take points by hand, with a reason."""
    member = _member_or_404(member_id)
    form = AdjustmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _adjust(request, form, member.pk):
        messages.success(request, _("The points are adjusted."))
        return redirect("points:entry-list", member.pk)
    context = {"member": member, "form": form, **_figures(member.pk)}
    return render(request, "points/adjustment_form.html", context, status=422 if form.is_bound else 200)


def _adjust(request: HttpRequest, form: AdjustmentForm, member_id: int) -> bool:
    """Run the command; False with the refusal in the form."""
    actor = cast("Staff", request.user)
    key = form.cleaned_data["command_key"]

    def execute() -> dict[str, Any]:
        entry = services.adjust(
            member_id=member_id,
            points=form.points,
            reason=form.cleaned_data["reason"],
            idempotency_key=f"points-adjustment:{key}",
            at=timezone.now(),
            store=active_store(request),
            actor=actor,
        )
        return {"entry": entry.pk}

    content = {"member": member_id, **form.content}
    try:
        run_command(name="points.adjust", key=key, content=content, actor=actor, execute=execute)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


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
    title = _("Points of %(member)s") % {"member": member.number}
    response, count = workbook_response(
        name=title,
        title=title,
        columns=EXPORT_COLUMNS,
        rows=limited(export_row(entry) for entry in rows),
        notes=notes,
    )
    services.record_export(member_id=member.pk, count=count, filters=filters, actor=staff, at=at)
    return response
