"""Reads of recharge plans and of the packages given with recharges."""

from gifts.selectors.packages import (
    Package,
    PackageItem,
    find_package,
    list_grants,
    list_package,
    recharge_source,
)
from gifts.selectors.plans import (
    CouponPart,
    GoodsPart,
    Offer,
    Sold,
    Terms,
    best_offer,
    get_plan,
    get_terms,
    list_offers,
    list_plans,
    list_plans_for,
    read_terms,
    sold_by_plan,
    with_refusals,
)

__all__ = [
    "CouponPart",
    "GoodsPart",
    "Offer",
    "Package",
    "PackageItem",
    "Sold",
    "Terms",
    "best_offer",
    "find_package",
    "get_plan",
    "get_terms",
    "list_grants",
    "list_offers",
    "list_package",
    "list_plans",
    "list_plans_for",
    "read_terms",
    "recharge_source",
    "sold_by_plan",
    "with_refusals",
]
