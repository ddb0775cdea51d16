"""Exact arithmetic of points: worth, earning, multiples and expiry (rules.md 2). Pure, no Django, no clock."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, lcm
from zoneinfo import ZoneInfo

from core.money import allocate_units, from_cents, to_cents

NEVER = "never"
DAYS = "days"
MONTHS = "months"
MONTH_END = "month_end"
QUARTER_END = "quarter_end"
YEAR_END = "year_end"
EXPIRY_METHODS = (NEVER, DAYS, MONTHS, MONTH_END, QUARTER_END, YEAR_END)

HIGHEST = "max"
ADDED = "add"
MULTIPLIED = "multiply"
MULTIPLE_MODES = (HIGHEST, ADDED, MULTIPLIED)


@dataclass(frozen=True)
class Earned:
    """Points of one order and how they show on its lines; the parts sum to the whole."""

    points: int
    per_line: tuple[int, ...]


def value_of(points: int, num: int, den: int) -> Decimal:
    """What points are worth: ``den`` points are ``num`` fen, rounded down to the fen (R-P8)."""
    return from_cents(points * num // den)


def points_for(value: Decimal, num: int, den: int) -> int:
    """The fewest points that are worth ``value`` (R-P8, rounded up)."""
    return -(-to_cents(value) * den // num)


def earned(bases: Sequence[Decimal], rates: Sequence[Decimal], multiplier: Decimal = Decimal(1)) -> Earned:
    """Points of an order: one floor over the exact sum of base x rate x multiple, never one per line (R-P2).

    ``bases`` are the lines' net paid amounts (R-P1), ``rates`` points per yuan with a line's own multiple folded in.
    The whole is shown on the lines by largest remainder. A negative base is a ValueError.
    """
    exact = [Fraction(base) * Fraction(rate) for base, rate in zip(bases, rates, strict=True)]
    points = floor(sum(exact, Fraction(0)) * Fraction(multiplier))
    scale = lcm(*(share.denominator for share in exact))
    return Earned(points, tuple(allocate_units(points, [int(share * scale) for share in exact])))


def combine_multiples(mode: str, tier: Decimal, campaigns: Iterable[Decimal], cap: Decimal) -> Decimal:
    """One multiple out of the tier's and the campaigns' (R-P3): the highest, all extras added, or all multiplied.

    Never above ``cap``. A tier of 5 on a member day of 2 gives 5, 6 or 10. LookupError for an unknown mode.
    """
    multiples = [tier, *campaigns]
    if mode == HIGHEST:
        combined = max(multiples)
    elif mode == ADDED:
        combined = 1 + sum((multiple - 1 for multiple in multiples), Decimal(0))
    elif mode == MULTIPLIED:
        combined = Decimal(1)
        for multiple in multiples:
            combined *= multiple
    else:
        raise LookupError(f"unknown mode {mode!r}")
    return min(combined, cap)


def lot_expiry(method: str, count: int, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The exclusive instant at which points credited at ``at`` stop being spendable, None for never (R-P14).

    The last day is counted in ``zone`` and is valid to its end: ``count`` days on; the same day ``count`` months on
    (31 January + 1 month = the last of February); or the end of the month, quarter or year that lies ``count`` of them
    ahead (0 = the present one). LookupError for an unknown method.
    """
    if method == NEVER:
        return None
    day = at.astimezone(zone).date()
    if method == DAYS:
        last = day + timedelta(days=count)
    elif method == MONTHS:
        last = _in_month(day.year, day.month + count, day.day)
    elif method == MONTH_END:
        last = _in_month(day.year, day.month + count, 31)
    elif method == QUARTER_END:
        last = _in_month(day.year, ceil(Fraction(day.month, 3)) * 3 + 3 * count, 31)
    elif method == YEAR_END:
        last = date(day.year + count, 12, 31)
    else:
        raise LookupError(f"unknown expiry method {method!r}")
    return datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone)


def _in_month(year: int, month: int, day: int) -> date:
    """The day of a month counted on from January of ``year``, clamped to the month's last day."""
    ahead, index = divmod(month - 1, 12)
    last = calendar.monthrange(year + ahead, index + 1)[1]
    return date(year + ahead, index + 1, min(day, last))
