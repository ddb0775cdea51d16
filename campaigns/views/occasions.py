"""The lists and the forms of giveaways and order rewards."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns import selectors, services, wording
from campaigns.forms import GiveawayForm, OccasionForm, RewardForm
from campaigns.models import Giveaway, OrderReward
from core.days import local_day
from core.errors import DomainError
from gifts.selectors import get_pack_terms, read_pack_terms
from stores.models import Staff


def _rows(kind: str, rows: list[Any], sentence: Callable[..., str]) -> list[dict[str, Any]]:
    today, outcomes = local_day(timezone.now()), selectors.outcomes_of(kind)
    terms = read_pack_terms([row.pack for row in rows])
    return [
        {
            "row": row,
            "sentence": sentence(row, parts.parts),
            "period": wording.period(row),
            "is_offered": row.is_offered_on(today) and row.pack.is_active,
            "outcome": outcomes.get(row.pk, selectors.Outcome()),
        }
        for row, parts in zip(rows, terms, strict=True)
    ]


@require_safe
def giveaway_list(request: HttpRequest) -> HttpResponse:
    """All giveaways with what became of them; a shop has a handful, so there are no pages."""
    rows = _rows("giveaway", list(selectors.list_giveaways()), wording.giveaway_sentence)
    return render(request, "campaigns/giveaway_list.html", {"rows": rows})


@require_safe
def reward_list(request: HttpRequest) -> HttpResponse:
    """All order rewards with what became of them."""
    rows = _rows("order-reward", list(selectors.list_rewards()), wording.reward_sentence)
    return render(request, "campaigns/reward_list.html", {"rows": rows})


def giveaway_create(request: HttpRequest) -> HttpResponse:
    """A new giveaway."""
    return _edit_giveaway(request, Giveaway())


def giveaway_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a giveaway; what was given stays given."""
    try:
        return _edit_giveaway(request, selectors.get_giveaway(pk))
    except Giveaway.DoesNotExist:
        raise Http404 from None


def reward_create(request: HttpRequest) -> HttpResponse:
    """A new order reward."""
    return _edit_reward(request, OrderReward())


def reward_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an order reward; orders keep what they have won."""
    try:
        return _edit_reward(request, selectors.get_reward(pk))
    except OrderReward.DoesNotExist:
        raise Http404 from None


def _edit_giveaway(request: HttpRequest, giveaway: Giveaway) -> HttpResponse:
    name, staff = giveaway.name, cast("Staff", request.user)
    form = GiveawayForm(request.POST or None, staff=staff, row=giveaway)

    def save() -> None:
        services.save_giveaway(
            giveaway=form.filled(), stores=form.cleaned_data["stores"], actor=staff, at=timezone.now()
        )

    return _edit(request, form, name, save, wording.giveaway_sentence, "giveaway")


def _edit_reward(request: HttpRequest, reward: OrderReward) -> HttpResponse:
    name, staff = reward.name, cast("Staff", request.user)
    form = RewardForm(request.POST or None, staff=staff, row=reward)

    def save() -> None:
        services.save_reward(reward=form.filled(), stores=form.cleaned_data["stores"], actor=staff, at=timezone.now())

    return _edit(request, form, name, save, wording.reward_sentence, "reward")


def _edit(
    request: HttpRequest,
    form: OccasionForm,
    name: str,
    save: Callable[[], None],
    sentence: Callable[..., str],
    kind: str,
) -> HttpResponse:
    template = f"campaigns/{kind}_form.html"
    if request.method == "POST" and "preview" in request.GET:
        return render(request, f"{template}#summary", {"sentence": _typed(form, sentence)})
    if request.method == "POST" and form.is_valid():
        try:
            save()
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
            return redirect(f"campaigns:{kind}-list")
    known = _typed(form, sentence) if form.is_bound else _stored(form, sentence)
    context = {"form": form, "name": name, "sentence": known}
    return render(request, template, context, status=422 if form.is_bound else 200)


def _typed(form: OccasionForm, sentence: Callable[..., str]) -> str:
    """What the form says by now; empty while something that the sentence needs is missing."""
    form.is_valid()
    needed = [name for name in ("pack", "threshold", "trigger") if name in form.fields]
    if not all(form.cleaned_data.get(name) for name in needed):
        return ""
    return sentence(form.filled(), get_pack_terms(form.cleaned_data["pack"]).parts)


def _stored(form: OccasionForm, sentence: Callable[..., str]) -> str:
    return sentence(form.row, get_pack_terms(form.row.pack).parts) if form.row.pk else ""
