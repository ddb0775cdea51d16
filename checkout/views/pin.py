"""The member's PIN at the till (R-W10): proved, or set for the first time, by posts of their own before the sale."""

from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

import members.selectors
import members.services
from checkout.models import Basket
from checkout.views.desk import Sale, at_paying
from core.errors import DomainError
from members.forms import NewPinForm, PinForm


@dataclass(frozen=True)
class PinQuestion:
    """What the pad asks: the PIN, or, of a member without one, a new PIN twice."""

    amount: Decimal
    has_pin: bool
    message: str


def ask_pin(basket: Basket, amount: Decimal, message: str) -> PinQuestion | None:
    """The question for the member of a sale, or None for a walk-in."""
    if basket.member_id is None:
        return None
    return PinQuestion(amount, members.selectors.has_pin(basket.member_id), message)


@sensitive_post_parameters("pin")
@never_cache
@require_POST
@at_paying
def pin_proof_create(sale: Sale) -> HttpResponse:
    """A proof for the payment if the PIN is right; the wrong tries are counted whatever becomes of the sale."""
    form = PinForm(sale.request.POST)
    if not form.is_valid():
        return _refused(form.problem)
    return _prove(sale, _member_id(sale), form.cleaned_data["pin"])


@sensitive_post_parameters("pin", "pin_again")
@never_cache
@require_POST
@at_paying
def pin_create(sale: Sale) -> HttpResponse:
    """The first PIN of the member of the sale, and at once the proof for this payment."""
    form = NewPinForm(sale.request.POST)
    if not form.is_valid():
        return _refused(form.problem)
    member_id, pin = _member_id(sale), form.cleaned_data["pin"]
    store = sale.desk.till.store
    try:
        members.services.set_pin(member_id=member_id, pin=pin, actor=sale.staff, at=sale.at, store=store)
    except DomainError as refused:
        return _refused(str(refused), refused.status)
    return _prove(sale, member_id, pin)


def _member_id(sale: Sale) -> int:
    """The member of the sale on this till's screen; 404 for a walk-in."""
    basket = sale.desk.basket
    if basket is None or basket.member_id is None:
        raise Http404
    return basket.member_id


def _prove(sale: Sale, member_id: int, pin: str) -> HttpResponse:
    store = sale.desk.till.store
    try:
        proof = members.services.verify_pin(member_id=member_id, pin=pin, at=sale.at, actor=sale.staff, store=store)
    except DomainError as refused:
        return _refused(str(refused), refused.status)
    return JsonResponse({"proof": str(proof)})


def _refused(message: str, status: int = 422) -> HttpResponse:
    return JsonResponse({"message": message}, status=status)
