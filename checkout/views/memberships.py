"""Paid tiers at the till: sold, renewed or converted, mistaken sales undone, and refunds paid."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

import members.services
import wallet.selectors
from checkout import selectors, services
from checkout.forms import PayTierRefundForm, TierSaleForm, VoidForm, refuse
from checkout.views.contracts import contract_member, look_up_member, pin_proof_of
from checkout.views.desk import Sale, at_till, find_desk
from core.errors import DomainError
from members.services import InvalidProof
from stores.models import Staff
from tiers.selectors.memberships import get_refund_for, list_member_memberships, list_purchases
from wallet.services import PinRequired


@sensitive_post_parameters("pin")
def tier_sale_create(request: HttpRequest) -> HttpResponse:
    """Sell a paid tier to the member of the sale, or to one that is looked up here."""
    return at_till(_sell)(request)


def _sell(sale: Sale) -> HttpResponse:
    member = contract_member(sale)
    if member is None:
        return look_up_member(sale, "checkout/tier_member.html")
    form = TierSaleForm(sale.request.POST or None, initial={"member": member.pk})
    if sale.request.method == "POST" and form.is_valid():
        try:
            sale_id = _sell_as_typed(sale, form)
        except (PinRequired, InvalidProof, members.services.PinRefused) as refused:
            form.add_error("pin", str(refused))
        except DomainError as refused:
            refuse(form, refused)
        else:
            return redirect("checkout:tier-sale-detail", selectors.get_tier_sale(sale_id).membership_id)
    context = {
        "form": form,
        "member": member,
        "balance": wallet.selectors.get_balance(member_id=member.pk, at=sale.at),
        "running": list_member_memberships(member.pk, sale.at),
        "offers": list_purchases(member_id=member.pk, at=sale.at),
        "chosen": form["plan"].value() or "",
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
    }
    return render(sale.request, "checkout/tier_form.html", context, status=422 if form.is_bound else 200)


def _sell_as_typed(sale: Sale, form: TierSaleForm) -> int:
    data = form.cleaned_data
    return services.sell_tier(
        key=data["command_key"],
        till=sale.desk.till,
        member_id=data["member"],
        plan_id=data["plan_id"],
        price=data["price"],
        how=data["how"],
        kind=data["kind"],
        received=data["received"],
        actor=sale.staff,
        at=sale.at,
        pin_proof=pin_proof_of(sale, data),
    )


@require_safe
def tier_sale_detail(request: HttpRequest, membership_id: int) -> HttpResponse:
    """The receipt of a paid tier as it was, and its undoing where that is still possible."""
    return _detail(request, membership_id, VoidForm())


@require_POST
def tier_sale_void_create(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Undo a mistaken sale of a paid tier; the money leaves the bound till's drawer or goes back to stored value."""

    def void(sale: Sale) -> HttpResponse:
        sold = selectors.get_tier_sale_for(sale.staff, membership_id)
        form = VoidForm(request.POST)
        if form.is_valid():
            try:
                services.void_tier_sale(
                    key=form.cleaned_data["command_key"],
                    sale_id=sold.pk,
                    till=sale.desk.till,
                    reason=form.cleaned_data["reason"],
                    actor=sale.staff,
                    at=sale.at,
                )
            except services.NoShift:
                raise
            except DomainError as refused:
                refuse(form, refused)
            else:
                return redirect("checkout:tier-sale-detail", membership_id)
        return _detail(request, membership_id, form)

    return at_till(void)(request)


def _detail(request: HttpRequest, membership_id: int, form: VoidForm) -> HttpResponse:
    sale = selectors.get_tier_sale_for(cast("Staff", request.user), membership_id)
    context: dict[str, Any] = {
        "sale": sale,
        "void": getattr(sale, "void", None),
        "receipt": selectors.tier_sale_view(sale.receipt),
        "form": form,
    }
    return render(request, "checkout/tier_sale_detail.html", context, status=422 if form.is_bound else 200)


def tier_refund_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Pay an approved refund of a paid tier: from the bound till's drawer, and back to stored value what came there."""
    staff = cast("Staff", request.user)
    refund = get_refund_for(staff, pk)
    if refund is None:
        raise Http404
    desk = find_desk(request)
    till = desk.till if desk is not None and desk.shift_id is not None else None
    form = PayTierRefundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.pay_tier_refund(
                key=form.cleaned_data["command_key"], refund_id=pk, till=till, actor=staff, at=timezone.now()
            )
        except DomainError as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("The refund is paid."))
            return redirect("tiers:membership-refund-detail", pk)
    context = {"form": form, "refund": refund, "till": till, "is_due": refund.status == "due"}
    return render(request, "checkout/tier_refund_form.html", context, status=422 if form.is_bound else 200)
