"""Birthdays in both calendars: which dates exist and who celebrates on a day (rules.md 6). Pure, no Django."""

import calendar
from dataclasses import dataclass
from datetime import date

from borax.calendars.lunardate import LCalendars, LunarDate

SOLAR = "solar"
LUNAR = "lunar"
FIRST_LUNAR_YEAR = 1901
LAST_LUNAR_YEAR = 2099
FIRST_SOLAR_YEAR = 1900


@dataclass(frozen=True)
class Celebration:
    """Members with this birthday celebrate on the asked day. ``is_leap`` None means: whether leap month or not.

    ``occurrence`` is the solar or the lunar year, so that a birthday counts once in it: a Gregorian year can hold no
    or two days of one lunar date.
    """

    calendar: str
    month: int
    day: int
    is_leap: bool | None
    occurrence: int


def solar_problem(year: int | None, month: int, day: int) -> str:
    """Why a solar birthday cannot be, as a code; "" if it can. Without a year 29 February is accepted."""
    if year is not None and year < FIRST_SOLAR_YEAR:
        return "year"
    if not 1 <= month <= 12:
        return "month"
    if not 1 <= day <= calendar.monthrange(2000 if year is None else year, month)[1]:
        return "day"
    return ""


def lunar_problem(year: int | None, month: int, day: int, is_leap: bool) -> str:
    """Why a lunar birthday cannot be, as a code; "" if it can.

    With a year (1901-2099) the leap month must be that year's and the day within that month; without one any
    month of 30 days is accepted.
    """
    if not 1 <= month <= 12:
        return "month"
    if not 1 <= day <= 30:
        return "day"
    if year is None:
        return ""
    if not FIRST_LUNAR_YEAR <= year <= LAST_LUNAR_YEAR:
        return "year"
    if is_leap and LCalendars.leap_month(year) != month:
        return "leap"
    if day > LCalendars.ndays(year, month, int(is_leap)):
        return "day"
    return ""


def to_solar(year: int, month: int, day: int, is_leap: bool) -> date:
    """The solar day of a lunar date that :func:`lunar_problem` accepts."""
    solar: date = LunarDate(year, month, day, int(is_leap)).to_solar_date()
    return solar


def celebrations(day: date, *, in_leap_month: bool = False) -> list[Celebration]:
    """Which birthdays fall on a solar day (rules.md 6, invariant 22).

    29 February is kept on the 28th in common years; day 30 of a lunar month of 29 days on day 29; a birthday in a leap
    month in the ordinary month of the same number, or, with ``in_leap_month``, in the leap month of years that have it.
    """
    found = [Celebration(SOLAR, day.month, day.day, None, day.year)]
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        found.append(Celebration(SOLAR, 2, 29, None, day.year))
    return found + _lunar_celebrations(day, in_leap_month)


def _lunar_celebrations(day: date, in_leap_month: bool) -> list[Celebration]:
    if not FIRST_LUNAR_YEAR < day.year <= LAST_LUNAR_YEAR:
        return []
    lunar = LunarDate.from_solar_date(day.year, day.month, day.day)
    year, month, is_leap = int(lunar.year), int(lunar.month), bool(lunar.leap)
    if is_leap and not in_leap_month:
        return []
    days = [int(lunar.day)]
    if lunar.day == 29 and LCalendars.ndays(year, month, int(is_leap)) == 29:
        days.append(30)
    who: bool | None = None
    if in_leap_month and LCalendars.leap_month(year) == month:
        who = is_leap
    return [Celebration(LUNAR, month, number, who, year) for number in days]
