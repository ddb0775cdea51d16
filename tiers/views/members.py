"""The member's levels: the block of the member page, the history, a level by hand."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import run_command
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from stores.session import active_store
from tiers import selectors, services, wording
from tiers.forms import MemberTierForm
from tiers.views._shared import member_or_404, staff_of

PANEL_CHANGES = 5


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member page's block: level, what it gives, the way to the next one, the latest changes."""
    member = member_or_404(member_id)
    at = timezone.now()
    progress = selectors.get_progress_to_next(member_id=member.pk, at=at)
    benefits = selectors.get_benefits(member_id=member.pk, at=at)
    changes = list(selectors.list_changes(member_id=member.pk)[: PANEL_CHANGES + 1])
    context = {
        "member": member,
        "benefits": benefits,
        "gives": wording.gives(benefits.discount_factor, benefits.points_multiple),
        "period": selectors.get_open_period(member.pk),
        "needed": None if progress is None else wording.still_needed(progress),
        "metrics": [] if progress is None else _metrics(progress),
        "changes": changes[:PANEL_CHANGES],
        "has_more": len(changes) > PANEL_CHANGES,
    }
    return render(request, "tiers/member_panel.html", context)


def _metrics(progress: selectors.Progress) -> list[dict[str, Any]]:
    return [
        {
            "have": wording.amount_of(item.metric, item.have),
            "need": wording.amount_of(item.metric, item.need),
            "percent": item.percent,
        }
        for item in progress.metrics
    ]


def member_change_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """All changes of a member's level with the figures that caused them."""
    member = member_or_404(member_id)
    listing = list_page(
        selectors.list_changes(member_id=member.pk), request.GET, sorts={"newest": "pk"}, default="-newest"
    )
    context = {
        "member": member,
        "listing": listing,
        "changes": [(change, _figures(change.figures)) for change in listing.rows],
    }
    return render_page(request, "tiers/member_change_list.html", context, fragment="list")


def _figures(figures: list[dict[str, str]]) -> list[str]:
    return [wording.figure(item) for item in figures]


def member_tier_edit(request: HttpRequest, member_id: int) -> HttpResponse:
    """Set a member's level by hand."""
    member = member_or_404(member_id)
    benefits = selectors.get_benefits(member_id=member.pk, at=timezone.now())
    form = MemberTierForm(request.POST or None)
    if form.is_bound and form.is_valid() and _set(request, form, member.pk):
        return redirect("members:member-detail", member.pk)
    context = {"member": member, "form": form, "benefits": benefits}
    return render(request, "tiers/member_tier_form.html", context, status=422 if form.is_bound else 200)


def _set(request: HttpRequest, form: MemberTierForm, member_id: int) -> bool:
    data = form.cleaned_data

    def execute() -> dict[str, Any]:
        change = services.set_manually(
            member_id=member_id,
            tier=data["tier"],
            reason=data["reason"],
            locked_until=form.locked_until,
            joins_auto_upgrade=data["joins_auto_upgrade"],
            restart_counting=data["restart_counting"],
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
