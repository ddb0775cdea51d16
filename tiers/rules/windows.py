"""Over which days metrics are counted (R-T2), and how long a level lasts (R-T3). No Django, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from core.months import add_months, month_end, month_start

ROLLING_DAYS: Final = "rolling_days"
ROLLING_MONTHS: Final = "rolling_months"
CALENDAR_MONTH: Final = "calendar_month"
CALENDAR_QUARTER: Final = "calendar_quarter"
CALENDAR_YEAR: Final = "calendar_year"
MEMBERSHIP_YEAR: Final = "membership_year"
LIFETIME: Final = "lifetime"
WINDOWS: Final = (
    ROLLING_MONTHS,
    ROLLING_DAYS,
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
    MEMBERSHIP_YEAR,
    LIFETIME,
)
_CALENDAR_MONTHS: Final = {CALENDAR_MONTH: 1, CALENDAR_QUARTER: 3, CALENDAR_YEAR: 12}

MONTH: Final = "month"
QUARTER: Final = "quarter"
HALF_YEAR: Final = "half_year"
YEAR: Final = "year"
ROUND_UPS: Final = {MONTH: 1, QUARTER: 3, HALF_YEAR: 6, YEAR: 12}


def anniversary(joined_on: date, year: int) -> date:
    """The day in a year on which a membership year begins; who joined on 29 Feb has 28 Feb in common years (R-T2)."""
    return add_months(joined_on, 12 * (year - joined_on.year))


def _block(day: date, months: int) -> tuple[date, date]:
    """First and last day of the month, quarter, half year or year that a day is in."""
    first = month_start(day).replace(month=(day.month - 1) // months * months + 1)
    return first, month_end(add_months(first, months - 1))


@dataclass(frozen=True)
class Window:
    """Over which business days metrics are summed. ``n`` counts for rolling windows only.

    ``joined_on`` is the member's shop day of joining; only a membership year asks for it (ValueError without).
    """

    kind: str = ROLLING_MONTHS
    n: int = 12

    def first_day(self, today: date, joined_on: date | None = None) -> date | None:
        """The first business day that counts, None for a lifetime. "Last 30 days" is today-29 ... today.

        There is no last day: a store ahead of the installation's zone may already sell on tomorrow's date.
        """
        if self.kind == LIFETIME:
            return None
        if self.kind == ROLLING_DAYS:
            return today - timedelta(days=self.n - 1)
        if self.kind == ROLLING_MONTHS:
            return add_months(today, -self.n) + timedelta(days=1)
        return self._span(today, joined_on)[0]

    def last_day(self, today: date, joined_on: date | None = None) -> date | None:
        """The last day of the calendar window or membership year that ``today`` is in; None for the other windows."""
        if self.kind in _CALENDAR_MONTHS or self.kind == MEMBERSHIP_YEAR:
            return self._span(today, joined_on)[1]
        return None

    def valid_through(self, today: date, joined_on: date | None = None) -> date | None:
        """The last day of a level reached on ``today`` (R-T3): a rolling window's length from now, the end of the next
        calendar window or membership year, None (never ends) for a lifetime."""
        if self.kind == ROLLING_DAYS:
            return today + timedelta(days=self.n)
        if self.kind == ROLLING_MONTHS:
            return add_months(today, self.n)
        last = self.last_day(today, joined_on)
        return None if last is None else self.last_day(last + timedelta(days=1), joined_on)

    def _span(self, today: date, joined_on: date | None) -> tuple[date, date]:
        if self.kind != MEMBERSHIP_YEAR:
            return _block(today, _CALENDAR_MONTHS[self.kind])
        if joined_on is None:
            raise ValueError("a membership year needs the day of joining")
        first = anniversary(joined_on, today.year)
        if first > today:
            first = anniversary(joined_on, today.year - 1)
        return first, anniversary(joined_on, first.year + 1) - timedelta(days=1)

    def to_json(self) -> dict[str, Any]:
        """As a version stores it."""
        return {"kind": self.kind, "n": self.n}


def window_from(stored: Mapping[str, Any]) -> Window:
    """The inverse of :meth:`Window.to_json`."""
    return Window(stored["kind"], stored["n"])


def late_until(window: Window, day: date, joined_on: date | None = None) -> date:
    """The last day that counts in the window of a day that is over: the window's end, or the day itself (R-T7)."""
    return window.last_day(day, joined_on) or day


@dataclass(frozen=True)
class Validity:
    """A length of a level that replaces the window's (R-T3): so many months or days, rounded up to the end of a
    month, quarter, half year or year. Empty: the window's own length."""

    months: int | None = None
    days: int | None = None
    round_up: str = ""

    def through(self, today: date, otherwise: date | None) -> date | None:
        """The last day of a level reached on ``today``; ``otherwise`` is the length that the windows give."""
        last = otherwise
        if self.months is not None:
            last = add_months(today, self.months)
        elif self.days is not None:
            last = today + timedelta(days=self.days)
        if last is None or not self.round_up:
            return last
        return _block(last, ROUND_UPS[self.round_up])[1]

    @property
    def is_empty(self) -> bool:
        """Whether the windows decide alone."""
        return self == Validity()

    def to_json(self) -> dict[str, Any]:
        """As a version stores it; nothing for what is not set."""
        stored = {"months": self.months, "days": self.days, "round_up": self.round_up}
        return {name: value for name, value in stored.items() if value}


def validity_from(stored: Mapping[str, Any]) -> Validity:
    """The inverse of :meth:`Validity.to_json`."""
    return Validity(stored.get("months"), stored.get("days"), stored.get("round_up", ""))
