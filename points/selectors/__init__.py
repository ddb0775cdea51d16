"""Reads of the points ledger and of the rules and lists around it."""

from points.selectors.balances import (
    Balance,
    Expiry,
    PointsRules,
    find_entry,
    get_balance,
    get_rules,
    list_entries,
    list_expiries,
    list_lots,
)

__all__ = [
    "Balance",
    "Expiry",
    "PointsRules",
    "find_entry",
    "get_balance",
    "get_rules",
    "list_entries",
    "list_expiries",
    "list_lots",
]
