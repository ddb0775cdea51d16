"""Periods that reports are asked for by name. Pure: today comes in."""

from dataclasses import dataclass
from datetime import date, timedelta

from core.days import add_months, month_end, month_start


@dataclass(frozen=True)
class Period:
    """Days from first to last, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days right before."""
        last = self.first - timedelta(days=1)
        return Period(last - timedelta(days=self.length - 1), last)

    def days(self) -> list[date]:
        """Every day of the period."""
        return [self.first + timedelta(days=offset) for offset in range(self.length)]


PRESETS = ("today", "yesterday", "last_7", "last_30", "month", "last_month", "year", "last_year")


def preset(name: str, today: date) -> Period:
    """The period of a name; ``last_7`` and ``last_30`` end yesterday, ``month`` and ``year`` today."""
    yesterday = today - timedelta(days=1)
    previous = add_months(month_start(today), -1)
    periods = {
        "today": Period(today, today),
        "yesterday": Period(yesterday, yesterday),
        "last_7": Period(today - timedelta(days=7), yesterday),
        "last_30": Period(today - timedelta(days=30), yesterday),
        "month": Period(month_start(today), today),
        "last_month": Period(previous, month_end(previous)),
        "year": Period(date(today.year, 1, 1), today),
        "last_year": Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }
    return periods[name]
