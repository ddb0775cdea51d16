"""The refusals of the till, in words for the cashier."""

from checkout.pricing.model import Quote
from core.errors import DomainError, StateChanged


class NoShift(StateChanged):
    """The till has no open shift."""


class BasketClosed(StateChanged):
    """The basket was sold, dropped or put aside meanwhile."""


class InvalidLine(DomainError):
    """A product or quantity that cannot be sold."""


class InvalidTender(DomainError):
    """The tenders do not add up or are not possible."""


class MemberNotUsable(DomainError):
    """The member is frozen, closed or merged; the sale may go on as walk-in (R-S5)."""


class QuoteChanged(StateChanged):
    """What the customer was shown is no longer the price; nothing was written (R-C1).

    ``differences`` are (what, shown, now) in words.
    """

    def __init__(self, message: str, fresh: Quote, differences: list[tuple[str, str, str]]) -> None:
        super().__init__(message)
        self.fresh = fresh
        self.differences = differences


class CannotVoid(StateChanged):
    """The order was voided before or is not one of the counter."""
