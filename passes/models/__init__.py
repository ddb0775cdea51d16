"""Count passes: what is offered, what was sold, every use of it, and what was paid back."""

from passes.models.plans import Plan
from passes.models.refunds import Refund
from passes.models.sold import Entry, Pass, Sharer

__all__ = ["Entry", "Pass", "Plan", "Refund", "Sharer"]
