"""Reads of the points ledger and of the rules and lists around it."""

from points.selectors.balances import (
    Balance,
    Expiry,
    PointsRules,
    caps_of,
    find_entry,
    get_balance,
    get_rules,
    list_entries,
    list_expiries,
    list_lots,
)
from points.selectors.earning import (
    RuleBook,
    budget_month,
    build_room,
    explain_limit,
    get_room,
    get_rule_book,
    granted_in_month,
)
from points.selectors.history import LotAsOf, get_balance_as_of, list_lots_as_of

__all__ = [
    "Balance",
    "Expiry",
    "LotAsOf",
    "PointsRules",
    "RuleBook",
    "budget_month",
    "build_room",
    "caps_of",
    "explain_limit",
    "find_entry",
    "get_balance",
    "get_balance_as_of",
    "get_room",
    "get_rule_book",
    "get_rules",
    "granted_in_month",
    "list_entries",
    "list_expiries",
    "list_lots",
    "list_lots_as_of",
]
