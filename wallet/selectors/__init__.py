"""Reads of stored value."""

from wallet.selectors.balances import (
    SPENT_WITHOUT_PIN,
    Balance,
    PaidIn,
    Totals,
    WalletRules,
    find_entry,
    get_balance,
    get_paid_in,
    get_recharge,
    get_rules,
    get_spent_without_pin,
    get_totals,
    list_entries,
    list_recharges,
    list_usable_lots,
    needs_pin,
)

__all__ = [
    "SPENT_WITHOUT_PIN",
    "Balance",
    "PaidIn",
    "Totals",
    "WalletRules",
    "find_entry",
    "get_balance",
    "get_paid_in",
    "get_recharge",
    "get_rules",
    "get_spent_without_pin",
    "get_totals",
    "list_entries",
    "list_recharges",
    "list_usable_lots",
    "needs_pin",
]
