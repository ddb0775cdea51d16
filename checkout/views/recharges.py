"""Stored value sold at the till: plans as big buttons or a free amount, the receipt, and the undoing of a mistake."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

import gifts.selectors
import members.selectors
import wallet.selectors
from checkout import selectors, services
from checkout.forms import RechargeForm, VoidForm, refuse
from checkout.views.desk import Sale, at_till
from core.errors import DomainError
from members.models import Member
from stores.models import Staff


@at_till
def recharge_create(sale: Sale) -> HttpResponse:
    """Sell stored value to the member of the sale, or to one that is looked up here."""
    member = _member(sale)
    if member is None:
        return _look_up(sale)
    form = RechargeForm(sale.request.POST or None, initial={"member": member.pk})
    if sale.request.method == "POST" and form.is_valid():
        try:
            sale_id = _recharge(sale, form)
        except DomainError as refused:
            refuse(form, refused)
        else:
            return redirect("checkout:recharge-detail", selectors.get_recharge_sale(sale_id).recharge_id)
    context = {
        "form": form,
        "member": member,
        "balance": wallet.selectors.get_balance(member_id=member.pk, at=sale.at),
        "plans": [
            (f"{plan.pk}:{plan.amount}", plan)
            for plan in gifts.selectors.list_plans_for(store=sale.desk.till.store, at=sale.at)
        ],
        "chosen": form["plan"].value() or "",
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
    }
    return render(sale.request, "checkout/recharge_form.html", context, status=422 if form.is_bound else 200)


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
        kind=data["kind"],
        received=data["received"],
        actor=sale.staff,
        at=sale.at,
    )


@require_safe
def recharge_detail(request: HttpRequest, recharge_id: int) -> HttpResponse:
    """The receipt of a recharge as it was, and its undoing where that is still possible."""
    return _detail(request, recharge_id, VoidForm())


@require_POST
def recharge_void_create(request: HttpRequest, recharge_id: int) -> HttpResponse:
    """Undo a mistaken recharge (R-W5); the money leaves the drawer of the bound till."""

    def void(sale: Sale) -> HttpResponse:
        recharge = selectors.get_recharge_for(sale.staff, recharge_id)
        form = VoidForm(request.POST)
        if form.is_valid():
            try:
                services.void_recharge_sale(
                    key=form.cleaned_data["command_key"],
                    sale_id=recharge.pk,
                    till=sale.desk.till,
                    reason=form.cleaned_data["reason"],
                    actor=sale.staff,
                    at=sale.at,
                )
            except DomainError as refused:
                refuse(form, refused)
            else:
                return redirect("checkout:recharge-detail", recharge_id)
        return _detail(request, recharge_id, form)

    return at_till(void)(request)


def _detail(request: HttpRequest, recharge_id: int, form: VoidForm) -> HttpResponse:
    sale = selectors.get_recharge_for(cast("Staff", request.user), recharge_id)
    context: dict[str, Any] = {
        "recharge": sale,
        "void": getattr(sale, "void", None),
        "receipt": selectors.recharge_view(sale.receipt),
        "form": form,
    }
    return render(request, "checkout/recharge_detail.html", context, status=422 if form.is_bound else 200)
