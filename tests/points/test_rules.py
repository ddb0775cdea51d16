"""The arithmetic of points, by tables."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points import rules

D = Decimal
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("points", "num", "den", "value"),
    [(100, 100, 100, "1.00"), (99, 100, 100, "0.99"), (1, 100, 300, "0.00"), (3, 100, 300, "0.01"), (0, 1, 1, "0.00")],
)
def test_points_are_worth_whole_fen_rounded_down(points, num, den, value):
    assert rules.value_of(points, num, den) == D(value)


@pytest.mark.parametrize(
    ("value", "num", "den", "points"), [("1.00", 100, 100, 100), ("0.01", 100, 300, 3), ("0.01", 200, 100, 1)]
)
def test_points_needed_are_rounded_up(value, num, den, points):
    assert rules.points_for(D(value), num, den) == points


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 10**5), st.integers(1, 10**5))
def test_the_points_needed_for_a_worth_are_never_more_than_had_it(points, num, den):
    needed = rules.points_for(rules.value_of(points, num, den), num, den)

    assert needed <= points
    assert rules.value_of(needed, num, den) == rules.value_of(points, num, den)


@pytest.mark.parametrize(("mode", "multiple"), [("max", 5), ("add", 6), ("multiply", 10)])
def test_a_tier_of_5_on_a_member_day_of_2(mode, multiple):
    assert rules.combine_multiples(mode, D(5), [D(2)], D(10)) == multiple


def test_multiples_are_capped_and_unknown_modes_refused():
    assert rules.combine_multiples("multiply", D(5), [D(3)], D(10)) == 10
    assert rules.combine_multiples("max", D(1), [], D(10)) == 1
    with pytest.raises(LookupError):
        rules.combine_multiples("newest", D(1), [], D(10))


@pytest.mark.parametrize(
    ("method", "count", "credited", "last_day"),
    [
        ("days", 0, "2026-03-18 23:59:59.9", "2026-03-18"),
        ("days", 30, "2026-03-18 00:00:00", "2026-04-17"),
        ("months", 1, "2026-01-31 12:00:00", "2026-02-28"),
        ("months", 1, "2028-01-31 12:00:00", "2028-02-29"),
        ("months", 12, "2028-02-29 12:00:00", "2029-02-28"),
        ("months", 11, "2026-02-15 12:00:00", "2027-01-15"),
        ("month_end", 0, "2026-03-31 23:59:59.9", "2026-03-31"),
        ("month_end", 1, "2026-01-31 00:00:00", "2026-02-28"),
        ("month_end", 12, "2026-12-01 00:00:00", "2027-12-31"),
        ("quarter_end", 0, "2026-03-31 23:59:59.9", "2026-03-31"),
        ("quarter_end", 0, "2026-04-01 00:00:00", "2026-06-30"),
        ("quarter_end", 1, "2026-11-30 00:00:00", "2027-03-31"),
        ("year_end", 0, "2026-12-31 23:59:59.9", "2026-12-31"),
        ("year_end", 1, "2027-01-01 00:00:00", "2028-12-31"),
    ],
)
def test_a_lot_is_good_through_its_last_local_day(method, count, credited, last_day):
    at = datetime.fromisoformat(credited).replace(tzinfo=SHANGHAI)

    ends_at = rules.lot_expiry(method, count, at.astimezone(UTC), SHANGHAI)

    assert (ends_at.date() - rules.timedelta(days=1)).isoformat() == last_day
    assert (ends_at.hour, ends_at.minute, ends_at.tzinfo) == (0, 0, SHANGHAI)
    assert ends_at > at


def test_never_has_no_end_and_unknown_methods_are_refused():
    at = datetime(2026, 3, 18, tzinfo=UTC)

    assert rules.lot_expiry("never", 1, at, SHANGHAI) is None
    with pytest.raises(LookupError):
        rules.lot_expiry("someday", 1, at, SHANGHAI)
