"""How levels are earned and how long they last, as pure functions: no Django, no clock (rules.md 1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from core.months import add_months, month_end, month_start

SPEND: Final = "spend"
ORDERS: Final = "orders"
POINTS: Final = "points"
RECHARGE: Final = "recharge"
GROWTH: Final = "growth"
METRICS: Final = (SPEND, ORDERS, POINTS, RECHARGE, GROWTH)

ANY: Final = "any"
ALL: Final = "all"

ROLLING_DAYS: Final = "rolling_days"
ROLLING_MONTHS: Final = "rolling_months"
CALENDAR_MONTH: Final = "calendar_month"
CALENDAR_QUARTER: Final = "calendar_quarter"
CALENDAR_YEAR: Final = "calendar_year"
LIFETIME: Final = "lifetime"
WINDOWS: Final = (ROLLING_MONTHS, ROLLING_DAYS, CALENDAR_MONTH, CALENDAR_QUARTER, CALENDAR_YEAR, LIFETIME)
_CALENDAR_MONTHS: Final = {CALENDAR_MONTH: 1, CALENDAR_QUARTER: 3, CALENDAR_YEAR: 12}

# Sums of one member: {first day of the window or None for a lifetime: {metric: sum}}.
Sums = Mapping[date | None, Mapping[str, Decimal]]


@dataclass(frozen=True)
class Window:
    """Over which business days metrics are summed (R-T2). ``n`` counts for rolling windows only."""

    kind: str = ROLLING_MONTHS
    n: int = 12

    def first_day(self, today: date) -> date | None:
        """The first business day that counts, None for a lifetime. "Last 30 days" is today-29 ... today.

        There is no last day: a store ahead of the installation's zone may already sell on tomorrow's date.
        """
        if self.kind == LIFETIME:
            return None
        if self.kind == ROLLING_DAYS:
            return today - timedelta(days=self.n - 1)
        if self.kind == ROLLING_MONTHS:
            return add_months(today, -self.n) + timedelta(days=1)
        months = _CALENDAR_MONTHS[self.kind]
        return month_start(today).replace(month=(today.month - 1) // months * months + 1)

    def last_day(self, today: date) -> date | None:
        """The last day of the calendar window that ``today`` is in; None for rolling windows and a lifetime."""
        first = self.first_day(today)
        if first is None or self.kind not in _CALENDAR_MONTHS:
            return None
        return month_end(add_months(first, _CALENDAR_MONTHS[self.kind] - 1))

    def valid_through(self, today: date) -> date | None:
        """The last day of a level reached on ``today`` (R-T3): a rolling window's length from now, a calendar
        window's end of the next window, None (never ends) for a lifetime."""
        if self.kind == ROLLING_DAYS:
            return today + timedelta(days=self.n)
        if self.kind == ROLLING_MONTHS:
            return add_months(today, self.n)
        last = self.last_day(today)
        return None if last is None else self.last_day(last + timedelta(days=1))


@dataclass(frozen=True)
class Thresholds:
    """What must be reached within the window: any or all of the metrics. None at all: everybody has the level."""

    metrics: Mapping[str, Decimal] = field(default_factory=dict)
    mode: str = ANY
    window: Window = Window()

    def are_met(self, sums: Mapping[str, Decimal]) -> bool:
        """Whether the sums of this window reach them; equal is enough (R-T3)."""
        if not self.metrics:
            return True
        reached = [sums.get(metric, Decimal(0)) >= amount for metric, amount in self.metrics.items()]
        return any(reached) if self.mode == ANY else all(reached)

    def to_json(self) -> dict[str, Any]:
        """As a version stores them."""
        return {
            "mode": self.mode,
            "metrics": {metric: str(amount) for metric, amount in self.metrics.items()},
            "window": {"kind": self.window.kind, "n": self.window.n},
        }


def thresholds_from(stored: Mapping[str, Any]) -> Thresholds:
    """The inverse of :meth:`Thresholds.to_json`."""
    window = stored["window"]
    return Thresholds(
        metrics={metric: Decimal(amount) for metric, amount in stored["metrics"].items()},
        mode=stored["mode"],
        window=Window(window["kind"], window["n"]),
    )


@dataclass(frozen=True)
class Level:
    """A tier with its version in force, as far as a decision needs it."""

    tier_id: int
    version_id: int
    code: str
    rank: int
    thresholds: Thresholds
    falls: bool = True

    def valid_through(self, today: date) -> date | None:
        """The last day of this level when reached on ``today``; None for the base and for levels nobody falls from."""
        if not self.falls or not self.thresholds.metrics:
            return None
        return self.thresholds.window.valid_through(today)


def first_days(levels: Iterable[Level], today: date) -> list[date | None]:
    """The distinct beginnings of all windows, earliest first, a lifetime before all."""
    found = {level.thresholds.window.first_day(today) for level in levels if level.thresholds.metrics}
    return sorted(found, key=lambda day: day or date.min)


def earned_level(levels: Sequence[Level], sums: Sums, today: date) -> Level:
    """The highest level whose thresholds are met, skipping those between; the lowest of all where none is."""
    ranked = sorted(levels, key=lambda level: -level.rank)
    for level in ranked:
        if level.thresholds.are_met(sums.get(level.thresholds.window.first_day(today), {})):
            return level
    return ranked[-1]


@dataclass(frozen=True)
class MetricProgress:
    """One metric on the way to a level."""

    metric: str
    have: Decimal
    need: Decimal

    @property
    def missing(self) -> Decimal:
        """What is left to reach; never negative."""
        return max(Decimal(0), self.need - self.have)

    @property
    def percent(self) -> int:
        """Whole percent, 0 to 100; 100 only when reached."""
        if self.need <= 0 or self.have >= self.need:
            return 100
        return max(0, int(self.have * 100 / self.need))


def progress_towards(level: Level, sums: Sums, today: date) -> list[MetricProgress]:
    """How far a member is on each metric of a level, in the fixed order of metrics."""
    have = sums.get(level.thresholds.window.first_day(today), {})
    return [
        MetricProgress(metric, have.get(metric, Decimal(0)), level.thresholds.metrics[metric])
        for metric in METRICS
        if metric in level.thresholds.metrics
    ]
