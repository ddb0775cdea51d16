"""The sale in the making: one box that takes everything, lines, member, coupon, points, put aside and resumed."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

import catalog.selectors
from catalog.models import Product
from checkout import selectors, services
from checkout.forms import CouponForm, Entry, PointsForm, QuantityForm, ResumptionForm, ScanForm, read_entries
from checkout.models import Basket
from checkout.pricing.model import Quote
from checkout.selectors import Found
from checkout.services import InvalidLine
from checkout.views.desk import Sale, at_till, current_line, go, render_sale, with_member
from members.models import Member

ONE = Decimal(1)


@require_safe
@at_till
def screen(sale: Sale) -> HttpResponse:
    """The whole screen; looking at it writes nothing."""
    return render_sale(sale)


@require_POST
@at_till
def scan_create(sale: Sale) -> HttpResponse:
    """Whatever was scanned, typed or picked. An exact hit acts at once, several are a list to choose from (R-S5)."""
    form = ScanForm(sale.request.POST)
    if not form.is_valid():
        raise InvalidLine(_("This cannot be read."))
    data = form.cleaned_data
    quantity = services.parse_quantity(data["quantity"]) if data["quantity"] else ONE
    if data["product"]:
        answer = services.add_product(
            basket_id=sale.open_basket().pk, product_id=data["product"], quantity=quantity, at=sale.at
        )
        return _changed(sale, answer, current=(data["product"], None))
    if data["member"]:
        return _attach(sale, data["member"])
    entries = read_entries(data["text"])
    if not entries:
        return render_sale(sale)
    if len(entries) > 1:
        return _add_codes(sale, entries)
    return _act(sale, entries[0])


def _act(sale: Sale, entry: Entry) -> HttpResponse:
    if not entry.text:
        return _set_current(sale, entry.quantity or ONE)
    found = services.find_at_till(text=entry.text, actor=sale.staff, at=sale.at)
    if found.refusal:
        raise InvalidLine(found.refusal)
    if found.order_id is not None:
        return _open_order(sale, found.order_id)
    if found.is_exact and found.products:
        return _add(sale, [(found.products[0], entry.quantity or ONE)])
    if found.is_exact and found.members:
        return _attach(sale, found.members[0].pk)
    if found.coupon is not None:
        return _pin(sale, found.coupon.coupon_id)
    if found.offer_id is not None:
        return _claim(sale, found.offer_id)
    if found.is_empty:
        raise InvalidLine(_("Nothing is known under “%(text)s”.") % {"text": entry.text[:60]})
    return _choose(sale, found, entry)


def _open_order(sale: Sale, order_id: int) -> HttpResponse:
    try:
        order = selectors.get_order_for(sale.staff, order_id)
    except Http404:
        raise InvalidLine(_("There is no such order in your stores.")) from None
    return go(sale.request, "checkout:order-detail", order.pk)


def _choose(sale: Sale, found: Found, entry: Entry) -> HttpResponse:
    picks = [{"kind": "product", "row": product} for product in found.products]
    picks += [{"kind": "member", "row": member} for member in found.members]
    return render_sale(sale, picks=picks, picked_quantity=entry.quantity or "", stay=True)


def _add(sale: Sale, items: list[tuple[Product, Decimal]]) -> HttpResponse:
    basket, quote = services.add_products(basket_id=sale.open_basket().pk, items=items, at=sale.at)
    return render_sale(sale, basket=with_member(sale, basket), quote=quote, current=(items[-1][0].pk, None))


def _add_codes(sale: Sale, entries: list[Entry]) -> HttpResponse:
    products = catalog.selectors.get_products_by_codes([entry.text for entry in entries])
    unknown = [entry.text for entry in entries if entry.text not in products]
    if unknown:
        raise InvalidLine(
            _("Nothing was added. Unknown codes: %(codes)s") % {"codes": ", ".join(text[:40] for text in unknown[:10])}
        )
    return _add(sale, [(products[entry.text], entry.quantity or ONE) for entry in entries])


def _attach(sale: Sale, member_id: int) -> HttpResponse:
    try:
        basket, quote = services.attach_member(basket_id=sale.open_basket().pk, member_id=member_id, at=sale.at)
    except Member.DoesNotExist:
        raise InvalidLine(_("There is no such member.")) from None
    return render_sale(sale, basket=basket, quote=quote)


def _pin(sale: Sale, coupon_id: int) -> HttpResponse:
    basket, quote = services.pin_coupon(basket_id=sale.open_basket().pk, coupon_id=coupon_id, at=sale.at)
    return render_sale(sale, basket=with_member(sale, basket), quote=quote)


def _claim(sale: Sale, offer_id: int) -> HttpResponse:
    basket, quote, claimed = services.claim_offer(
        basket_id=sale.open_basket().pk, offer_id=offer_id, store=sale.desk.till.store, actor=sale.staff, at=sale.at
    )
    told = _("%(name)s is in the account.") if claimed.is_new else _("%(name)s was claimed by this member before.")
    notice = told % {"name": claimed.coupon.template.name}
    return render_sale(sale, basket=with_member(sale, basket), quote=quote, notice=notice, level="info")


def _set_current(sale: Sale, quantity: Decimal) -> HttpResponse:
    current = current_line(sale.request)
    if current is None:
        raise InvalidLine(_("There is no line whose quantity could be set."))
    product_id, pass_id = current
    answer = services.set_quantity(
        basket_id=_open(sale), product_id=product_id, pass_id=pass_id, quantity=quantity, at=sale.at
    )
    return _changed(sale, answer)


def _open(sale: Sale) -> Any:
    if sale.desk.basket is None:
        raise InvalidLine(_("Scan something first."))
    return sale.desk.basket.pk


def _changed(sale: Sale, answer: tuple[Basket, Quote], **context: Any) -> HttpResponse:
    basket, quote = answer
    return render_sale(sale, basket=with_member(sale, basket), quote=quote, **context)


@require_POST
@at_till
def quantity_edit(sale: Sale) -> HttpResponse:
    """Set the quantity of the highlighted line."""
    form = QuantityForm(sale.request.POST)
    if not form.is_valid():
        raise InvalidLine(_("Type a quantity."))
    return _set_current(sale, services.parse_quantity(form.cleaned_data["quantity"]))


@require_POST
@at_till
def line_delete(sale: Sale) -> HttpResponse:
    """Take the highlighted line out; the one after it becomes the highlighted one."""
    current = current_line(sale.request)
    if current is None or sale.desk.basket is None:
        return render_sale(sale)
    keys = [services.line_key(line) for line in sale.desk.basket.lines]
    following = None
    if current in keys:
        position = keys.index(current)
        rest = keys[:position] + keys[position + 1 :]
        following = rest[min(position, len(rest) - 1)] if rest else None
    product_id, pass_id = current
    answer = services.remove_line(basket_id=sale.desk.basket.pk, product_id=product_id, pass_id=pass_id, at=sale.at)
    return _changed(sale, answer, current=following)


@require_POST
@at_till
def member_delete(sale: Sale) -> HttpResponse:
    """Go on as a walk-in sale."""
    basket, quote = services.detach_member(basket_id=_open(sale), at=sale.at)
    return render_sale(sale, basket=basket, quote=quote)


@require_POST
@at_till
def coupon_edit(sale: Sale) -> HttpResponse:
    """Tick or untick a coupon, use none, or let the best ones be found."""
    form = CouponForm(sale.request.POST)
    if not form.is_valid():
        raise InvalidLine(_("This cannot be read."))
    choice, coupon_id = form.cleaned_data["choice"], form.cleaned_data["coupon"]
    if choice == "one" and coupon_id:
        return _pin(sale, coupon_id)
    if choice == "leave" and coupon_id:
        answer = services.leave_coupon(basket_id=_open(sale), coupon_id=coupon_id, at=sale.at)
    else:
        answer = services.choose_coupons(basket_id=_open(sale), coupon_ids=[], use_coupons=choice != "none", at=sale.at)
    return _changed(sale, answer)


@require_POST
@at_till
def points_edit(sale: Sale) -> HttpResponse:
    """Use so many points, or as many as this order takes."""
    form = PointsForm(sale.request.POST)
    if not form.is_valid():
        raise InvalidLine(str(form.errors["points"][0]) if "points" in form.errors else _("This cannot be read."))
    basket_id, points = _open(sale), form.cleaned_data["points"] or 0
    if form.cleaned_data["most"]:
        points = _most_points(sale, sale.at)
    answer = services.set_points(basket_id=basket_id, points=points, at=sale.at)
    return _changed(sale, answer)


def _most_points(sale: Sale, at: datetime) -> int:
    basket = sale.desk.basket
    if basket is None or basket.member_id is None:
        raise InvalidLine(_("Choose a member first."))
    most = selectors.shown_quote(basket, at).points_maximum
    if not most:
        raise InvalidLine(_("No points can be used for this order."))
    return most


@require_POST
@at_till
def quote_create(sale: Sale) -> HttpResponse:
    """Price the sale again and show it: the cashier accepts a changed price with this."""
    return _changed(sale, services.refresh(basket_id=_open(sale), at=sale.at))


@require_POST
@at_till
def hold_create(sale: Sale) -> HttpResponse:
    """Put the sale aside; the screen is free for the next customer."""
    services.hold(basket_id=_open(sale), at=sale.at)
    sale.desk = replace(sale.desk, basket=None, held_count=sale.desk.held_count + 1)
    return render_sale(sale, notice=_("The sale is put aside."), level="info")


@require_safe
@at_till
def hold_list(sale: Sale) -> HttpResponse:
    """What is put aside in this store, to choose from."""
    held = list(selectors.list_held_baskets(sale.desk.till.store_id)[:30])
    return render_sale(sale, held=held, notice="" if held else _("Nothing is put aside."), level="info")


@require_POST
@at_till
def resumption_create(sale: Sale) -> HttpResponse:
    """Take a sale that was put aside to this till, priced as of now."""
    form = ResumptionForm(sale.request.POST)
    if not form.is_valid():
        raise InvalidLine(_("This cannot be read."))
    basket = services.resume(basket_id=form.cleaned_data["basket"], till=sale.desk.till, actor=sale.staff, at=sale.at)
    basket, quote = services.refresh(basket_id=basket.pk, at=sale.at)
    sale.desk = replace(sale.desk, basket=basket, held_count=max(0, sale.desk.held_count - 1))
    return render_sale(sale, quote=quote)


@require_POST
@at_till
def basket_delete(sale: Sale) -> HttpResponse:
    """Give the sale up."""
    if sale.desk.basket is not None:
        services.drop(basket_id=sale.desk.basket.pk, at=sale.at)
    sale.desk = replace(sale.desk, basket=None)
    return render_sale(sale)
