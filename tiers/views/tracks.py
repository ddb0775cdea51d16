"""The levels: what they are called, what they ask and give, who holds them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from tiers import selectors, services
from tiers.forms import TierForm
from tiers.views._shared import staff_of, summary_of, tier_or_404


def tier_list(request: HttpRequest) -> HttpResponse:
    """Every level with the version in force, what comes next and who holds it."""
    at = timezone.now()
    in_force = {version.tier_id: version for version in selectors.list_versions_in_force(at)}
    coming = selectors.list_coming_versions(at)
    holders = selectors.count_holders()
    rows = [
        (
            tier,
            summary_of(in_force[tier.pk]) if tier.pk in in_force else [],
            coming.get(tier.pk),
            holders.get(tier.pk, 0),
        )
        for tier in selectors.list_tiers()
    ]
    return render(request, "tiers/tier_list.html", {"rows": rows})


def tier_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One level with all its versions, newest first."""
    tier = tier_or_404(pk)
    at = timezone.now()
    versions = list(selectors.list_versions(tier_id=pk))
    current = next((version for version in versions if version.effective_at <= at), None)
    context = {
        "tier": tier,
        "versions": [
            (version, summary_of(version), version == current, version.effective_at > at) for version in versions
        ],
    }
    return render(request, "tiers/tier_detail.html", context)


def tier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a level is called."""
    tier = tier_or_404(pk)
    form = TierForm(request.POST or None, initial={"name": tier.name, "colour": tier.colour})
    if form.is_bound and form.is_valid():
        services.rename_tier(tier_id=pk, **form.cleaned_data, actor=staff_of(request), at=timezone.now())
        messages.success(request, _("The tier is saved."))
        return redirect("tiers:tier-detail", pk)
    context = {"tier": tier, "form": form}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)
