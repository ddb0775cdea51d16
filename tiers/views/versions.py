"""A level's versions: what held when, where two of them differ, and calling off one that has not begun."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from tiers import selectors, services
from tiers.models import Version
from tiers.selectors import boards
from tiers.terms import terms_of
from tiers.views._shared import category_names, staff_of, tier_or_404
from tiers.wording_terms import differences, lines_of

BADGES = {"coming": "info", "in_force": "success", "past": "neutral", "called_off": "warning"}


@require_safe
def tier_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One level with its gifts and all its versions, newest first."""
    tier = tier_or_404(pk)
    at = timezone.now()
    is_base, categories = selectors.is_base(tier), category_names()
    context = {
        "tier": tier,
        "is_base": is_base,
        "draft": boards.find_open_draft(tier.track_id),
        "holders": boards.count_holders_of(pk),
        "gifts": boards.list_gifts(tier_id=pk),
        "versions": [
            {
                "version": version,
                "state": state,
                "badge": BADGES[state],
                "lines": lines_of(terms_of(version), tier, is_base=is_base, categories=categories),
            }
            for version, state in boards.list_history(tier_id=pk, at=at)
        ],
    }
    return render(request, "tiers/tier_detail.html", context)


@require_safe
def version_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions of a level side by side: ``?old=..&new=..``, without them the last two."""
    tier = tier_or_404(pk)
    history = boards.list_history(tier_id=pk, at=timezone.now())
    versions = [version for version, _state in history]
    if not versions:
        raise Http404
    new = _chosen(request, "new", versions, versions[0])
    old = _chosen(request, "old", versions, versions[1] if len(versions) > 1 else versions[0])
    is_base, categories = selectors.is_base(tier), category_names()
    sides = [lines_of(terms_of(one), tier, is_base=is_base, categories=categories) for one in (old, new)]
    context: dict[str, Any] = {
        "tier": tier,
        "versions": versions,
        "old": old,
        "new": new,
        "differences": differences(*sides),
    }
    return render(request, "tiers/version_compare.html", context)


def _chosen(request: HttpRequest, name: str, versions: list[Version], default: Version) -> Version:
    typed = request.GET.get(name, "")
    if not typed:
        return default
    for version in versions:
        if str(version.pk) == typed:
            return version
    raise Http404


@require_POST
def version_call_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Call off what was planned by one draft and has not begun."""
    version = Version.objects.filter(pk=pk).first()
    if version is None:
        raise Http404
    try:
        services.call_off(version_id=pk, actor=staff_of(request), at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The planned rules are called off. What holds now goes on."))
    return redirect("tiers:tier-detail", version.tier_id)
