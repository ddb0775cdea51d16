"""Passes that were sold: list, page, extension and sharing, the member's block and the tile of the home page."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import days
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from core.workbook import limited, workbook_response
from members.models import Member
from members.selectors import get_member
from passes import selectors, services
from passes.columns import EXPORT_COLUMNS, export_row
from passes.forms import ExtensionForm, PassFilterForm, SharerForm
from passes.models import Pass
from stores.models import Staff

SORTS = {"sold": "pk"}
PANEL_ROWS = 6
ENDING_DAYS = 30
TILE_ROWS = 8


def staff_of(request: HttpRequest) -> Staff:
    """Who asks."""
    return cast("Staff", request.user)


def pass_or_404(pk: int) -> Pass:
    """One pass; passes are seen by the whole chain, like the balances of members (R-S2)."""
    try:
        return selectors.get_pass(pk)
    except Pass.DoesNotExist:
        raise Http404 from None


def _criteria(request: HttpRequest) -> tuple[PassFilterForm, selectors.PassFilter]:
    form = PassFilterForm(request.GET, staff=staff_of(request))
    form.is_valid()
    values = form.cleaned_data
    plan, store = values.get("plan"), values.get("store")
    return form, selectors.PassFilter(
        text=values.get("q", ""),
        status=values.get("status", ""),
        plan_id=None if plan is None else plan.pk,
        store_id=None if store is None else store.pk,
        sold_from=values.get("since"),
        sold_until=values.get("until"),
        ends_until=values.get("ends_until"),
    )


@require_safe
def pass_list(request: HttpRequest) -> HttpResponse:
    """All passes of the chain, the latest first."""
    form, criteria = _criteria(request)
    listing = list_page(selectors.list_passes(criteria), request.GET, sorts=SORTS, default="-sold")
    context = {"form": form, "listing": listing, "owed": selectors.total_unused_value()}
    return render_page(request, "passes/pass_list.html", context, fragment="table")


@require_POST
def pass_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    form, criteria = _criteria(request)
    staff, at = staff_of(request), timezone.now()
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    rows = selectors.list_passes(criteria).order_by("-pk").iterator(chunk_size=2000)
    title = _("Count passes")
    response, count = workbook_response(
        name=title,
        title=title,
        columns=EXPORT_COLUMNS,
        rows=limited(export_row(held) for held in rows),
        notes=[
            (_("Made by"), staff),
            (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
            *((form.fields[name].label, text) for name, text in filters.items()),
        ],
    )
    services.record_export(count=count, filters=filters, actor=staff, at=at)
    return response


@require_safe
def pass_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One pass: the contract, what is left, every movement, who shares it, and its refunds."""
    held = pass_or_404(pk)
    entries = list_page(selectors.list_entries(held.pk), request.GET, sorts={"posted": "pk"}, default="-posted")
    context: dict[str, Any] = {
        "held": held,
        "goods": selectors.list_goods(held),
        "stores": selectors.list_stores_of(held),
        "listing": entries,
        "sharers": list(selectors.list_sharers(held.pk)),
        "refunds": [
            (refund, selectors.get_refund_for(staff_of(request), refund.pk) is not None)
            for refund in selectors.list_refunds(held.pk)
        ],
        "can_extend": held.expires_at is not None and held.status in (Pass.Status.ACTIVE, Pass.Status.EXPIRED),
        "has_ended": held.status == Pass.Status.ACTIVE
        and held.expires_at is not None
        and held.expires_at <= timezone.now(),
    }
    return render_page(request, "passes/pass_detail.html", context, fragment="entries")


def extension_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A later end, with a reason."""
    held = pass_or_404(pk)
    form = ExtensionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.extend(
                pass_id=pk,
                last_on=data["last_on"],
                reason=data["reason"],
                idempotency_key=f"pass-extension:{data['command_key']}",
                actor=staff_of(request),
                at=timezone.now(),
                store=None,
            )
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The pass lasts until %(day)s.") % {"day": data["last_on"]})
            return redirect("passes:pass-detail", pk)
    context = {"form": form, "held": held}
    return render(request, "passes/extension_form.html", context, status=422 if form.is_bound else 200)


def sharer_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Let another member use the pass."""
    held = pass_or_404(pk)
    form = SharerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        member: Member = form.cleaned_data["text"]
        try:
            services.add_sharer(pass_id=pk, member_id=member.pk, at=timezone.now(), actor=staff_of(request), store=None)
        except DomainError as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, _("%(member)s may use the pass now.") % {"member": member})
            return redirect("passes:pass-detail", pk)
    context = {"form": form, "held": held}
    return render(request, "passes/sharer_form.html", context, status=422 if form.is_bound else 200)


@require_POST
def sharer_delete(request: HttpRequest, pk: int, member_id: int) -> HttpResponse:
    """Take that right back."""
    pass_or_404(pk)
    services.remove_sharer(pass_id=pk, member_id=member_id, at=timezone.now(), actor=staff_of(request), store=None)
    return redirect("passes:pass-detail", pk)


@require_safe
def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """A member's passes, own and shared ones, as a block of the member page."""
    try:
        member = get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None
    found = list(selectors.list_member_passes(member.pk)[: PANEL_ROWS + 1])
    context = {"member": member, "passes": found[:PANEL_ROWS], "has_more": len(found) > PANEL_ROWS}
    return render(request, "passes/member_panel.html", context)


@require_safe
def ending(request: HttpRequest) -> HttpResponse:
    """Passes that end within the next days and still hold something, for the home page."""
    today = days.local_day(timezone.now())
    until = today + timedelta(days=ENDING_DAYS)
    rows = list(selectors.list_ending(first=today, last=until)[: TILE_ROWS + 1])
    context = {"passes": rows[:TILE_ROWS], "has_more": len(rows) > TILE_ROWS, "until": until, "days": ENDING_DAYS}
    return render(request, "passes/_ending.html", context)
