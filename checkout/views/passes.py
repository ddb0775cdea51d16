"""Count passes at the till: lines that a pass pays, passes sold and undone, and refunds of passes paid."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

import members.services
import passes.selectors
import wallet.selectors
from checkout import selectors, services
from checkout.forms import PassLineForm, PassRefundForm, PassSaleForm, VoidForm, refuse
from checkout.services import InvalidLine
from checkout.views.contracts import contract_member, look_up_member, pin_proof_of
from checkout.views.desk import Sale, at_till, current_line, find_desk, render_sale, with_member
from core.errors import DomainError
from members.services import InvalidProof
from stores.models import Staff
from wallet.services import PinRequired


@require_POST
@at_till
def pass_line_create(sale: Sale) -> HttpResponse:
    """Let a pass of the member pay the highlighted line: the one that ends first, or the chosen one."""
    form = PassLineForm(sale.request.POST)
    current = current_line(sale.request)
    if not form.is_valid() or current is None or sale.desk.basket is None:
        raise InvalidLine(_("There is no line that a pass could pay."))
    basket, quote = services.take_pass(
        basket_id=sale.desk.basket.pk, product_id=current[0], pass_id=form.cleaned_data["held"], at=sale.at
    )
    return render_sale(sale, basket=with_member(sale, basket), quote=quote)


@require_POST
@at_till
def pass_line_delete(sale: Sale) -> HttpResponse:
    """Pay a line in the ordinary way after all."""
    current = current_line(sale.request)
    if current is None or current[1] is None or sale.desk.basket is None:
        return render_sale(sale)
    basket, quote = services.leave_pass(
        basket_id=sale.desk.basket.pk, product_id=current[0], pass_id=current[1], at=sale.at
    )
    return render_sale(sale, basket=with_member(sale, basket), quote=quote, current=(current[0], None))


@sensitive_post_parameters("pin")
def pass_sale_create(request: HttpRequest) -> HttpResponse:
    """Sell a pass to the member of the sale, or to one that is looked up here."""
    return at_till(_sell)(request)


def _sell(sale: Sale) -> HttpResponse:
    member = contract_member(sale)
    if member is None:
        return look_up_member(sale, "checkout/pass_member.html")
    form = PassSaleForm(sale.request.POST or None, initial={"member": member.pk})
    if sale.request.method == "POST" and form.is_valid():
        try:
            sale_id = _sell_as_typed(sale, form)
        except (PinRequired, InvalidProof, members.services.PinRefused) as refused:
            form.add_error("pin", str(refused))
        except DomainError as refused:
            refuse(form, refused)
        else:
            return redirect("checkout:pass-sale-detail", selectors.get_pass_sale(sale_id).pass_id)
    stored = wallet.selectors.get_balance(member_id=member.pk, at=sale.at)
    context = {
        "form": form,
        "member": member,
        "balance": stored,
        "held": [held for held in passes.selectors.list_member_passes(member.pk) if held.status == "active"],
        "plans": [
            (f"{plan.pk}:{plan.price}", plan)
            for plan in passes.selectors.list_plans_for(store=sale.desk.till.store, at=sale.at)
        ],
        "chosen": form["plan"].value() or "",
        "needs_pin": form.is_bound and "pin" in form.errors,
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
    }
    return render(sale.request, "checkout/pass_form.html", context, status=422 if form.is_bound else 200)


def _sell_as_typed(sale: Sale, form: PassSaleForm) -> int:
    data = form.cleaned_data
    return services.sell_pass(
        key=data["command_key"],
        till=sale.desk.till,
        member_id=data["member"],
        plan_id=data["plan_id"],
        price=data["price"],
        kind=data["kind"],
        received=data["received"],
        actor=sale.staff,
        at=sale.at,
        pin_proof=pin_proof_of(sale, data),
    )


@require_safe
def pass_sale_detail(request: HttpRequest, pass_id: int) -> HttpResponse:
    """The receipt of a pass as it was, and its undoing where that is still possible."""
    return _detail(request, pass_id, VoidForm())


@require_POST
def pass_sale_void_create(request: HttpRequest, pass_id: int) -> HttpResponse:
    """Undo a mistaken sale of a pass; the money leaves the drawer of the bound till or goes back to stored value."""

    def void(sale: Sale) -> HttpResponse:
        sold = selectors.get_pass_sale_for(sale.staff, pass_id)
        form = VoidForm(request.POST)
        if form.is_valid():
            try:
                services.void_pass_sale(
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
                return redirect("checkout:pass-sale-detail", pass_id)
        return _detail(request, pass_id, form)

    return at_till(void)(request)


def _detail(request: HttpRequest, pass_id: int, form: VoidForm) -> HttpResponse:
    sale = selectors.get_pass_sale_for(cast("Staff", request.user), pass_id)
    context: dict[str, Any] = {
        "sale": sale,
        "void": getattr(sale, "void", None),
        "receipt": selectors.pass_sale_view(sale.receipt),
        "form": form,
    }
    return render(request, "checkout/pass_sale_detail.html", context, status=422 if form.is_bound else 200)


def pass_refund_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Pay an approved refund of a pass in cash from the bound till's drawer, or back to stored value."""
    staff = cast("Staff", request.user)
    refund = passes.selectors.get_refund_for(staff, pk)
    if refund is None:
        raise Http404
    desk = find_desk(request)
    till = desk.till if desk is not None and desk.shift_id is not None else None
    methods = [(method, label) for method, label in refund.methods() if method != "bank"]
    form = PassRefundForm(request.POST or None, methods=methods)
    if request.method == "POST" and form.is_valid():
        try:
            services.pay_pass_refund(
                key=form.cleaned_data["command_key"],
                refund_id=pk,
                method=form.cleaned_data["method"],
                till=till,
                actor=staff,
                at=timezone.now(),
            )
        except DomainError as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("The refund is paid."))
            return redirect("passes:refund-detail", pk)
    context = {"form": form, "refund": refund, "till": till, "is_cash": methods[0][0] == "cash"}
    return render(request, "checkout/pass_refund_form.html", context, status=422 if form.is_bound else 200)
