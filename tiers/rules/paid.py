"""The arithmetic of paid tiers (R-T10): how long a purchase lasts, what is left of it, and what that converts into.

A purchase covers whole shop days. It starts with its payment and runs through the same day of the month so many months
later: a quarter bought on 31 January ends with 30 April. Renewals begin on the day after and keep the anchor day, so
the next quarter ends with 31 July. The day of a refund counts as used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from core.money import ZERO, allocate, cumulative_share, from_cents, to_cents
from core.months import add_months

#: Nobody sells a card for longer; what is left of a dear one could buy a thousand years of a cheap one.
MAXIMUM_DAYS = 7_305


@dataclass(frozen=True)
class Term:
    """The shop days of a purchase, both included."""

    first: date
    last: date

    @property
    def total(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def left(self, today: date) -> int:
        """Days after ``today`` that it still covers: all of one that begins later, none of one that is over."""
        return min(max((self.last - today).days, 0), self.total)


def new_term(today: date, months: int) -> Term:
    """A purchase that starts now."""
    return Term(today, add_months(today, months))


def renewed_term(last: date, months: int, anchor: int) -> Term:
    """A purchase that follows one which ends with ``last``, whenever it is paid."""
    return Term(last + timedelta(days=1), add_months(last, months, anchor))


def share_left(worth: Decimal, left: int, total: int) -> Decimal:
    """What a refund pays: the worth of the days left, down to the fen, so less than a fen in the merchant's favour."""
    return from_cents(cumulative_share(to_cents(worth), left, total))


@dataclass(frozen=True)
class Remainder:
    """What is left of a purchase: ``left`` of the ``total`` days that ``worth`` paid."""

    worth: Decimal
    left: int
    total: int

    @property
    def credit(self) -> Decimal:
        """Its worth in money, as a refund would pay it."""
        return share_left(self.worth, self.left, self.total)


def converted_days(remainders: Sequence[Remainder], price: Decimal, total: int) -> int:
    """The days that what is left buys at another offer (``total`` days for ``price``), by the ratio of the prices.

    Exact until the end; a part of a day is rounded up, for the member (R-T10).
    """
    worth = sum((Fraction(to_cents(one.worth) * one.left, one.total) for one in remainders), Fraction(0))
    return ceil(worth * total / to_cents(price))


def converted_term(today: date, months: int, price: Decimal, remainders: Sequence[Remainder]) -> Term:
    """A purchase that starts now and is longer by what the earlier ones convert into."""
    plain = new_term(today, months)
    return Term(today, plain.last + timedelta(days=converted_days(remainders, price, plain.total)))


def split(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """An amount over the payments that it came from, to the fen; none gets more than it gave."""
    return allocate(amount, weights) if amount else [ZERO for _weight in weights]
