"""The public page of an offer: whoever has the link types a phone number. It never says whether that is a member."""

from axes.helpers import get_client_ip_address
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from coupons import services, wording
from coupons.forms.giving import ClaimForm
from coupons.models import Offer
from coupons.selectors.offers import find_offer_by_code, refusal_of
from members.identity import InvalidPhone


@sensitive_post_parameters("phone")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim_page(request: HttpRequest, code: str) -> HttpResponse:
    """What the coupon promises and a box for the phone; the answer is the same for every phone."""
    offer = find_offer_by_code(code)
    if offer is None:
        raise Http404
    at = timezone.now()
    form = ClaimForm(request.POST if request.method == "POST" else None)
    refusal = refusal_of(offer, at)
    is_sent, status = False, 200
    if form.is_bound and not refusal:
        is_sent, status = _claim(request, offer, form)
    context = {
        "offer": offer,
        "template": offer.template,
        "promise": wording.promise(offer.template),
        "validity": wording.validity(offer.template),
        "refusal": services.refusal_text(refusal) if refusal and not is_sent else "",
        "form": form,
        "is_sent": is_sent,
    }
    return render(request, "coupons/claim.html", context, status=status)


def _claim(request: HttpRequest, offer: Offer, form: ClaimForm) -> tuple[bool, int]:
    if not form.is_valid():
        return False, 422
    try:
        services.ask_by_phone(
            offer=offer,
            phone=form.cleaned_data["phone"],
            address=get_client_ip_address(request),
            at=timezone.now(),
        )
    except InvalidPhone:
        form.add_error("phone", _("This is not a phone number."))
        return False, 422
    except services.TooManyTries as refusal:
        form.add_error(None, str(refusal))
        return False, refusal.status
    return True, 200
