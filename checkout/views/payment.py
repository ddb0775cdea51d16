"""Paying, and what is shown afterwards: the done page and the receipt."""

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

import tiers.selectors
from checkout import selectors, services
from checkout.forms import ConfirmationForm
from checkout.models import Order
from checkout.services import InvalidTender, NoShift, QuoteChanged
from checkout.views.desk import Sale, at_paying, at_till, find_desk, render_refusal, render_sale, with_member
from checkout.views.pin import ask_pin
from core import settings
from core.errors import DomainError
from core.forms import MoneyField
from core.http import render_page
from core.money import ZERO
from members.services import InvalidProof
from stores.models import Staff
from wallet.services import PinRequired


@require_POST
@at_paying
def confirmation_create(sale: Sale) -> HttpResponse:
    """Sell what is shown. A changed price is shown with its differences and asked about, nothing is charged (R-C1)."""
    form = ConfirmationForm(sale.request.POST)
    if not form.is_valid():
        return render_refusal(sale, InvalidTender(form.problem), typed=form.typed)
    data = form.cleaned_data
    basket = selectors.get_basket_for(sale.staff, data["basket"])
    try:
        order_id = services.confirm_sale(
            key=data["command_key"],
            basket_id=basket.pk,
            fingerprint=data["fingerprint"],
            tenders=form.tenders,
            actor=sale.staff,
            at=sale.at,
            pin_proof=data["pin_proof"],
            pass_agreed=data["pass_agreed"],
        )
    except QuoteChanged as changed:
        return _changed(sale, changed)
    except (PinRequired, InvalidProof) as asked:
        question = ask_pin(basket, data["wallet"] or ZERO, str(asked))
        return render_refusal(sale, asked, level="info", typed=form.typed, pin=question)
    except NoShift:
        raise
    except DomainError as refused:
        return render_refusal(sale, refused, typed=form.typed)
    response = redirect("checkout:done", order_id)
    response.status_code = 303
    return response


@require_safe
@at_till
def wallet_split(sale: Sale) -> HttpResponse:
    """Principal and bonus of a payment that is being typed, shown before it is made (R-W1, R-W2); empty for nothing."""
    split = None
    basket = sale.desk.basket
    try:
        amount = MoneyField(required=False).clean(sale.request.GET.get("amount", ""))
    except ValidationError:
        amount = None
    if amount and basket is not None and basket.member_id is not None:
        split = selectors.preview_split(member_id=basket.member_id, amount=amount, at=sale.at)
    context = {
        "split": split,
        "bonus_is_silent": split is not None and split.bonus and not settings.value("checkout.bonus_earns", sale.at),
    }
    return render(sale.request, "checkout/_wallet_split.html", context)


def _changed(sale: Sale, changed: QuoteChanged) -> HttpResponse:
    if sale.desk.basket is None:
        return render_refusal(sale, changed)
    basket, quote = services.refresh(basket_id=sale.desk.basket.pk, at=sale.at)
    return render_sale(
        sale,
        basket=with_member(sale, basket),
        quote=quote,
        status=changed.status,
        changed=changed.differences,
        notice=str(changed),
        level="warning",
    )


@require_safe
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Change, points, stored value and tier after the sale; the next customer begins by scanning."""
    order = selectors.get_order_for(cast("Staff", request.user), pk)
    desk = find_desk(request)
    context = {**_receipt(order), "till": desk.till if desk else None, "held_count": desk.held_count if desk else 0}
    if order.member_id is not None:
        context["tier_badge"] = selectors.tier_badge(order.tier_code)
        context["progress"] = tiers.selectors.get_progress_to_next(member_id=order.member_id, at=timezone.now())
    return render_page(request, "checkout/done.html", context, fragment="sale")


@require_safe
def receipt_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt as it was, for the screen and for 80 mm paper; nothing is computed again."""
    order = selectors.get_order_for(cast("Staff", request.user), pk)
    return render(request, "checkout/receipt.html", _receipt(order))


def _receipt(order: Order) -> dict[str, Any]:
    data = order.receipt.data if hasattr(order, "receipt") else None
    return {"order": order, "receipt": None if data is None else selectors.receipt_view(data)}
