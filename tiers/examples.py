"""What the last orders would cost a holder of a level whose rules are being written.

Orders live above tiers: the app that has them registers a source in ``ready()``.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.money import ZERO, half_up
from tiers.terms import Terms


@dataclass(frozen=True)
class ExampleLine:
    """A line of a real order: its categories, its own first and those above, and what it cost before any discount.

    ``takes_discount`` is False for goods that the tier discount does not touch.
    """

    category_ids: tuple[int, ...]
    amount: Decimal
    takes_discount: bool = True


@dataclass(frozen=True)
class ExampleOrder:
    """A real order; ``number`` is what stands on its receipt."""

    number: str
    lines: tuple[ExampleLine, ...]


@dataclass(frozen=True)
class Example:
    """An order at list prices and what its goods cost a holder under the rules in force and under the new ones."""

    number: str
    amount: Decimal
    before: Decimal
    after: Decimal


Source = Callable[[], Sequence[ExampleOrder]]

_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Let examples be computed from these orders, newest first."""
    _sources[:] = [source]


def find_example(*, before: Terms | None, after: Terms) -> Example | None:
    """The newest order that costs something else under ``after``, or the newest of all where none does; None where
    there are no orders. ``before`` None is a level that gives nothing yet.
    """
    orders = [order for order in (_sources[0]() if _sources else ()) if order.lines]
    examples = [
        Example(
            number=order.number,
            amount=sum((line.amount for line in order.lines), ZERO),
            before=_cost(order, before or Terms()),
            after=_cost(order, after),
        )
        for order in orders
    ]
    return next((one for one in examples if one.before != one.after), examples[0] if examples else None)


def _cost(order: ExampleOrder, terms: Terms) -> Decimal:
    return sum((half_up(line.amount * factor_of(line, terms)) for line in order.lines), ZERO)


def factor_of(line: ExampleLine, terms: Terms) -> Decimal:
    """The better of the overall factor and those of the line's categories."""
    if not line.takes_discount:
        return Decimal(1)
    return min([terms.discount_factor, *_factors(line.category_ids, terms)])


def _factors(category_ids: Collection[int], terms: Terms) -> list[Decimal]:
    return [Decimal(factor) for category, factor in terms.category_factors.items() if int(category) in category_ids]
