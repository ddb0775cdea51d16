"""Windows, thresholds and levels as pure functions."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiers.rules import (
    ALL,
    ANY,
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
    LIFETIME,
    NEVER_FALLS,
    POINTS,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    SPEND,
    WINDOWS,
    Level,
    MetricProgress,
    Sums,
    Thresholds,
    Window,
    earned_level,
    first_days,
    thresholds_from,
)


@pytest.mark.parametrize(
    ("kind", "n", "today", "first", "through"),
    [
        (ROLLING_DAYS, 30, date(2026, 3, 30), date(2026, 3, 1), date(2026, 4, 29)),
        (ROLLING_DAYS, 1, date(2026, 3, 18), date(2026, 3, 18), date(2026, 3, 19)),
        (ROLLING_MONTHS, 12, date(2026, 3, 18), date(2025, 3, 19), date(2027, 3, 18)),
        (ROLLING_MONTHS, 12, date(2028, 2, 29), date(2027, 3, 1), date(2029, 2, 28)),
        (ROLLING_MONTHS, 1, date(2026, 3, 31), date(2026, 3, 1), date(2026, 4, 30)),
        (CALENDAR_MONTH, 1, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 31)),
        (CALENDAR_MONTH, 1, date(2028, 1, 31), date(2028, 1, 1), date(2028, 2, 29)),
        (CALENDAR_QUARTER, 1, date(2026, 11, 5), date(2026, 10, 1), date(2027, 3, 31)),
        (CALENDAR_YEAR, 1, date(2026, 1, 1), date(2026, 1, 1), date(2027, 12, 31)),
        (LIFETIME, 1, date(2026, 1, 1), None, None),
    ],
)
def test_windows_begin_and_levels_end(kind: str, n: int, today: date, first: date | None, through: date | None) -> None:
    window = Window(kind, n)

    assert (window.first_day(today), window.valid_through(today)) == (first, through)


@given(
    kind=st.sampled_from(WINDOWS),
    n=st.integers(1, 60),
    today=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    joined=st.dates(date(1990, 1, 1), date(2100, 1, 1)),
)
def test_a_window_holds_today_and_a_level_outlasts_it(kind: str, n: int, today: date, joined: date) -> None:
    window = Window(kind, n)
    first, last = window.first_day(today, joined), window.last_day(today, joined)
    through = window.valid_through(today, joined)

    assert first is None or first <= today
    assert last is None or last >= today
    assert through is None or through > today


@pytest.mark.parametrize(
    ("mode", "spend", "points", "met"),
    [
        (ANY, "499.99", "499", False),
        (ANY, "500.00", "0", True),
        (ANY, "0", "500", True),
        (ALL, "500.00", "499", False),
        (ALL, "500.00", "500", True),
    ],
)
def test_thresholds_are_joined_by_any_or_all(mode: str, spend: str, points: str, met: bool) -> None:
    thresholds = Thresholds({SPEND: Decimal(500), POINTS: Decimal(500)}, mode)

    assert thresholds.are_met({SPEND: Decimal(spend), POINTS: Decimal(points)}) is met


def test_no_threshold_is_everybody_s() -> None:
    assert Thresholds().are_met({})


def test_thresholds_survive_storage() -> None:
    thresholds = Thresholds({SPEND: Decimal("500.50")}, ALL, Window(ROLLING_DAYS, 90))

    assert thresholds_from(thresholds.to_json()) == thresholds


def level(rank: int, amount: str | None, window: Window | None = None) -> Level:
    metrics = {} if amount is None else {SPEND: Decimal(amount)}
    return Level(rank, rank, f"level{rank}", rank, Thresholds(metrics, ANY, window or Window()))


def test_the_highest_level_that_is_met_counts_each_in_its_own_window() -> None:
    today = date(2026, 3, 18)
    year, month = Window(ROLLING_MONTHS, 12), Window(CALENDAR_MONTH, 1)
    levels = [level(0, None), level(1, "500", year), level(2, "300", month)]
    this_year, this_month = date(2025, 3, 19), date(2026, 3, 1)

    def earned(in_year: str, in_month: str) -> int:
        sums: Sums = {this_year: {SPEND: Decimal(in_year)}, this_month: {SPEND: Decimal(in_month)}}
        return earned_level(levels, sums, today).rank

    assert first_days(levels, today) == [this_year, this_month]
    assert [earned("499.99", "299.99"), earned("500", "0"), earned("300", "300"), earned("900", "299")] == [0, 1, 2, 1]


def test_a_lifetime_comes_before_every_day() -> None:
    levels = [level(1, "1", Window(ROLLING_DAYS, 1)), level(2, "1", Window(LIFETIME, 1))]

    assert first_days(levels, date(2026, 3, 18)) == [None, date(2026, 3, 18)]


def test_the_base_and_levels_kept_for_good_never_end() -> None:
    today = date(2026, 3, 18)

    assert level(0, None).valid_through(today) is None
    assert Level(1, 1, "x", 1, Thresholds({SPEND: Decimal(1)}), NEVER_FALLS).valid_through(today) is None
    assert level(1, "1").valid_through(today) == date(2027, 3, 18)


@pytest.mark.parametrize(
    ("have", "missing", "percent"),
    [("0", "500", 0), ("499.99", "0.01", 99), ("500", "0", 100), ("700", "0", 100), ("-20", "520", 0)],
)
def test_progress_is_complete_only_when_it_is(have: str, missing: str, percent: int) -> None:
    progress = MetricProgress(SPEND, Decimal(have), Decimal(500))

    assert (progress.missing, progress.percent) == (Decimal(missing), percent)
