"""Refunds that are paid in cash out of the drawer: what is due in this store, and what this shift has paid."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

import wallet.selectors
import wallet.services
from checkout import services
from checkout.forms import PayoutForm, refuse
from checkout.selectors import find_open_shift
from checkout.selectors.payouts import get_payout, list_payouts
from checkout.views.desk import Sale, at_till
from core.days import local_day
from core.errors import DomainError
from core.templatetags.interface import money
from tiers.selectors.memberships import list_refunds_due


@require_safe
def payout_list(request: HttpRequest) -> HttpResponse:
    """Approved refunds that wait for their cash, and those of this shift."""
    return at_till(lambda sale: _list(sale, None, 0))(request)


@require_POST
def payout_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the cash over; ``pk`` is the refund's. The payee shows the document again."""

    def pay(sale: Sale) -> HttpResponse:
        wallet.selectors.get_cash_out_for(sale.staff, pk)
        form = PayoutForm(request.POST)
        if form.is_valid():
            try:
                payout_id = services.pay_out_in_cash(
                    key=form.cleaned_data["command_key"],
                    till=sale.desk.till,
                    cash_out_id=pk,
                    actor=sale.staff,
                    at=sale.at,
                )
            except services.NoShift:
                raise
            except DomainError as refused:
                refuse(form, refused)
            else:
                amount = money(get_payout(payout_id).amount)
                messages.success(request, _("%(amount)s paid out of the drawer.") % {"amount": amount})
                return redirect("checkout:payout-list")
        return _list(sale, form, pk)

    return at_till(pay)(request)


def _list(sale: Sale, bound: PayoutForm | None, pk: int) -> HttpResponse:
    """Every refund has a form of its own with a key of its own; the one that was refused keeps what was typed."""
    due = wallet.selectors.list_cash_due(store_id=sale.desk.till.store_id)
    shift = find_open_shift(sale.desk.till.pk)
    context: dict[str, Any] = {
        "due": [
            (
                one,
                one.principal_part + wallet.services.interest_until(one, local_day(sale.at)),
                bound if bound is not None and one.pk == pk else PayoutForm(auto_id=f"id_{one.pk}_%s"),
            )
            for one in due
        ],
        "gone": bound if bound is not None and pk not in {one.pk for one in due} else None,
        "tier_refunds": list(list_refunds_due(store_id=sale.desk.till.store_id)),
        "payouts": [] if shift is None else list(list_payouts(shift_id=shift.pk)),
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
    }
    return render(sale.request, "checkout/payout_list.html", context, status=200 if bound is None else 422)
