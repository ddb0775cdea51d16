"""What the last orders would earn under a rule that is being written, through the engine that a sale uses.

Orders live above points: the app that has them registers a source in ``ready()``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from points import rules
from points.rules import EarnLine, EarnTerms, RuleTerms


@dataclass(frozen=True)
class ExampleLine:
    """A line of a real order: its goods, what was paid (R-P1), and 0 where it earns nothing whatever the rule."""

    product_id: int
    category_id: int | None
    brand_id: int | None
    base: Decimal
    factor: Decimal = Decimal(1)


@dataclass(frozen=True)
class ExampleOrder:
    """A real order; ``number`` is what stands on its receipt."""

    number: str
    lines: tuple[ExampleLine, ...]


@dataclass(frozen=True)
class Example:
    """An order with the amount that the rule is about, and its points under the rules of today and with the new one."""

    number: str
    amount: Decimal
    affected: Decimal
    before: int
    after: int


Source = Callable[[], Sequence[ExampleOrder]]
Finder = Callable[[ExampleLine], RuleTerms | None]

_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Let examples be computed from these orders, newest first."""
    _sources[:] = [source]


def find_example(*, before: Finder, after: Finder, terms: EarnTerms, rule_id: int) -> Example | None:
    """The newest order with goods for which the rule ``rule_id`` counts in ``after``; None where none has any."""
    for order in _sources[0]() if _sources else ():
        found = [after(line) for line in order.lines]
        affected = [
            line.base
            for line, rule in zip(order.lines, found, strict=True)
            if rule is not None and rule.rule_id == rule_id
        ]
        if affected:
            return Example(
                number=order.number,
                amount=sum((line.base for line in order.lines), Decimal(0)),
                affected=sum(affected, Decimal(0)),
                before=_points(order, [before(line) for line in order.lines], terms),
                after=_points(order, found, terms),
            )
    return None


def _points(order: ExampleOrder, found: Sequence[RuleTerms | None], terms: EarnTerms) -> int:
    lines = [EarnLine(line.base, line.factor, rule) for line, rule in zip(order.lines, found, strict=True)]
    return rules.reckon(lines, terms).granted
