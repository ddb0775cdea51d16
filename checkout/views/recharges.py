"""Stored value sold at the till: plans as big buttons or a free amount, the receipt, and the undoing of a mistake."""

from decimal import Decimal
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

import gifts.selectors
import members.selectors
import tiers.selectors
import wallet.selectors
import wallet.services
from checkout import selectors, services
from checkout.forms import RechargeForm, RechargeVoidForm, refuse
from checkout.views.desk import Sale, at_till
from core.errors import DomainError
from gifts import wording
from gifts.selectors import Offer
from members.models import Member
from stores.models import Staff


@sensitive_post_parameters("id_number")
@at_till
def recharge_create(sale: Sale) -> HttpResponse:
    """Sell stored value to the member of the sale, or to one that is looked up here.

    ``?offer`` answers with what a free amount gets, so that the customer is told before paying (R-W1).
    """
    member = _member(sale)
    if member is None:
        return _look_up(sale)
    offers = gifts.selectors.list_offers(store=sale.desk.till.store, member_id=member.pk, at=sale.at)
    form = RechargeForm(sale.request.POST or None, initial={"member": member.pk})
    if sale.request.method == "POST" and "offer" in sale.request.GET:
        return render(sale.request, "checkout/recharge_form.html#offer", _free(sale, offers, form))
    if sale.request.method == "POST" and form.is_valid():
        try:
            sale_id = _recharge(sale, form)
        except DomainError as refused:
            refuse(form, refused, "payer_name" if isinstance(refused, wallet.services.IdentityRequired) else None)
        else:
            return redirect("checkout:recharge-detail", selectors.get_recharge_sale(sale_id).recharge_id)
    context = {
        "form": form,
        "member": member,
        "balance": wallet.selectors.get_balance(member_id=member.pk, at=sale.at),
        "forbidding": tiers.selectors.get_benefits(member_id=member.pk, at=sale.at).not_rechargeable_by,
        "offers": [_button(offer, sale) for offer in offers],
        "chosen": form["plan"].value() or "",
        "coupons": selectors.list_recharge_coupons(store=sale.desk.till.store, member=member, amount=None, at=sale.at),
        "chosen_coupon": str(form["coupon"].value() or ""),
        "payer_open": form.is_bound and form.asks_payer,
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
        **_free(sale, offers, form),
    }
    return render(sale.request, "checkout/recharge_form.html", context, status=422 if form.is_bound else 200)


def _button(offer: Offer, sale: Sale) -> dict[str, Any]:
    """A plan as the cashier reads it out: what it costs, all that comes with it, and for whom it is."""
    plan = offer.plan
    left = None if plan.total_limit is None else plan.total_limit - plan.sold_count
    return {
        "value": f"{plan.pk}:{plan.amount}:{plan.version}",
        "plan": plan,
        "gives": wording.gives(offer.terms, at=sale.at),
        "limits": wording.limits(plan),
        "left": left,
        "refusal": offer.refusal,
    }


def _free(sale: Sale, offers: list[Offer], form: RechargeForm) -> dict[str, Any]:
    """The plan that the typed amount gets; nothing while there is no amount."""
    typed = form["amount"].value()
    try:
        amount: Decimal | None = form.fields["amount"].clean(typed)
    except ValidationError:
        amount = None
    best = None if amount is None else gifts.selectors.best_offer(offers, amount)
    return {
        "free_amount": amount,
        "free_value": "" if best is None else f"{best.plan.pk}:{best.plan.version}",
        "free_plan": None if best is None else best.plan,
        "free_gives": [] if best is None else wording.gives(best.terms, at=sale.at),
    }


def _member(sale: Sale) -> Member | None:
    """The member named by the form or the link, else that of the sale."""
    text = sale.request.POST.get("member") or sale.request.GET.get("member", "")
    if text.isascii() and text.isdigit() and len(text) < 19:
        try:
            return members.selectors.get_member(int(text))
        except Member.DoesNotExist:
            return None
    if "q" in sale.request.GET or sale.desk.basket is None:
        return None
    return sale.desk.basket.member


def _look_up(sale: Sale) -> HttpResponse:
    text = sale.request.GET.get("q", "")
    found = members.selectors.find_members(text) if text else []
    context = {
        "found": found,
        "text": text,
        "ended_card": members.selectors.find_ended_card(text),
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
    }
    return render(sale.request, "checkout/recharge_member.html", context)


def _recharge(sale: Sale, form: RechargeForm) -> int:
    data = form.cleaned_data
    return services.recharge_at_till(
        key=data["command_key"],
        till=sale.desk.till,
        member_id=data["member"],
        amount=data["amount"],
        plan_id=data["plan_id"],
        plan_version=data["plan_version"],
        as_shown=data["as_shown"],
        kind=data["kind"],
        received=data["received"],
        payer=form.payer,
        coupon_id=data["coupon"],
        actor=sale.staff,
        at=sale.at,
    )


@require_safe
def recharge_detail(request: HttpRequest, recharge_id: int) -> HttpResponse:
    """The receipt of a recharge as it was, and its undoing where that is still possible."""
    return _detail(request, recharge_id, RechargeVoidForm())


@require_POST
def recharge_void_create(request: HttpRequest, recharge_id: int) -> HttpResponse:
    """Undo a mistaken recharge (R-W5); the money leaves the drawer of the bound till."""

    def void(sale: Sale) -> HttpResponse:
        recharge = selectors.get_recharge_for(sale.staff, recharge_id)
        form = RechargeVoidForm(request.POST)
        if form.is_valid():
            try:
                services.void_recharge_sale(
                    key=form.cleaned_data["command_key"],
                    sale_id=recharge.pk,
                    till=sale.desk.till,
                    reason=form.cleaned_data["reason"],
                    goods_returned=form.cleaned_data["goods_returned"],
                    actor=sale.staff,
                    at=sale.at,
                )
            except DomainError as refused:
                refuse(form, refused)
            else:
                return redirect("checkout:recharge-detail", recharge_id)
        return _detail(request, recharge_id, form)

    return at_till(void)(request)


def _detail(request: HttpRequest, recharge_id: int, form: RechargeVoidForm) -> HttpResponse:
    sale = selectors.get_recharge_for(cast("Staff", request.user), recharge_id)
    context: dict[str, Any] = {
        "recharge": sale,
        "void": getattr(sale, "void", None),
        "receipt": selectors.recharge_view(sale.receipt),
        # A member without PIN is asked to choose one at the first recharge (R-W10).
        "offers_pin": not members.selectors.has_pin(sale.member_id),
        "form": form,
    }
    return render(request, "checkout/recharge_detail.html", context, status=422 if form.is_bound else 200)
