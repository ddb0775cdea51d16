"""Shop days, half-open periods and month arithmetic (rules.md 0.6). Pure but for the zone that callers pass in."""

import calendar
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings


def zone() -> ZoneInfo:
    """The installation's zone, which rule days (expiry, tiers, birthdays) are counted in."""
    return ZoneInfo(settings.TIME_ZONE)


def local_day(at: datetime, in_zone: ZoneInfo | None = None) -> date:
    """The calendar day of an instant in the installation's zone (or another one)."""
    return at.astimezone(in_zone or zone()).date()


def start_of(day: date, in_zone: ZoneInfo | None = None) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time.min, tzinfo=in_zone or zone())


def end_of(day: date, in_zone: ZoneInfo | None = None) -> datetime:
    """The exclusive end of a local day: what is valid "through day D" ends at D+1 00:00 local."""
    return start_of(day + timedelta(days=1), in_zone)


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
