"""The points ledger, the rules that fill it, and what people do around it."""

from points.models.care import Batch, ExpiryNotice, Watch
from points.models.ledger import Account, Entry, Lot, LotUse
from points.models.rules import Budget, Rule, RuleVersion

__all__ = [
    "Account",
    "Batch",
    "Budget",
    "Entry",
    "ExpiryNotice",
    "Lot",
    "LotUse",
    "Rule",
    "RuleVersion",
    "Watch",
]
