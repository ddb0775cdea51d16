"""Reads of tills, shifts, baskets and orders; a foreign store's row is a 404 (R-S2)."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404

import members.selectors
import points.selectors
from checkout.models import (
    Adjustment,
    Basket,
    Order,
    OrderLine,
    PassSale,
    Payment,
    RechargeSale,
    Shift,
    TenderKind,
    TierSale,
    Till,
    Void,
)
from checkout.selectors.payouts import payout_total
from core.money import ZERO
from coupons.rules import check_digit
from members.models import Member
from stores.models import Staff

NUMBER_LENGTH = 16

#: Paid from what was invoiced when it was sold (R-W14).
INVOICED_BEFORE = (TenderKind.WALLET, TenderKind.PASS)


def order_number(order_id: int, business_on: date) -> str:
    """The number on the receipt: day (6), id (9), check digit. Digits only, for scanners and Chinese input methods.

    No other code of the till has 16 digits (R-S5), and no counter row has to be locked to make one.
    """
    digits = f"{business_on:%y%m%d}{order_id:09d}"
    return digits + check_digit(digits)


def parse_order_number(text: str) -> int | None:
    """The id in a receipt number, or None where the text is no receipt number."""
    if len(text) != NUMBER_LENGTH or not (text.isascii() and text.isdigit()) or check_digit(text[:-1]) != text[-1]:
        return None
    return int(text[6:-1])


def list_tills(staff: Staff) -> QuerySet[Till]:
    """Open tills of the stores that this person may see."""
    tills: QuerySet[Till] = Till.objects.visible_to(staff).filter(is_active=True, store__is_active=True)
    return tills.select_related("store").order_by("store__code", "code")


def get_till_for(staff: Staff, pk: int) -> Till:
    """404 for a till of another store."""
    till = list_tills(staff).filter(pk=pk).first()
    if till is None:
        raise Http404
    return till


def list_all_tills(staff: Staff) -> QuerySet[Till]:
    """Tills of the stores that this person may see, those out of use too."""
    tills: QuerySet[Till] = Till.objects.visible_to(staff).select_related("store")
    return tills.order_by("store__code", "code")


def get_any_till_for(staff: Staff, pk: int) -> Till:
    """Like :func:`get_till_for`, one out of use too."""
    till = list_all_tills(staff).filter(pk=pk).first()
    if till is None:
        raise Http404
    return till


def get_shift_for(staff: Staff, pk: int) -> Shift:
    """404 for a shift of another store."""
    shift: Shift | None = (
        Shift.objects.visible_to(staff).select_related("till", "store", "opened_by", "closed_by").filter(pk=pk).first()
    )
    if shift is None:
        raise Http404
    return shift


def find_open_shift(till_id: int) -> Shift | None:
    """The till's open shift, if any."""
    return Shift.objects.filter(till_id=till_id, closed_at__isnull=True).select_related("opened_by").first()


def find_open_basket(till_id: int) -> Basket | None:
    """The basket on the till's screen, if any."""
    return Basket.objects.filter(till_id=till_id, status=Basket.Status.OPEN).first()


def get_basket_for(staff: Staff, pk: UUID) -> Basket:
    """404 for a basket of another store."""
    basket: Basket | None = Basket.objects.visible_to(staff).select_related("till", "store").filter(pk=pk).first()
    if basket is None:
        raise Http404
    return basket


def list_held_baskets(store_id: int) -> QuerySet[Basket]:
    """Baskets put aside in a store, the latest first; they hold nothing (R-C15)."""
    return (
        Basket.objects.filter(store_id=store_id, status=Basket.Status.HELD)
        .select_related("member", "staff", "till")
        .order_by("-changed_at")
    )


def list_orders(staff: Staff) -> QuerySet[Order]:
    """Orders of the stores that this person may see, with what a list shows; order and page it at the caller."""
    orders: QuerySet[Order] = Order.objects.visible_to(staff).select_related("store", "member", "staff")
    return orders


@dataclass(frozen=True)
class OrderFilter:
    """What a list of orders is narrowed to; empty fields narrow nothing. Days are business days, both included."""

    text: str = ""
    since: date | None = None
    until: date | None = None
    store_id: int | None = None
    status: str = ""


