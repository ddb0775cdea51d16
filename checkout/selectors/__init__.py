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

__all__ = [
    "Found",
    "find",
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
    "shift_summary",
    "tender_totals",
]
