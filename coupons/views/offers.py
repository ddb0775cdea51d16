"""Offers that members claim: the list, the editor, and the page with link and QR code."""

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from coupons import services, wording
from coupons.forms.giving import OfferFilter, OfferForm
from coupons.models import Offer
from coupons.selectors.offers import get_offer, list_offers, state_of_offer
from coupons.views._shared import staff_of


def _offer_or_404(pk: int) -> Offer:
    try:
        return get_offer(pk)
    except Offer.DoesNotExist:
        raise Http404 from None


@require_safe
def offer_list(request: HttpRequest) -> HttpResponse:
    """All offers, newest first."""
    form, at = OfferFilter(request.GET), timezone.now()
    listing = list_page(list_offers(state=form.chosen, at=at), request.GET, sorts={"newest": "pk"}, default="-newest")
    context = {
        "form": form,
        "listing": listing,
        "offers": [(offer, state_of_offer(offer, at)) for offer in listing.rows],
    }
    return render_page(request, "coupons/offer_list.html", context, fragment="offers")


@require_http_methods(["GET", "POST"])
def offer_create(request: HttpRequest) -> HttpResponse:
    """A new offer with a code of its own."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
def offer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change dates, limit or state; the code stays."""
    return _edit(request, _offer_or_404(pk))


def _edit(request: HttpRequest, offer: Offer | None) -> HttpResponse:
    initial = {"template": request.GET.get("template"), **OfferForm.initial_of(offer)}
    form = OfferForm(request.POST or None, initial=initial, offer=offer)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        starts_at, ends_at = form.span
        try:
            saved = services.save_offer(
                offer_id=None if offer is None else offer.pk,
                template_id=data["template"].pk,
                name=data["name"],
                starts_at=starts_at,
                ends_at=ends_at,
                limit=data["limit"],
                is_open=data["is_open"],
                actor=staff_of(request),
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("coupons:offer-detail", saved.pk)
    context = {"form": form, "offer": offer}
    return render(request, "coupons/offer_form.html", context, status=422 if form.is_bound else 200)


@require_safe
def offer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The link, the code for tills and what was claimed."""
    offer = _offer_or_404(pk)
    context = {
        "offer": offer,
        "state": state_of_offer(offer, timezone.now()),
        "promise": wording.promise(offer.template),
        "link": request.build_absolute_uri(reverse("claim:page", args=[offer.code])),
        "code": " ".join(offer.code[start : start + 6] for start in range(0, len(offer.code), 6)),
    }
    return render(request, "coupons/offer_detail.html", context)


@require_safe
def offer_code(request: HttpRequest, pk: int) -> HttpResponse:
    """The link of the offer's page as a QR code, to print; ``?till`` has the bare code, to scan at a till."""
    offer = _offer_or_404(pk)
    text = offer.code if "till" in request.GET else request.build_absolute_uri(reverse("claim:page", args=[offer.code]))
    image = segno.make_qr(text, error="m").svg_inline(
        scale=6, border=4, svgclass=None, lineclass=None, omitsize=False, dark="#000", light="#fff"
    )
    body = image.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return HttpResponse(body, content_type="image/svg+xml", headers={"Cache-Control": "private, max-age=3600"})