def filter_orders(orders: QuerySet[Order], criteria: OrderFilter) -> QuerySet[Order]:
    """Narrow a list: a text is a receipt number (whatever the days), an amount paid, or a member."""
    text = unicodedata.normalize("NFKC", criteria.text).strip().replace("\0", "")
    if (order_id := parse_order_number(text)) is not None:
        return orders.filter(pk=order_id)
    if re.fullmatch(r"[0-9]{1,7}\.[0-9]{1,2}", text):
        orders = orders.filter(payable=Decimal(text))
    elif text:
        orders = orders.filter(member__in=Member.objects.filter(members.selectors.search_condition(text)))
    if criteria.since:
        orders = orders.filter(business_on__gte=criteria.since)
    if criteria.until:
        orders = orders.filter(business_on__lte=criteria.until)
    if criteria.store_id:
        orders = orders.filter(store_id=criteria.store_id)
    if criteria.status:
        orders = orders.filter(voided_at__isnull=criteria.status == "sold")
    return orders


def get_order_for(staff: Staff, pk: int) -> Order:
    """One order with everything its page shows; 404 for another store's."""
    order = (
        list_orders(staff)
        .select_related("till", "receipt", "void", "void__actor")
        .prefetch_related(
            Prefetch("lines", OrderLine.objects.order_by("position")),
            Prefetch("adjustments", Adjustment.objects.order_by("id").prefetch_related("allocations")),
            Prefetch("payments", Payment.objects.order_by("position")),
        )
        .filter(pk=pk)
        .first()
    )
    if order is None:
        raise Http404
    return order


def order_matrix(order: Order) -> list[tuple[OrderLine, list[Decimal]]]:
    """Each line with its exact part of every adjustment, in the order of ``order.adjustments``; nothing is computed."""
    parts = {
        (allocation.line_id, adjustment.pk): allocation.amount
        for adjustment in order.adjustments.all()
        for allocation in adjustment.allocations.all()
    }
    columns = [adjustment.pk for adjustment in order.adjustments.all()]
    return [(line, [parts.get((line.pk, column), ZERO) for column in columns]) for line in order.lines.all()]


def invoiceable(order: Order) -> Decimal:
    """What of a sale may be invoiced (R-W14): stored value and passes had their invoice when they were bought."""
    paid = (payment.amount for payment in order.payments.all() if payment.kind not in INVOICED_BEFORE)
    return sum(paid, ZERO)


def get_recharge_for(staff: Staff, recharge_id: int) -> RechargeSale:
    """The sale of a recharge (by the wallet's id, which ledger entries name); 404 for another store's."""
    rows = RechargeSale.objects.select_related("store", "till", "staff", "member", "void", "void__actor")
    if not staff.sees_all_stores:
        rows = rows.filter(store__staff=staff)
    sale = rows.filter(recharge_id=recharge_id).first()
    if sale is None:
        raise Http404
    return sale


def get_recharge_sale(sale_id: int) -> RechargeSale:
    """One sale of stored value; RechargeSale.DoesNotExist."""
    return RechargeSale.objects.get(pk=sale_id)


def list_member_orders(member_id: int, staff: Staff) -> QuerySet[Order]:
    """A member's orders that this person may see, the latest first."""
    return list_orders(staff).filter(member_id=member_id).order_by("-occurred_at", "-id")


