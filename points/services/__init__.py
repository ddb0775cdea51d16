"""What is done to points. Every function locks the member first and posts once per idempotency key."""

from points.services.expiry import expire_due
from points.services.exports import record_export
from points.services.movements import adjust, earn, spend
from points.services.posting import (
    BlockedByDebt,
    InsufficientPoints,
    KeyReused,
    MemberNotActive,
    NotReversible,
    UnknownEntry,
)
from points.services.reversal import claw_back, return_spent, reverse

__all__ = [
    "BlockedByDebt",
    "InsufficientPoints",
    "KeyReused",
    "MemberNotActive",
    "NotReversible",
    "UnknownEntry",
    "adjust",
    "claw_back",
    "earn",
    "expire_due",
    "record_export",
    "return_spent",
    "reverse",
    "spend",
]
