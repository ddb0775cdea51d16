"""What a level asks of a member, and how far somebody is on the way to it (R-T1, R-T3). No Django, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from tiers.rules.windows import Window, window_from

SPEND: Final = "spend"
ORDERS: Final = "orders"
POINTS: Final = "points"
RECHARGE: Final = "recharge"
GROWTH: Final = "growth"
METRICS: Final = (SPEND, ORDERS, POINTS, RECHARGE, GROWTH)
"""What the ledger of progress records and windows sum up."""

SINGLE_RECHARGE: Final = "single_recharge"
BALANCE: Final = "balance"
THRESHOLD_METRICS: Final = (*METRICS, SINGLE_RECHARGE, BALANCE)
"""What thresholds may ask for: the sums, the largest single recharge in the window (net of what was refunded of it),
and the stored principal of this moment, which is read by the night and on a look by hand only (R-T11)."""

METRICS_OF_TRACK: Final = {
    "growth": (SPEND, ORDERS, POINTS, RECHARGE, SINGLE_RECHARGE, GROWTH),
    "stored": (RECHARGE, SINGLE_RECHARGE, BALANCE),
    "paid": (),
    "invited": (),
}
"""What the levels of a track of each kind may ask for; paid tiers are bought and invited ones given by hand."""

ANY: Final = "any"
ALL: Final = "all"

# Figures of one member by the first day of the window (None for a lifetime), then by metric.
Sums = Mapping[date | None, Mapping[str, Decimal]]
_LAST_YEAR: Final = Window()


@dataclass(frozen=True)
class Thresholds:
    """What must be reached within the window: any or all of the metrics. None at all: everybody has the level."""

    metrics: Mapping[str, Decimal] = field(default_factory=dict)
    mode: str = ANY
    window: Window = _LAST_YEAR

    def are_met(self, sums: Mapping[str, Decimal]) -> bool:
        """Whether the sums of this window reach them; equal is enough (R-T3). A figure nobody gave is nothing."""
        if not self.metrics:
            return True
        reached = [sums.get(metric, Decimal(0)) >= amount for metric, amount in self.metrics.items()]
        return any(reached) if self.mode == ANY else all(reached)

    def are_met_in(self, sums: Sums, today: date, joined_on: date | None = None) -> bool:
        """The same, with the window of ``today`` picked out of the sums."""
        if not self.metrics:
            return True
        return self.are_met(sums.get(self.window.first_day(today, joined_on), {}))

    @property
    def ask_for_balance(self) -> bool:
        """Whether a sale alone cannot judge them (R-T11)."""
        return BALANCE in self.metrics

    def to_json(self) -> dict[str, Any]:
        """As a version stores them."""
        return {
            "mode": self.mode,
            "metrics": {metric: str(amount) for metric, amount in self.metrics.items()},
            "window": self.window.to_json(),
        }


def thresholds_from(stored: Mapping[str, Any]) -> Thresholds:
    """The inverse of :meth:`Thresholds.to_json`."""
    return Thresholds(
        metrics={metric: Decimal(amount) for metric, amount in stored["metrics"].items()},
        mode=stored["mode"],
        window=window_from(stored["window"]),
    )


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


def progress_of(thresholds: Thresholds, sums: Sums, today: date, joined_on: date | None = None) -> list[MetricProgress]:
    """How far a member is on each metric of the thresholds, in the fixed order of metrics."""
    if not thresholds.metrics:
        return []
    have = sums.get(thresholds.window.first_day(today, joined_on), {})
    return [
        MetricProgress(metric, have.get(metric, Decimal(0)), thresholds.metrics[metric])
        for metric in THRESHOLD_METRICS
        if metric in thresholds.metrics
    ]
