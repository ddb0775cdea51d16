"""Shop days, half-open periods and month arithmetic (rules.md 0.6). Pure but for the zone that callers pass in."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from core.months import add_months, month_end, month_start

__all__ = ["add_months", "end_of", "local_day", "month_end", "month_start", "start_of", "zone"]


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


def last_day(ends_at: datetime, in_zone: ZoneInfo | None = None) -> date:
    """The last local day before an exclusive end: the way back from :func:`end_of`, for people to read."""
    return local_day(ends_at - timedelta(microseconds=1), in_zone)
