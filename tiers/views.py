"""The levels and their versions, and the member's level with its history."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import run_command
from core.days import local_day
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from stores.session import active_store
from tiers import selectors, services, wording
from tiers.forms import MemberTierForm, TierForm, VersionForm
from tiers.models import Tier, Version

PANEL_CHANGES = 5


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _tier_or_404(pk: int) -> Tier:
    try:
        return selectors.get_tier(pk)
    except Tier.DoesNotExist:
        raise Http404 from None


def _member_or_404(member_id: int) -> Member:
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def _summary(version: Version) -> list[str]:
    return wording.summary(
        version.rule,
        falls=version.keep == Version.Keep.REQUALIFY,
        factor=version.discount_factor,
        multiple=version.points_multiple,
    )


def tier_list(request: HttpRequest) -> HttpResponse:
    """Every level with the version in force, what comes next and who holds it."""
    at = timezone.now()
    in_force = {version.tier_id: version for version in selectors.list_versions_in_force(at)}
    coming = selectors.list_coming_versions(at)
    holders = selectors.count_holders()
    rows = [
        (tier, _summary(in_force[tier.pk]) if tier.pk in in_force else [], coming.get(tier.pk), holders.get(tier.pk, 0))
        for tier in selectors.list_tiers()
    ]
    return render(request, "tiers/tier_list.html", {"rows": rows})


def tier_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One level with all its versions, newest first."""
    tier = _tier_or_404(pk)
    at = timezone.now()
    versions = list(selectors.list_versions(tier_id=pk))
    current = next((version for version in versions if version.effective_at <= at), None)
    context = {
        "tier": tier,
        "versions": [
            (version, _summary(version), version == current, version.effective_at > at) for version in versions
        ],
    }
    return render(request, "tiers/tier_detail.html", context)


def tier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a level is called."""
    tier = _tier_or_404(pk)
    form = TierForm(request.POST or None, initial={"name": tier.name, "colour": tier.colour})
    if form.is_bound and form.is_valid():
        services.rename_tier(tier_id=pk, **form.cleaned_data, actor=_staff(request), at=timezone.now())
        messages.success(request, _("The tier is saved."))
        return redirect("tiers:tier-detail", pk)
    context = {"tier": tier, "form": form}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)


def version_create(request: HttpRequest, pk: int) -> HttpResponse:
    """New thresholds and benefits from a day on; ``?preview`` answers with the sentence only and saves nothing."""
    tier = _tier_or_404(pk)
    at = timezone.now()
    latest = selectors.list_versions(tier_id=pk).first()
    initial = {} if latest is None else VersionForm.initial_of(latest, local_day(at))
    form = VersionForm(request.POST or None, initial=initial, is_base=selectors.is_base(tier))
    is_preview = "preview" in request.GET
    sentences = [] if latest is None else _summary(latest)
    if form.is_bound:
        sentences = []
        if form.is_valid():
            sentences = _preview(form)
            if not is_preview and _add(request, form, tier):
                return redirect("tiers:tier-detail", pk)
    context = {"tier": tier, "form": form, "summary": sentences}
    status = 200 if is_preview or not form.is_bound else 422
    return render_page(request, "tiers/version_form.html", context, fragment="summary", status=status)


def _preview(form: VersionForm) -> list[str]:
    terms = form.terms
    return wording.summary(
        terms["thresholds"],
        falls=terms["keep"] == Version.Keep.REQUALIFY,
        factor=terms["discount_factor"],
        multiple=terms["points_multiple"],
    )


def _add(request: HttpRequest, form: VersionForm, tier: Tier) -> bool:
    at = timezone.now()
    try:
        services.add_version(tier=tier, **form.terms, effective_at=form.effective_at(at), actor=_staff(request), at=at)
    except services.InvalidVersion as refusal:
        form.add_error("effective_on" if form.effective_at(at) < at else None, str(refusal))
        return False
    messages.success(request, _("The new rules of %(tier)s are saved.") % {"tier": tier.label})
    return True


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member page's block: level, what it gives, the way to the next one, the latest changes."""
    member = _member_or_404(member_id)
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
    member = _member_or_404(member_id)
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
    member = _member_or_404(member_id)
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
            actor=_staff(request),
        )
        return {"change": change.pk}

    content = {"member": member_id, **form.content}
    try:
        run_command(name="tiers.set", key=data["command_key"], content=content, actor=_staff(request), execute=execute)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The tier is set."))
    return True
