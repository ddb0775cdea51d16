"""The member's levels: the block of the member page, the history, a level by hand, the gift of the month."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.services import run_command
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from stores.session import active_store
from tiers import selectors, services, wording
from tiers.forms import MemberTierForm, MonthlyGiftForm, PerkForm
from tiers.member_panel import gather
from tiers.services import giving
from tiers.views._shared import member_or_404, staff_of

PANEL_CHANGES = 5


@require_safe
def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member page's block: levels, what they give and from where, the ways up and to keeping them, services."""
    member = member_or_404(member_id)
    at = timezone.now()
    changes = list(selectors.list_changes(member_id=member.pk)[: PANEL_CHANGES + 1])
    context = {
        "member": member,
        "panel": gather(member_id=member.pk, at=at),
        "monthly": giving.list_monthly(member_id=member.pk, at=at),
        "monthly_form": MonthlyGiftForm(auto_id=False),
        "perk_form": PerkForm(auto_id=False),
        "changes": changes[:PANEL_CHANGES],
        "has_more": len(changes) > PANEL_CHANGES,
    }
    return render(request, "tiers/member_panel.html", context)


@require_safe
def member_change_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """All changes of a member's levels with the figures that caused them and the version that decided."""
    member = member_or_404(member_id)
    listing = list_page(
        selectors.list_changes(member_id=member.pk), request.GET, sorts={"newest": "pk"}, default="-newest"
    )
    context = {
        "member": member,
        "listing": listing,
        "changes": [(change, [wording.figure(item) for item in change.figures]) for change in listing.rows],
    }
    return render_page(request, "tiers/member_change_list.html", context, fragment="list")


@require_http_methods(["GET", "POST"])
def member_tier_edit(request: HttpRequest, member_id: int) -> HttpResponse:
    """Set a member's level by hand."""
    member = member_or_404(member_id)
    benefits = selectors.get_benefits(member_id=member.pk, at=timezone.now())
    form = MemberTierForm(request.POST or None)
    if form.is_bound and form.is_valid() and _set(request, form, member.pk):
        return redirect("members:member-detail", member.pk)
    context = {"member": member, "form": form, "held": benefits.held}
    return render(request, "tiers/member_tier_form.html", context, status=422 if form.is_bound else 200)


def _set(request: HttpRequest, form: MemberTierForm, member_id: int) -> bool:
    data = form.cleaned_data

    def execute() -> dict[str, Any]:
        change = services.set_manually(
            member_id=member_id,
            tier=form.chosen,
            reason=data["reason"],
            valid_through=data["valid_through"],
            locked_until=form.locked_until,
            joins_auto_upgrade=data["joins_auto_upgrade"],
            restart_counting=data["restart_counting"],
            gives_gifts=data["gives_gifts"],
            at=timezone.now(),
            store=active_store(request),
            actor=staff_of(request),
        )
        return {"change": change.pk}

    content = {"member": member_id, **form.content}
    try:
        run_command(
            name="tiers.set", key=data["command_key"], content=content, actor=staff_of(request), execute=execute
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The tier is set."))
    return True


@require_POST
def monthly_gift_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give the gift of a month that the member asks for (T09); sent twice it is given once."""
    member = member_or_404(member_id)
    form = MonthlyGiftForm(request.POST)
    if not form.is_valid():
        raise Http404
    store = active_store(request)
    if store is None:
        messages.error(request, _("Choose a store first."))
        return redirect("members:member-detail", member.pk)

    def execute() -> dict[str, Any]:
        grant = giving.give_monthly(
            member_id=member.pk,
            gift_id=form.cleaned_data["gift"],
            month=form.cleaned_data["month"],
            at=timezone.now(),
            store=store,
            actor=staff_of(request),
        )
        return {"grant": grant.pk}

    try:
        run_command(
            name="tiers.monthly",
            key=form.cleaned_data["command_key"],
            content={"member": member.pk, **form.content},
            actor=staff_of(request),
            execute=execute,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The gift is given."))
    return redirect("members:member-detail", member.pk)
