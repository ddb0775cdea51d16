"""Keeping and losing levels: consecutive months, grace, one down, to the base, for good (R-T4, R-T5)."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from tiers.rules import (
    ALL,
    AND,
    CALENDAR_YEAR,
    LIFETIME,
    MEMBERSHIP_YEAR,
    NEVER_FALLS,
    ONE_DOWN,
    ORDERS,
    PER_MONTH,
    POINTS,
    REQUALIFY,
    ROLLING_MONTHS,
    SINGLE_RECHARGE,
    SPEND,
    TO_BASE,
    WINDOW_TOTAL,
    KeepRule,
    Level,
    Monthly,
    Streak,
    Sums,
    Thresholds,
    Validity,
    Window,
    earned_level,
    fails_streak,
    first_days,
    is_kept,
    keep_rule_from,
    level_after,
    level_after_streak,
    may_fall_on,
    streak_from,
)

# The example of the sources: silver is lost after 3 months under 200 yuan or under 300 points (T05).
T05 = Streak(3, {SPEND: Decimal(200), POINTS: Decimal(300)})
OBTAINED = date(2025, 12, 20)
TODAY = date(2026, 4, 1)


def months(spend: list[str], points: list[str]) -> Monthly:
    begins = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
    rows = zip(begins, spend, points, strict=True)
    return {month: {SPEND: Decimal(paid), POINTS: Decimal(earned)} for month, paid, earned in rows}


@pytest.mark.parametrize(
    ("spend", "points", "falls"),
    [
        (["199.99", "199.99", "199.99"], ["100", "100", "100"], True),
        (["199.99", "200.00", "199.99"], ["100", "100", "100"], False),
        (["200.00", "200.00", "200.00"], ["100", "100", "100"], False),
        (["200.00", "0.00", "0.00"], ["300", "0", "0"], False),
        (["200.00", "200.00", "200.00"], ["100", "100", "99"], True),
        (["0.00", "0.00", "0.00"], ["100", "100", "100"], True),
        (["0.00", "0.00", "200.00"], ["0", "0", "300"], False),
    ],
)
def test_three_months_each_under_200_yuan_or_together_under_300_points(
    spend: list[str], points: list[str], falls: bool
) -> None:
    assert fails_streak(T05, months(spend, points), OBTAINED, TODAY) is falls


def test_a_month_with_zero_orders_is_one_of_zero() -> None:
    assert fails_streak(T05, {}, OBTAINED, TODAY)
    assert not fails_streak(T05, {date(2026, 2, 1): {SPEND: Decimal(200), POINTS: Decimal(300)}}, OBTAINED, TODAY)


@pytest.mark.parametrize(
    ("obtained", "today", "counts"),
    [
        (date(2025, 12, 1), date(2026, 3, 31), False),
        (date(2025, 12, 1), date(2026, 4, 1), True),
        (date(2025, 12, 31), date(2026, 4, 1), True),
        (date(2026, 1, 1), date(2026, 4, 30), False),
        (date(2026, 1, 1), date(2026, 5, 1), True),
    ],
)
def test_only_complete_months_after_the_month_the_tier_was_obtained_count(
    obtained: date, today: date, counts: bool
) -> None:
    assert fails_streak(T05, {}, obtained, today) is counts


def test_the_months_are_the_last_complete_ones() -> None:
    assert T05.counted_months(date(2026, 1, 31)) == [date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1)]
    assert Streak(1).counted_months(date(2026, 3, 1)) == [date(2026, 2, 1)]


@pytest.mark.parametrize(("joint", "reading"), list(product(["or", AND], [PER_MONTH, WINDOW_TOTAL])))
def test_the_shop_chooses_how_the_sentence_is_read(joint: str, reading: str) -> None:
    streak = Streak(3, T05.metrics, {SPEND: reading, POINTS: reading}, joint)
    # Spend: every month under 200, together 300. Points: one month over 300.
    figures = months(["100.00", "100.00", "100.00"], ["0", "301", "0"])
    spend_fails, points_fail = reading == PER_MONTH, False

    expected = (spend_fails and points_fail) if joint == AND else (spend_fails or points_fail)
    assert fails_streak(streak, figures, OBTAINED, TODAY) is expected
    assert fails_streak(streak, {}, OBTAINED, TODAY)


def test_nothing_asked_takes_nothing() -> None:
    assert not fails_streak(Streak(3), {}, OBTAINED, TODAY)


def test_keep_rules_survive_storage_with_every_reading_spelled_out() -> None:
    rule = KeepRule(Thresholds({ORDERS: Decimal(6)}, ALL, Window(CALENDAR_YEAR, 1)), T05)

    stored = rule.to_json()
    again = keep_rule_from(stored)

    assert stored["streak"]["readings"] == {SPEND: PER_MONTH, POINTS: WINDOW_TOTAL}
    assert again.thresholds == rule.thresholds
    assert again.to_json() == stored
    assert streak_from({"months": 2, "metrics": {"spend": "1"}}) == Streak(2, {SPEND: Decimal(1)})
    assert keep_rule_from({}) == KeepRule()


def level(rank: int, amount: str | None, **options: object) -> Level:
    metrics = {} if amount is None else {SPEND: Decimal(amount)}
    return Level(rank, rank, f"level{rank}", rank, Thresholds(metrics), **options)  # type: ignore[arg-type]  # fields by name


def levels(**gold: object) -> list[Level]:
    return [level(0, None), level(1, "500"), level(2, "2000", **gold), level(3, "5000")]


JUDGED = date(2026, 3, 17)
FIRST = Window().first_day(JUDGED)


def after(spend: str, **gold: object) -> tuple[int, bool, date | None]:
    chosen = levels(**gold)
    outcome = level_after(chosen, chosen[2], {FIRST: {SPEND: Decimal(spend)}}, JUDGED)
    return outcome.level.rank, outcome.is_kept, outcome.counts_after


@pytest.mark.parametrize(
    ("keep", "spend", "rank", "is_kept_now", "counts_after"),
    [
        (REQUALIFY, "2000.00", 2, True, None),
        (REQUALIFY, "1999.99", 1, False, None),
        (REQUALIFY, "499.99", 0, False, None),
        (REQUALIFY, "5000.00", 3, False, None),
        (ONE_DOWN, "2000.00", 2, True, None),
        (ONE_DOWN, "1999.99", 1, False, None),
        (ONE_DOWN, "0.00", 1, False, None),
        (TO_BASE, "2000.00", 2, True, None),
        # What would earn silver again at once is used up by the fall to the lowest tier.
        (TO_BASE, "1999.99", 0, False, JUDGED),
        (TO_BASE, "499.99", 0, False, None),
    ],
)
def test_who_fails_goes_where_the_version_says(
    keep: str, spend: str, rank: int, is_kept_now: bool, counts_after: date | None
) -> None:
    assert after(spend, keep=keep) == (rank, is_kept_now, counts_after)


def test_a_keep_rule_of_its_own_decides_alone() -> None:
    easier = KeepRule(Thresholds({SPEND: Decimal(1000)}))
    harder = KeepRule(Thresholds({SPEND: Decimal(3000)}))

    assert after("1000.00", keep_rule=easier) == (2, True, None)
    assert after("999.99", keep_rule=easier) == (1, False, None)
    assert after("3000.00", keep_rule=harder) == (2, True, None)
    # The thresholds of gold are still met: without a new start the next sale would lift again what just fell.
    assert after("2999.99", keep_rule=harder) == (1, False, JUDGED)


def test_what_consecutive_months_take_is_not_given_back_by_the_figures_before() -> None:
    silver_falls = Level(1, 1, "silver", 1, Thresholds({SPEND: Decimal(500)}), keep_rule=KeepRule(streak=T05))
    track = [level(0, None), silver_falls]
    sums: Sums = {Window().first_day(TODAY): {SPEND: Decimal(900)}}

    outcome = level_after_streak(track, silver_falls, sums, TODAY)

    assert (outcome.level.rank, outcome.counts_after) == (0, date(2026, 3, 31))
    assert silver_falls.valid_through(OBTAINED) is None


def test_a_retired_level_ends_with_its_validity_and_is_earned_by_nobody() -> None:
    chosen = levels(is_retired=True, keep=TO_BASE)
    enough: Sums = {FIRST: {SPEND: Decimal(2500)}}

    assert earned_level(chosen, enough, JUDGED).rank == 1
    assert not is_kept(chosen[2], enough, JUDGED)
    assert level_after(chosen, chosen[2], enough, JUDGED).level.rank == 1
    below = [level(0, None), level(1, "500", is_retired=True), level(2, "2000", keep=ONE_DOWN)]
    assert level_after(below, below[2], {FIRST: {}}, JUDGED).level.rank == 0


def test_a_level_without_thresholds_is_given_by_hand_only() -> None:
    chosen = [level(0, None), level(1, "500"), level(2, None, validity=Validity(months=3))]

    assert earned_level(chosen, {FIRST: {SPEND: Decimal(9999)}}, JUDGED).rank == 1
    assert chosen[2].valid_through(date(2026, 1, 31)) == date(2026, 4, 30)
    assert level(2, None, keep=NEVER_FALLS, validity=Validity(days=7)).valid_through(JUDGED) == date(2026, 3, 24)


def test_a_level_lasts_the_longest_of_its_windows() -> None:
    yearly = KeepRule(Thresholds({SPEND: Decimal(1)}, window=Window(CALENDAR_YEAR, 1)))
    ever = KeepRule(Thresholds({SPEND: Decimal(1)}, window=Window(LIFETIME, 1)))
    short = Thresholds({SPEND: Decimal(1)}, window=Window(ROLLING_MONTHS, 1))

    assert Level(1, 1, "x", 1, short, keep_rule=yearly).valid_through(JUDGED) == date(2027, 12, 31)
    assert Level(1, 1, "x", 1, short, keep_rule=ever).valid_through(JUDGED) is None
    assert Level(1, 1, "x", 1, short, keep_rule=ever, validity=Validity(months=6)).valid_through(JUDGED) == date(
        2026, 9, 17
    )
    both = KeepRule(yearly.thresholds, T05)
    assert Level(1, 1, "x", 1, short, keep_rule=both).valid_through(JUDGED) == date(2027, 12, 31)


def test_days_of_grace_put_the_fall_off() -> None:
    held = level(1, "500", grace_days=3)

    assert [may_fall_on(held, JUDGED, date(2026, 3, day)) for day in (18, 20, 21)] == [False, False, True]
    assert may_fall_on(level(1, "500"), JUDGED, date(2026, 3, 18))


def test_a_late_night_lengthens_no_validity() -> None:
    yearly = level(1, "500")
    weekly = Level(1, 1, "x", 1, Thresholds({SPEND: Decimal(1)}, window=Window("rolling_days", 7)))

    assert yearly.renewed_through(JUDGED, date(2026, 3, 18)) == date(2027, 3, 17)
    assert yearly.renewed_through(JUDGED, date(2026, 3, 25)) == date(2027, 3, 17)
    # A night so late that the next validity would be over too counts from the day before it.
    assert weekly.renewed_through(JUDGED, date(2026, 5, 1)) == date(2026, 5, 7)


def test_windows_of_keeping_are_summed_up_for_the_night_only() -> None:
    rule = KeepRule(Thresholds({SINGLE_RECHARGE: Decimal(1)}, window=Window(MEMBERSHIP_YEAR, 1)))
    chosen = [level(0, None), level(1, "500", keep_rule=rule)]
    joined = date(2020, 6, 1)

    assert first_days(chosen, JUDGED, joined) == [date(2025, 3, 18)]
    assert first_days(chosen, JUDGED, joined, keeping=True) == [date(2025, 3, 18), date(2025, 6, 1)]
    assert [one.needs_joining_day for one in chosen] == [False, True]
