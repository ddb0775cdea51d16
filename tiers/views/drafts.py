"""Drafts of a track: the editor of each level, differences, trying on history, activating."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from core.http import wants_fragment
from tiers import examples, selectors, services
from tiers.forms import ActivationForm, LevelForm, TryForm
from tiers.models import Draft, Tier
from tiers.selectors import boards
from tiers.services import drafts as draft_services
from tiers.terms import Terms, terms_from, terms_of
from tiers.views._shared import category_names, draft_or_404, staff_of, tier_or_404, track_or_404
from tiers.wording_terms import differences, lines_of
from trials.selectors import find_valid, list_trials

TRIALS = 5


@require_POST
def draft_create(request: HttpRequest, track_id: int) -> HttpResponse:
    """Open the track's draft, and the editor of the level named by ``tier`` at once."""
    track = track_or_404(track_id)
    draft = services.open_draft(track_id=track.pk, actor=staff_of(request), at=timezone.now())
    tier = request.POST.get("tier", "")
    if tier.isascii() and tier.isdecimal() and Tier.objects.filter(pk=tier, track=track).exists():
        return redirect("tiers:level-edit", draft.pk, int(tier))
    return redirect("tiers:draft-detail", draft.pk)


@require_safe
def draft_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What the draft changes, level by level, what trials found, and the way to activate it."""
    return _detail(request, draft_or_404(pk))


def _detail(
    request: HttpRequest,
    draft: Draft,
    *,
    try_form: TryForm | None = None,
    form: ActivationForm | None = None,
    status: int = 200,
) -> HttpResponse:
    at, subject = timezone.now(), draft_services.subject_of(draft)
    valid = find_valid(kind=draft_services.TRIAL, subject=subject)
    context = {
        "draft": draft,
        "is_open": draft.status == Draft.Status.OPEN,
        "levels": _levels(draft, at),
        "versions": list(draft.versions.select_related("tier").order_by("tier__rank")),
        "valid_trial": valid,
        "trials": list_trials(subject=subject)[:TRIALS],
        "try_form": try_form or TryForm(),
        "form": form or ActivationForm(at=at, is_tried=valid is not None),
    }
    return render(request, "tiers/draft_detail.html", context, status=status)


def _levels(draft: Draft, at: datetime) -> list[dict[str, Any]]:
    """Every level of the track with what it says, and what the draft lets it say."""
    categories = category_names()
    rows = []
    for position, tier in enumerate(boards.list_tiers_of(draft.track_id)):
        is_base = position == 0
        if is_base and draft.track.kind != "growth":
            continue
        said = draft.levels.get(str(tier.pk))
        before = _before(draft, tier, at)
        old = [] if before is None else lines_of(before, tier, is_base=is_base, categories=categories)
        new = old if said is None else lines_of(terms_from(said), tier, is_base=is_base, categories=categories)
        rows.append(
            {
                "tier": tier,
                "is_changed": said is not None,
                "is_new": before is None,
                "differences": differences(old, new),
            }
        )
    return rows


def _before(draft: Draft, tier: Tier, at: datetime) -> Terms | None:
    """What held, or holds, without the draft; for an activated one before its own versions."""
    first = draft.versions.order_by("pk").first() if draft.effective_at is not None else None
    if first is not None:
        rows = tier.versions.filter(effective_at__lte=first.effective_at, pk__lt=first.pk)
        version = rows.order_by("-effective_at", "-pk").first()
    else:
        version = boards.find_version_in_force(tier_id=tier.pk, at=at)
    return None if version is None else terms_of(version)


@require_http_methods(["GET", "POST"])
def level_edit(request: HttpRequest, pk: int, tier_id: int) -> HttpResponse:
    """What a level is to say; ``?preview`` answers with the sentences and an example, and saves nothing."""
    draft, tier = draft_or_404(pk), tier_or_404(tier_id)
    if tier.track_id != draft.track_id:
        raise Http404
    at = timezone.now()
    before = _before(draft, tier, at)
    said = draft.levels.get(str(tier.pk))
    known = terms_from(said) if said is not None else before
    is_base = selectors.is_base(tier)
    form = LevelForm(
        request.POST or None, tier=tier, is_base=is_base, perk_codes=boards.list_perk_codes(tier), known=known
    )
    terms = known
    if form.is_bound:
        terms = form.terms if form.is_valid() else None
    if "preview" in request.GET and wants_fragment(request):
        return render(request, "tiers/level_form.html#summary", _summary(tier, is_base, before, terms))
    if form.is_bound and terms is not None and _saved(request, form, draft, tier, terms):
        return redirect("tiers:draft-detail", draft.pk)
    context = {"draft": draft, "tier": tier, "form": form, **_summary(tier, is_base, before, terms)}
    return render(request, "tiers/level_form.html", context, status=422 if form.is_bound else 200)


def _summary(tier: Tier, is_base: bool, before: Terms | None, terms: Terms | None) -> dict[str, Any]:
    if terms is None:
        return {"lines": [], "example": None}
    return {
        "lines": lines_of(terms, tier, is_base=is_base, categories=category_names()),
        "example": examples.find_example(before=before, after=terms),
    }


def _saved(request: HttpRequest, form: LevelForm, draft: Draft, tier: Tier, terms: Terms) -> bool:
    try:
        services.save_level(draft_id=draft.pk, tier=tier, terms=terms, actor=staff_of(request), at=timezone.now())
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The draft is saved. It holds once you activate it."))
    return True


@require_POST
def level_removal(request: HttpRequest, pk: int, tier_id: int) -> HttpResponse:
    """Leave a level as it is."""
    draft, tier = draft_or_404(pk), tier_or_404(tier_id)
    return _do(
        request,
        draft,
        lambda: services.drop_level(draft_id=draft.pk, tier=tier, actor=staff_of(request), at=timezone.now()),
        _("The level stays as it is."),
    )


@require_POST
def draft_try(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the draft over real orders in the background; its page shows how far it is."""
    draft = draft_or_404(pk)
    form = TryForm(request.POST)
    if not form.is_valid():
        return _detail(request, draft, try_form=form, status=422)
    try:
        trial = services.try_draft(
            draft_id=draft.pk, days=form.cleaned_data["days"], actor=staff_of(request), at=timezone.now()
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return _detail(request, draft, try_form=form, status=422)
    return redirect("trials:trial-detail", trial.pk)


@require_POST
def draft_activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make versions of all that the draft says, now or from a day on."""
    draft, at = draft_or_404(pk), timezone.now()
    valid = find_valid(kind=draft_services.TRIAL, subject=draft_services.subject_of(draft))
    form = ActivationForm(request.POST, at=at, is_tried=valid is not None)
    if not form.is_valid():
        return _detail(request, draft, form=form, status=422)
    try:
        services.activate_draft(
            draft_id=draft.pk,
            effective_at=form.effective_at,
            reason=form.cleaned_data.get("reason", ""),
            actor=staff_of(request),
            at=at,
        )
    except services.NotTried as refusal:
        form.add_error("reason" if "reason" in form.fields else None, str(refusal))
        return _detail(request, draft, form=form, status=422)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return _detail(request, draft, form=form, status=422)
    messages.success(request, _("The rules are activated."))
    return redirect("tiers:draft-detail", draft.pk)


@require_POST
def draft_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw the draft away."""
    draft = draft_or_404(pk)
    try:
        services.discard_draft(draft_id=draft.pk, actor=staff_of(request), at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("tiers:draft-detail", draft.pk)
    messages.success(request, _("The draft is gone."))
    return redirect("tiers:tier-list")


def _do(request: HttpRequest, draft: Draft, act: Any, done: str) -> HttpResponse:
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("tiers:draft-detail", draft.pk)
