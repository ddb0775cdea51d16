"""What is done to stored value. Every function locks the member first and posts once per idempotency key."""

from wallet.services.expiry import expire_bonus
from wallet.services.exports import record_export
from wallet.services.paying import debit, refund
from wallet.services.posting import (
    AccountBlocked,
    BalanceLimitExceeded,
    IdentityRequired,
    InsufficientBalance,
    KeyReused,
    MemberNotActive,
    NotRefundable,
    NotVoidable,
    PinRequired,
    RechargeRefused,
    UnknownEntry,
)
from wallet.services.recharging import Payer, recharge, void_recharge

__all__ = [
    "AccountBlocked",
    "BalanceLimitExceeded",
    "IdentityRequired",
    "InsufficientBalance",
    "KeyReused",
    "MemberNotActive",
    "NotRefundable",
    "NotVoidable",
    "Payer",
    "PinRequired",
    "RechargeRefused",
    "UnknownEntry",
    "debit",
    "expire_bonus",
    "recharge",
    "record_export",
    "refund",
    "void_recharge",
]
