"""Orders: the list, one order with all that explains it, its void, and a member's orders."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from checkout import selectors, services
from checkout.columns import ORDER_COLUMNS, order_row
from checkout.forms import OrderFilterForm, VoidForm, refuse
from checkout.views.desk import Sale, at_till, find_desk
from core.days import local_day
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from core.workbook import limited, workbook_response
from stores.models import Staff
from stores.selectors import list_stores

SORTS = {"time": "occurred_at", "payable": "payable"}


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _filter(request: HttpRequest) -> tuple[OrderFilterForm, selectors.OrderFilter]:
    """Today's orders unless the URL says otherwise; a wrong day narrows nothing and says so beside its field."""
    today = local_day(timezone.now()).isoformat()
    data = request.GET if request.GET else {"since": today, "until": today}
    form = OrderFilterForm(data, stores=list_stores(_staff(request)))
    form.is_valid()
    values = form.cleaned_data
    store = values.get("store")
    return form, selectors.OrderFilter(
        text=values.get("q", ""),
        since=values.get("since"),
        until=values.get("until"),
        store_id=None if store is None else store.pk,
        status=values.get("status", ""),
    )


@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Orders of one's stores, today's first."""
    form, criteria = _filter(request)
    orders = selectors.filter_orders(selectors.list_orders(_staff(request)), criteria)
    page = list_page(orders, request.GET, sorts=SORTS, default="-time")
    desk = find_desk(request)
    context = {"form": form, "page": page, "has_till": desk is not None}
    return render_page(request, "checkout/order_list.html", context, fragment="table")


@require_POST
def order_export(request: HttpRequest) -> HttpResponseBase:
    """Exactly what the list shows as .xlsx; a post, because who took what is recorded."""
    form, criteria = _filter(request)
    orders = selectors.filter_orders(selectors.list_orders(_staff(request)), criteria).order_by("-occurred_at", "-pk")
    filters = {name: str(value) for name, value in form.data.items() if value}
    now = timezone.now()
    response, count = workbook_response(
        name=pgettext("till", "Orders"),
        title=pgettext("till", "Orders"),
        columns=ORDER_COLUMNS,
        rows=limited(order_row(order) for order in orders.iterator(2000)),
        notes=[
            (_("Filters"), ", ".join(f"{name}={value}" for name, value in filters.items())),
            (_("Made by"), str(_staff(request))),
            (_("Made at"), timezone.localtime(now).strftime("%Y-%m-%d %H:%M:%S")),
        ],
    )
    services.record_order_export(count=count, filters=filters, actor=_staff(request), at=now)
    return response


@require_safe
def order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: lines, reductions with their exact parts, tenders; 404 for another store's."""
    return _detail(request, pk, VoidForm())


@require_POST
def void_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a whole order; the money leaves the drawer of the bound till, which needs an open shift."""

    def void(sale: Sale) -> HttpResponse:
        selectors.get_order_for(sale.staff, pk)
        form = VoidForm(request.POST)
        if form.is_valid():
            try:
                services.void_order(
                    key=form.cleaned_data["command_key"],
                    order_id=pk,
                    till=sale.desk.till,
                    reason=form.cleaned_data["reason"],
                    actor=sale.staff,
                    at=sale.at,
                )
            except DomainError as refused:
                refuse(form, refused)
            else:
                return redirect("checkout:order-detail", pk)
        return _detail(request, pk, form)

    return at_till(void)(request)


def _detail(request: HttpRequest, pk: int, form: VoidForm) -> HttpResponse:
    order = selectors.get_order_for(_staff(request), pk)
    context: dict[str, Any] = {
        "order": order,
        "number": selectors.order_number(order.pk, order.business_on),
        "matrix": selectors.order_matrix(order),
        "void": getattr(order, "void", None),
        "form": form,
        "invoiceable": selectors.invoiceable(order),
        "can_void": order.voided_at is None and order.channel == order.Channel.COUNTER,
    }
    return render(request, "checkout/order_detail.html", context, status=422 if form.is_bound else 200)


@require_safe
def member_orders(request: HttpRequest, member_id: int) -> HttpResponse:
    """The latest orders of a member that this person may see, as a block of the member page."""
    orders = list(selectors.list_member_orders(member_id, _staff(request))[:10])
    return render(request, "checkout/_member_orders.html", {"orders": orders, "member_id": member_id})
