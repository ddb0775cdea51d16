"""Birthdays in both calendars (rules.md 6) and which PINs are too easy (R-W10). Pure, no Django."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

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


PIN_LENGTH = 6
PIN_TRIES = 5


def pin_problem(pin: str, *, birthdays: Iterable[tuple[int | None, int, int]], phone_tail: str) -> str:
    """Why six digits are no good as a PIN: "shape", "easy", "birthday", "phone"; empty if they are (R-W10).

    Easy are one digit six times and runs up or down, also across 9 and 0. ``birthdays`` are (year, month, day), a
    lunar one in both calendars; without a year every year of the last and this century counts. ``phone_tail`` is the
    last six digits of the phone or empty.
    """
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
        return "shape"
    steps = {(int(later) - int(earlier)) % 10 for earlier, later in pairwise(pin)}
    if steps in ({0}, {1}, {9}):
        return "easy"
    if any(pin in _birthday_forms(*birthday) for birthday in birthdays):
        return "birthday"
    return "phone" if pin == phone_tail else ""


def _birthday_forms(year: int | None, month: int, day: int) -> set[str]:
    """Six digits that people make of a date: 900318, 199003, 031890, 180390, 199038 ..."""
    forms = set()
    for one in [year] if year else range(1900, 2100):
        long, short, m, d = f"{one:04d}", f"{one % 100:02d}", f"{month:02d}", f"{day:02d}"
        forms |= {short + m + d, short + d + m, m + d + short, d + m + short, long + m, m + long}
        forms |= {text for text in (f"{long}{month}{day}", f"{month}{day}{long}") if len(text) == PIN_LENGTH}
    return forms
