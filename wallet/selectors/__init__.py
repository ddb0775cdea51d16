"""Reads of stored value."""

from wallet.selectors.balances import (
    Balance,
    Totals,
    WalletRules,
    find_entry,
    get_balance,
    get_recharge,
    get_rules,
    get_totals,
    list_entries,
    list_recharges,
    list_usable_lots,
)

__all__ = [
    "Balance",
    "Totals",
    "WalletRules",
    "find_entry",
    "get_balance",
    "get_recharge",
    "get_rules",
    "get_totals",
    "list_entries",
    "list_recharges",
    "list_usable_lots",
]
