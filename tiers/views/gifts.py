"""The packs that a level gives."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from tiers import services
from tiers.forms import TierGiftForm
from tiers.models import TierGift
from tiers.views._shared import staff_of, tier_or_404


@require_http_methods(["GET", "POST"])
def gift_create(request: HttpRequest, tier_id: int) -> HttpResponse:
    """Another pack that the level gives."""
    return _edit(request, TierGift(tier=tier_or_404(tier_id)))


@require_http_methods(["GET", "POST"])
def gift_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change or pause a gift; what was given stays given."""
    gift = TierGift.objects.select_related("tier__track", "pack").filter(pk=pk).first()
    if gift is None:
        raise Http404
    return _edit(request, gift)


def _edit(request: HttpRequest, gift: TierGift) -> HttpResponse:
    heading = _("Gift of the tier %(name)s") % {"name": gift.tier.label}
    form = TierGiftForm(request.POST or None, gift=gift)
    if form.is_bound and form.is_valid():
        try:
            services.save_gift(gift=form.fill(gift), actor=staff_of(request), at=timezone.now())
        except DomainError as refusal:
            form.add_error("pack", str(refusal))
        else:
            messages.success(request, _("The gift is saved."))
            return redirect("tiers:tier-detail", gift.tier_id)
    context = {"tier": gift.tier, "form": form, "heading": heading, "note": "gift"}
    return render(request, "tiers/tier_form.html", context, status=422 if form.is_bound else 200)