def tender_totals(shift_id: int) -> dict[str, dict[str, Decimal]]:
    """Per tender of a shift: sales, voids (given back in this shift), recharges, passes and tiers sold, each apart
    (R-C12)."""
    names = ("sales", "voids", "recharges", "recharge_voids", "passes", "pass_voids", "tiers", "tier_voids")
    totals = {kind: dict.fromkeys(names, ZERO) for kind in TenderKind.values}
    sums: tuple[tuple[str, QuerySet[Any], str], ...] = (
        ("sales", Payment.objects.filter(order__shift_id=shift_id), "amount"),
        ("voids", Payment.objects.filter(order__void__shift_id=shift_id), "amount"),
        ("recharges", RechargeSale.objects.filter(shift_id=shift_id), "principal"),
        ("recharge_voids", RechargeSale.objects.filter(void__shift_id=shift_id), "principal"),
        ("passes", PassSale.objects.filter(shift_id=shift_id), "price"),
        ("pass_voids", PassSale.objects.filter(void__shift_id=shift_id), "price"),
        ("tiers", TierSale.objects.filter(shift_id=shift_id), "price"),
        ("tier_voids", TierSale.objects.filter(void__shift_id=shift_id), "price"),
    )
    for name, rows, column in sums:
        for kind, total in rows.values_list("kind").annotate(total=Sum(column)).order_by():
            totals[kind][name] = total
    return totals


def shift_summary(shift: Shift) -> dict[str, Any]:
    """What a hand-over shows: tenders, number of sales and voids, and the cash that should be in the drawer."""
    tenders = tender_totals(shift.pk)
    cash = tenders[TenderKind.CASH]
    sales = Order.objects.filter(shift_id=shift.pk).aggregate(count=Count("id"), total=Coalesce(Sum("payable"), ZERO))
    voids = Void.objects.filter(shift_id=shift.pk).aggregate(
        count=Count("id"), charges=Coalesce(Sum("points_charge"), ZERO)
    )
    payouts = payout_total(shift_id=shift.pk)
    return {
        "tenders": tenders,
        "sale_count": sales["count"],
        "sale_total": sales["total"],
        "void_count": voids["count"],
        "points_charges": voids["charges"],
        "recharge_total": sum((row["recharges"] - row["recharge_voids"] for row in tenders.values()), ZERO),
        "pass_total": sum((row["passes"] - row["pass_voids"] for row in tenders.values()), ZERO),
        "tier_total": sum((row["tiers"] - row["tier_voids"] for row in tenders.values()), ZERO),
        "expected_cash": shift.opening_float
        + cash["sales"]
        - cash["voids"]
        + voids["charges"]
        + cash["recharges"]
        - cash["recharge_voids"]
        + cash["passes"]
        - cash["pass_voids"]
        + cash["tiers"]
        - cash["tier_voids"]
        - payouts,
        "payout_total": payouts,
    }


def recharge_view(data: dict[str, Any]) -> dict[str, Any]:
    """A kept receipt of a recharge with amounts as numbers again."""
    columns = ("principal", "bonus", "received", "change", "wallet_principal", "wallet_bonus")
    shown = {**_with_decimals(data, columns), "sold_at": datetime.fromisoformat(data["sold_at"])}
    shown["goods"] = [_with_decimals(row, ("quantity",)) for row in data.get("goods", [])]
    if data.get("coupon"):
        shown["coupon"] = _with_decimals(data["coupon"], ("amount",))
    return shown


def receipt_view(data: dict[str, Any]) -> dict[str, Any]:
    """A kept receipt with amounts as numbers again, so that every screen writes them the same way."""
    amounts = {"list_total", "saved", "payable", "invoiceable"}
    shown: dict[str, Any] = {name: Decimal(value) if name in amounts else value for name, value in data.items()}
    shown["sold_at"] = datetime.fromisoformat(data["sold_at"])
    for name, columns in _AMOUNTS.items():
        shown[name] = [_with_decimals(row, columns) for row in data.get(name, [])]
    if data.get("member"):
        shown["member"] = _with_decimals(data["member"], _MEMBER_AMOUNTS)
        shown["member"]["points_limit"] = points.selectors.explain_limit(data["member"].get("points_limited_by", ""))
    shown["change"] = sum((tender["change"] for tender in shown["tenders"]), ZERO)
    return shown


_AMOUNTS = {
    "lines": ("quantity", "list_price", "list_amount", "net"),
    "adjustments": ("amount",),
    "tenders": ("amount", "received", "change"),
}
_MEMBER_AMOUNTS = (
    "points_value",
    "wallet_principal_used",
    "wallet_bonus_used",
    "wallet_principal",
    "wallet_bonus",
)


def _with_decimals(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: Decimal(value) if name in columns else value for name, value in row.items()}
