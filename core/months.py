"""Month arithmetic on plain dates, for rules that must stay free of Django (rules.md 0.6)."""

import calendar
from datetime import date


def add_months(day: date, months: int, anchor: int | None = None) -> date:
    """Month arithmetic that clamps: 31 Jan + 1 month = 28/29 Feb. ``anchor`` keeps the wished day (next = 31 Mar)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor or day.day, last))


def month_start(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
