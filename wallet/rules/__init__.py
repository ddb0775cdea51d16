"""The arithmetic of stored value. Pure: no Django, no clock."""

from wallet.rules.payments import (
    BONUS_FIRST,
    PRINCIPAL_FIRST,
    PROPORTIONAL,
    SPENDING_ORDERS,
    LotState,
    split_payment,
    split_refund,
)

__all__ = [
    "BONUS_FIRST",
    "PRINCIPAL_FIRST",
    "PROPORTIONAL",
    "SPENDING_ORDERS",
    "LotState",
    "split_payment",
    "split_refund",
]
