"""What must be reached to keep a level (R-T4), and the rule of consecutive months (R-T5). No Django, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from core.months import add_months, month_start
from tiers.rules.thresholds import POINTS, Thresholds, thresholds_from

REQUALIFY: Final = "requalify"
ONE_DOWN: Final = "one_down"
TO_BASE: Final = "to_base"
NEVER_FALLS: Final = "never_falls"
KEEPS: Final = (REQUALIFY, ONE_DOWN, TO_BASE, NEVER_FALLS)

PER_MONTH: Final = "per_month"
WINDOW_TOTAL: Final = "window_total"
READINGS: Final = (PER_MONTH, WINDOW_TOTAL)
OR: Final = "or"
AND: Final = "and"
JOINTS: Final = (OR, AND)

# Sums of one member by the first day of the calendar month, then by metric.
Monthly = Mapping[date, Mapping[str, Decimal]]


def default_reading(metric: str) -> str:
    """How a metric of consecutive months is read where nobody chose: points over all months together, the rest month
    by month (D-T4)."""
    return WINDOW_TOTAL if metric == POINTS else PER_MONTH


@dataclass(frozen=True)
class Streak:
    """A level is lost after ``months`` complete calendar months in a row that stay below ``metrics`` (R-T5).

    A metric read ``per_month`` fails where each of the months is below its amount, one read ``window_total`` where all
    of them together are. ``joint``: one failing metric is enough ("or"), or all must fail ("and").
    """

    months: int = 3
    metrics: Mapping[str, Decimal] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    joint: str = OR

    def reading(self, metric: str) -> str:
        """How this metric is read."""
        return self.readings.get(metric) or default_reading(metric)

    def counted_months(self, today: date) -> list[date]:
        """First days of the last complete calendar months before ``today``, earliest first."""
        this_month = month_start(today)
        return [add_months(this_month, -back) for back in range(self.months, 0, -1)]

    def counts_from(self, obtained_on: date) -> date:
        """The first day that this rule can take the level away on, given the day the level was obtained.

        Only complete calendar months after the month of that day count.
        """
        return add_months(month_start(obtained_on), self.months + 1)

    def to_json(self) -> dict[str, Any]:
        """As a version stores it, with every reading spelled out."""
        return {
            "months": self.months,
            "metrics": {metric: str(amount) for metric, amount in self.metrics.items()},
            "readings": {metric: self.reading(metric) for metric in self.metrics},
            "joint": self.joint,
        }


def streak_from(stored: Mapping[str, Any]) -> Streak:
    """The inverse of :meth:`Streak.to_json`."""
    return Streak(
        months=stored["months"],
        metrics={metric: Decimal(amount) for metric, amount in stored["metrics"].items()},
        readings=dict(stored.get("readings", {})),
        joint=stored.get("joint", OR),
    )


def fails_streak(streak: Streak, monthly: Monthly, obtained_on: date, today: date) -> bool:
    """Whether the last complete months take the level away on ``today``.

    ``monthly`` are sums by business day, so that a refund counts in the month of its sale. A month without any entry
    is one of zero. ``obtained_on`` is the shop day of the last change that brought the member to the level; a renewal
    does not begin anew, a level set by hand does.
    """
    if not streak.metrics or today < streak.counts_from(obtained_on):
        return False
    months = streak.counted_months(today)
    zero = Decimal(0)
    failed = []
    for metric, amount in streak.metrics.items():
        figures = [monthly.get(month, {}).get(metric, zero) for month in months]
        if streak.reading(metric) == PER_MONTH:
            failed.append(all(figure < amount for figure in figures))
        else:
            failed.append(sum(figures, zero) < amount)
    return any(failed) if streak.joint == OR else all(failed)


@dataclass(frozen=True)
class KeepRule:
    """What must be reached to keep a level where that is not what reached it: thresholds of its own, the rule of
    consecutive months, or both. Empty: the level's thresholds themselves."""

    thresholds: Thresholds | None = None
    streak: Streak | None = None

    @property
    def is_streak_only(self) -> bool:
        """Whether consecutive months alone can take the level away, so that it has no end of validity."""
        return self.streak is not None and self.thresholds is None

    def to_json(self) -> dict[str, Any]:
        """As a version stores it."""
        stored: dict[str, Any] = {}
        if self.thresholds is not None:
            stored["thresholds"] = self.thresholds.to_json()
        if self.streak is not None:
            stored["streak"] = self.streak.to_json()
        return stored


def keep_rule_from(stored: Mapping[str, Any]) -> KeepRule:
    """The inverse of :meth:`KeepRule.to_json`."""
    return KeepRule(
        thresholds=thresholds_from(stored["thresholds"]) if stored.get("thresholds") else None,
        streak=streak_from(stored["streak"]) if stored.get("streak") else None,
    )


def last_judged_day(today: date) -> date:
    """The last day that the rule of consecutive months has judged on ``today``: the end of the month before."""
    return month_start(today) - timedelta(days=1)
