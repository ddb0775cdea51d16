"""Tracks and their levels: who holds them, what they are called, new ones, out of use and back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from tiers import services
from tiers.forms import CardTypeForm, NewTierForm, TierForm, TrackForm
from tiers.selectors import boards
from tiers.views._shared import category_names, staff_of, tier_or_404, track_or_404
from tiers.wording_terms import lines_of


@require_safe
def tier_list(request: HttpRequest) -> HttpResponse:
    """Every track with its levels, what is in force, what comes next and who holds them."""
    at = timezone.now()
    categories = category_names()
    tracks = [
        {
            "track": board.track,
            "draft": board.draft,
            "rows": [
                {
                    "row": row,
                    "lines": []
                    if row.terms is None
                    else lines_of(row.terms, row.tier, is_base=row.is_base, categories=categories),
                }
                for row in board.rows
                # The lowest level of the other tracks means "not on it" and is nobody's.
                if not row.is_base or board.is_growth
            ],
        }
        for board in boards.list_boards(at)
    ]
    return render(request, "tiers/tier_list.html", {"tracks": tracks})


@require_http_methods(["GET", "POST"])
def track_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What a track is called."""
    track = track_or_404(pk)
    form = TrackForm(request.POST or None, initial={"name": track.name})

    def save() -> str:
        services.rename_track(track_id=pk, **form.cleaned_data, actor=staff_of(request), at=timezone.now())
        return _("The track is saved.")

    if form.is_bound and form.is_valid() and _done(request, form, save):
        return redirect("tiers:tier-list")
    context = {"form": form, "heading": _("Rename the track %(name)s") % {"name": track}}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def card_type_create(request: HttpRequest) -> HttpResponse:
    """A card type of its own: a track with one level that is bought or given by hand (M13, M14)."""
    form = CardTypeForm(request.POST or None)
    made: list[int] = []

    def create() -> str:
        made.append(services.create_card_type(**form.card, actor=staff_of(request), at=timezone.now()).pk)
        return _("The card type is made.")

    if form.is_bound and form.is_valid() and _done(request, form, create):
        return redirect("tiers:tier-detail", made[0])
    context = {"form": form, "heading": _("New card type"), "note": "card"}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def tier_create(request: HttpRequest, track_id: int) -> HttpResponse:
    """A new level of a track; its rules come with a draft."""
    track = track_or_404(track_id)
    form = NewTierForm(request.POST or None, track=track)
    made: list[int] = []

    def create() -> str:
        data = dict(form.cleaned_data)
        above = data.pop("above")
        tier = services.create_tier(
            track_id=track.pk, above_id=above.pk, **data, actor=staff_of(request), at=timezone.now()
        )
        made.append(tier.pk)
        return _("The tier is made. Give it rules in a draft: until then nobody gets it.")

    if form.is_bound and form.is_valid() and _done(request, form, create):
        return redirect("tiers:tier-detail", made[0])
    context = {"form": form, "heading": _("New tier of the track %(name)s") % {"name": track}, "note": "tier"}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def tier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a level is called."""
    tier = tier_or_404(pk)
    initial = {"name": tier.name, "colour": tier.colour, "is_rechargeable": tier.is_rechargeable}
    form = TierForm(request.POST or None, initial=initial)

    def save() -> str:
        services.save_tier(tier_id=pk, **form.cleaned_data, actor=staff_of(request), at=timezone.now())
        return _("The tier is saved.")

    if form.is_bound and form.is_valid() and _done(request, form, save):
        return redirect("tiers:tier-detail", pk)
    context = {"tier": tier, "form": form, "heading": _("Name and colour")}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)


@require_POST
def tier_retirement(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a level out of use, or bring it back with ``retired=0``."""
    tier = tier_or_404(pk)
    retired = request.POST.get("retired") != "0"
    try:
        services.set_retired(tier_id=tier.pk, retired=retired, actor=staff_of(request), at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        text = _("%(name)s is retired. Who holds it keeps it.") if retired else _("%(name)s is in use again.")
        messages.success(request, text % {"name": tier.label})
    return redirect("tiers:tier-detail", pk)


def _done(request: HttpRequest, form: Any, act: Callable[[], str]) -> bool:
    """Do it and say so, or put the refusal into the form."""
    try:
        text = act()
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, text)
    return True
