"""Reads of checkout, by use case."""

from checkout.selectors.find import Found, find
from checkout.selectors.orders import (
    find_open_basket,
    find_open_shift,
    get_basket_for,
    get_order_for,
    get_till_for,
    list_held_baskets,
    list_member_orders,
    list_orders,
    list_shifts,
    list_tills,
    order_number,
    parse_order_number,
    shift_summary,
    tender_totals,
)
from checkout.selectors.screen import (
    Desk,
    SaleView,
    adjustment_label,
    birthday_note,
    find_desk,
    sale_view,
    shown_quote,
)

__all__ = [
    "Desk",
    "Found",
    "SaleView",
    "adjustment_label",
    "birthday_note",
    "find",
    "find_desk",
    "find_open_basket",
    "find_open_shift",
    "get_basket_for",
    "get_order_for",
    "get_till_for",
    "list_held_baskets",
    "list_member_orders",
    "list_orders",
    "list_shifts",
    "list_tills",
    "order_number",
    "parse_order_number",
    "sale_view",
    "shift_summary",
    "shown_quote",
    "tender_totals",
]
