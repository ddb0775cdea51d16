"""Membership years, validities of their own and late days as pure functions (R-T2, R-T3, R-T7)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiers.rules import (
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    HALF_YEAR,
    LIFETIME,
    MEMBERSHIP_YEAR,
    MONTH,
    QUARTER,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    YEAR,
    Validity,
    Window,
    anniversary,
    late_until,
    validity_from,
)

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("joined", "today", "first", "last", "through"),
    [
        (date(2024, 5, 10), date(2026, 5, 9), date(2025, 5, 10), date(2026, 5, 9), date(2027, 5, 9)),
        (date(2024, 5, 10), date(2026, 5, 10), date(2026, 5, 10), date(2027, 5, 9), date(2028, 5, 9)),
        (date(2024, 5, 10), date(2024, 5, 10), date(2024, 5, 10), date(2025, 5, 9), date(2026, 5, 9)),
        # A sale that was entered for a day before the member joined counts in the year before.
        (date(2024, 5, 10), date(2024, 5, 9), date(2023, 5, 10), date(2024, 5, 9), date(2025, 5, 9)),
        # Joined on 29 Feb: 28 Feb in common years, 29 Feb again in leap years.
        (date(2024, 2, 29), date(2025, 2, 27), date(2024, 2, 29), date(2025, 2, 27), date(2026, 2, 27)),
        (date(2024, 2, 29), date(2025, 2, 28), date(2025, 2, 28), date(2026, 2, 27), date(2027, 2, 27)),
        (date(2024, 2, 29), date(2028, 2, 28), date(2027, 2, 28), date(2028, 2, 28), date(2029, 2, 27)),
        (date(2024, 2, 29), date(2028, 2, 29), date(2028, 2, 29), date(2029, 2, 27), date(2030, 2, 27)),
    ],
)
def test_a_membership_year_begins_on_the_anniversary(
    joined: date, today: date, first: date, last: date, through: date
) -> None:
    window = Window(MEMBERSHIP_YEAR, 1)

    assert window.first_day(today, joined) == first
    assert window.last_day(today, joined) == last
    assert window.valid_through(today, joined) == through


def test_who_joined_on_the_31st_has_full_years_and_clamped_months() -> None:
    joined = date(2025, 8, 31)

    assert Window(MEMBERSHIP_YEAR, 1).first_day(date(2026, 8, 30), joined) == date(2025, 8, 31)
    assert Window(MEMBERSHIP_YEAR, 1).first_day(date(2026, 8, 31), joined) == date(2026, 8, 31)
    assert Window(ROLLING_MONTHS, 1).valid_through(date(2026, 1, 31)) == date(2026, 2, 28)
    assert Window(ROLLING_MONTHS, 6).valid_through(joined) == date(2026, 2, 28)


@given(joined=DAYS, today=DAYS)
def test_membership_years_follow_one_another_without_gap(joined: date, today: date) -> None:
    window = Window(MEMBERSHIP_YEAR, 1)
    first, last = window.first_day(today, joined), window.last_day(today, joined)

    assert first is not None
    assert last is not None
    assert first <= today <= last
    assert first == anniversary(joined, first.year)
    assert 365 <= (last - first).days + 1 <= 366
    assert window.first_day(last + timedelta(days=1), joined) == last + timedelta(days=1)


def test_a_membership_year_without_a_day_of_joining_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="joining"):
        Window(MEMBERSHIP_YEAR, 1).first_day(date(2026, 3, 18))


@pytest.mark.parametrize(
    ("validity", "through"),
    [
        (Validity(), date(2027, 3, 18)),
        (Validity(months=1), date(2026, 4, 18)),
        (Validity(months=24), date(2028, 3, 18)),
        (Validity(days=30), date(2026, 4, 17)),
        (Validity(round_up=MONTH), date(2027, 3, 31)),
        (Validity(round_up=QUARTER), date(2027, 3, 31)),
        (Validity(round_up=HALF_YEAR), date(2027, 6, 30)),
        (Validity(round_up=YEAR), date(2027, 12, 31)),
        (Validity(months=4, round_up=QUARTER), date(2026, 9, 30)),
        (Validity(months=3, round_up=HALF_YEAR), date(2026, 6, 30)),
        (Validity(days=1, round_up=YEAR), date(2026, 12, 31)),
    ],
)
def test_a_validity_of_its_own_replaces_the_length_of_the_window(validity: Validity, through: date) -> None:
    today = date(2026, 3, 18)

    assert validity.through(today, Window().valid_through(today)) == through
    assert validity_from(validity.to_json()) == validity


def test_a_level_for_life_ends_only_by_a_length_of_its_own() -> None:
    today = date(2026, 3, 18)

    assert Validity().through(today, None) is None
    assert Validity(round_up=YEAR).through(today, None) is None
    assert Validity(months=12).through(today, None) == date(2027, 3, 18)


@pytest.mark.parametrize(
    ("window", "until"),
    [
        (Window(CALENDAR_MONTH, 1), date(2026, 2, 28)),
        (Window(CALENDAR_QUARTER, 1), date(2026, 3, 31)),
        (Window(MEMBERSHIP_YEAR, 1), date(2026, 6, 14)),
        (Window(ROLLING_DAYS, 30), date(2026, 2, 11)),
        (Window(LIFETIME, 1), date(2026, 2, 11)),
    ],
)
def test_a_late_day_counts_to_the_end_of_its_own_window(window: Window, until: date) -> None:
    assert late_until(window, date(2026, 2, 11), date(2020, 6, 15)) == until
