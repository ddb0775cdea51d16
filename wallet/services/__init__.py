"""What is done to stored value. Every function locks the member first and posts once per idempotency key."""

from wallet.services.expiry import expire_bonus
from wallet.services.exports import record_export
from wallet.services.paying import debit, refund
from wallet.services.posting import (
    BalanceLimitExceeded,
    InsufficientBalance,
    KeyReused,
    MemberNotActive,
    NotRefundable,
    NotVoidable,
    UnknownEntry,
)
from wallet.services.recharging import recharge, void_recharge

__all__ = [
    "BalanceLimitExceeded",
    "InsufficientBalance",
    "KeyReused",
    "MemberNotActive",
    "NotRefundable",
    "NotVoidable",
    "UnknownEntry",
    "debit",
    "expire_bonus",
    "recharge",
    "record_export",
    "refund",
    "void_recharge",
]
