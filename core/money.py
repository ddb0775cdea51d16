"""Exact money: two places, rounding as rules.md 0.11, and splits that never lose a fen. Pure, no Django."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MILLI = Decimal("0.001")


def half_up(amount: Decimal) -> Decimal:
    """Round to the fen, half away from zero (price x quantity, tier factor: rules.md 0.11)."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def floor(amount: Decimal) -> Decimal:
    """Round down to the fen (percent-off discounts, points value)."""
    return amount.quantize(CENT, ROUND_FLOOR)


def ceil(amount: Decimal) -> Decimal:
    """Round up to the fen (legal refunds, R-W6)."""
    return amount.quantize(CENT, ROUND_CEILING)


def to_cents(amount: Decimal) -> int:
    """Whole fen of an amount that has at most two places; ValueError if it has more."""
    cents = amount * 100
    whole = int(cents)
    if whole != cents:
        raise ValueError(f"{amount} is not a whole number of the smallest unit")
    return whole


def from_cents(cents: int) -> Decimal:
    """The amount of so many fen, always with two places."""
    return (Decimal(cents) / 100).quantize(CENT)


def allocate_units(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` whole units over ``weights`` by largest remainder (R-C3).

    Ties go to the larger weight, then to the earlier position. The parts sum to ``total`` exactly; where
    ``total <= sum(weights)`` no part exceeds its weight. All weights 0 and a total other than 0 is a ValueError.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    whole = sum(weights)
    if total == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError("nothing to allocate over")
    sign = -1 if total < 0 else 1
    magnitude = abs(total)
    parts = [magnitude * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(magnitude * weights[i] % whole), -weights[i], i))
    for index in order[: magnitude - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def allocate(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split an amount of money over weights to the fen (R-C3); see :func:`allocate_units` for ties and guarantees."""
    scale = 10 ** max((max(0, -int(weight.as_tuple().exponent)) for weight in weights), default=0)
    parts = allocate_units(to_cents(amount), [int(weight * scale) for weight in weights])
    return [from_cents(part) for part in parts]


def cumulative_share(whole: int, done: int, total: int) -> int:
    """The part of ``whole`` due after ``done`` of ``total``: R-C5's ``A * done // n``.

    The part of a step from ``a`` to ``b`` is ``share(b) - share(a)``, so that any sequence of steps sums to ``whole``.
    """
    return whole * done // total
