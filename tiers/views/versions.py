"""New versions of a level."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from core.days import local_day
from core.http import render_page
from tiers import selectors, services, wording
from tiers.forms import VersionForm
from tiers.models import Tier, Version
from tiers.views._shared import staff_of, summary_of, tier_or_404


def version_create(request: HttpRequest, pk: int) -> HttpResponse:
    """New thresholds and benefits from a day on; ``?preview`` answers with the sentence only and saves nothing."""
    tier = tier_or_404(pk)
    at = timezone.now()
    latest = selectors.list_versions(tier_id=pk).first()
    initial = {} if latest is None else VersionForm.initial_of(latest, local_day(at))
    form = VersionForm(request.POST or None, initial=initial, is_base=selectors.is_base(tier))
    is_preview = "preview" in request.GET
    sentences = [] if latest is None else summary_of(latest)
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
        services.add_version(
            tier=tier, **form.terms, effective_at=form.effective_at(at), actor=staff_of(request), at=at
        )
    except services.InvalidVersion as refusal:
        form.add_error("effective_on" if form.effective_at(at) < at else None, str(refusal))
        return False
    messages.success(request, _("The new rules of %(tier)s are saved.") % {"tier": tier.label})
    return True
