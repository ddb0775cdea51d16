"""One member's way through the levels of a track, event by event and night by night."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations

from tiers.rules import KeepRule, Level, Streak, Thresholds, Window
from tiers.rules.replaying import Edition, Event, Given, Held, Replay, Rulebook, Step

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
YEAR = Window("rolling_months", 12)


def level(rank: int, spend: str = "", **terms: object) -> Level:
    """A level by its rank, reached by so much spend in twelve months."""
    metrics = {"spend": Decimal(spend)} if spend else {}
    return Level(rank, rank * 10, f"l{rank}", rank, Thresholds(metrics, "any", YEAR), **terms)  # type: ignore[arg-type]


NORMAL, SILVER, GOLD = level(0), level(1, "500"), level(2, "2000")
LADDER = (NORMAL, SILVER, GOLD)


def edition(day: date, levels: Sequence[Level]) -> Edition:
    """Rules in force from the first minute of a day."""
    return Edition(datetime(day.year, day.month, day.day, tzinfo=UTC), day, levels)


def night(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=7, minutes=30)


def sale(day: date, amount: str, *, on: date | None = None) -> Event:
    """A sale of so much at noon of a day; ``on`` is the business day that it counts for."""
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    return Event(at, day, on or day, {"spend": Decimal(amount), "orders": Decimal(1)})


def walk(
    events: Sequence[Event | Given], levels: Sequence[Level] = LADDER, *, held: Held | None = None, **options: object
) -> list[tuple[str, str, str, str]]:
    """The movements of a member who begins on the lowest level, as texts."""
    replay = Replay(
        Rulebook([edition(FIRST, levels)]), held or Held(levels[0], FIRST), joined_on=FIRST, night_at=night, **options
    )  # type: ignore[arg-type]
    return [said(step) for step in replay.run(events, FIRST, LAST)]


def said(step: Step) -> tuple[str, str, str, str]:
    return (step.today.isoformat(), step.before.code, step.after.code, step.reason)


def test_a_fen_below_moves_nobody_and_the_next_does() -> None:
    day = date(2026, 3, 1)

    assert walk([sale(day, "499.99")]) == []
    assert walk([sale(day, "499.99"), sale(day + timedelta(days=1), "0.01")]) == [
        ("2026-03-02", "l0", "l1", "upgraded")
    ]


def test_a_level_is_skipped_and_lasts_its_window() -> None:
    steps = walk([sale(date(2025, 12, 1), "0"), sale(date(2026, 1, 5), "2500")])

    assert steps == [("2026-01-05", "l0", "l2", "upgraded")]


def test_the_end_of_validity_keeps_or_lowers() -> None:
    begun = Held(SILVER, date(2025, 3, 1), valid_through=date(2026, 3, 1))

    assert walk([sale(date(2026, 2, 1), "500")], held=begun) == [("2026-03-02", "l1", "l1", "kept")]
    assert walk([sale(date(2026, 2, 1), "499.99")], held=begun) == [("2026-03-02", "l1", "l0", "downgraded")]


def test_days_of_grace_can_only_keep() -> None:
    levels = (NORMAL, replace(SILVER, grace_days=10), GOLD)
    begun = Held(levels[1], date(2025, 3, 1), valid_through=date(2026, 3, 1))

    assert walk([], levels, held=begun) == [("2026-03-12", "l1", "l0", "downgraded")]
    assert [step[3] for step in walk([sale(date(2026, 3, 8), "600")], levels, held=begun)] == ["kept"]


def test_three_low_months_take_a_level_in_the_night_after_them() -> None:
    streak = Streak(3, {"spend": Decimal(200), "points": Decimal(300)})
    levels = (NORMAL, replace(SILVER, keep_rule=KeepRule(streak=streak)), GOLD)
    months = [sale(date(2026, month, 10), amount) for month, amount in ((2, "199.99"), (3, "199.99"), (4, "199.99"))]
    enough = [Event(one.at, one.today, one.business_on, {**one.amounts, "points": Decimal(150)}) for one in months]
    rise = sale(date(2026, 1, 20), "500")

    # Points below 300 in all three months together take it as well, so every month has enough of them here.
    assert walk([rise, *enough], levels)[:2] == [
        ("2026-01-20", "l0", "l1", "upgraded"),
        ("2026-05-01", "l1", "l0", "downgraded"),
    ]
    enough[1] = Event(
        enough[1].at, enough[1].today, enough[1].business_on, {"spend": Decimal(200), "points": Decimal(150)}
    )
    # March reaches 200: only April, May and June are three low months in a row.
    assert walk([rise, *enough], levels)[1] == ("2026-07-01", "l1", "l0", "downgraded")


def test_a_young_upgrade_falls_with_the_sale_that_reached_it() -> None:
    bought, returned = sale(date(2026, 3, 1), "600"), sale(date(2026, 3, 5), "-600", on=date(2026, 3, 1))

    assert walk([bought, returned]) == [
        ("2026-03-01", "l0", "l1", "upgraded"),
        ("2026-03-05", "l1", "l0", "revoked"),
    ]
    late = sale(date(2026, 3, 9), "-600", on=date(2026, 3, 1))
    assert walk([bought, late]) == [("2026-03-01", "l0", "l1", "upgraded")]


def test_a_level_given_by_hand_and_locked_does_not_fall_before_its_day() -> None:
    given = Held(SILVER, date(2026, 2, 1), valid_through=date(2026, 3, 31), locked_through=date(2026, 6, 30))
    at = datetime(2026, 2, 1, 4, tzinfo=UTC)

    assert walk([Given(at, date(2026, 2, 1), given)]) == [
        ("2026-02-01", "l0", "l1", "given"),
        ("2026-07-01", "l1", "l0", "downgraded"),
    ]


def test_new_rules_raise_in_the_night_they_begin() -> None:
    easier = (NORMAL, level(1, "300"), GOLD)
    rules = Rulebook([edition(FIRST, LADDER), edition(date(2026, 6, 1), easier)])
    replay = Replay(rules, Held(NORMAL, FIRST), joined_on=FIRST, night_at=night)

    steps = list(replay.run([sale(date(2026, 5, 2), "350")], FIRST, LAST))

    assert [said(step) for step in steps] == [("2026-06-01", "l0", "l1", "upgraded")]
    assert steps[0].at is None


def test_what_happened_before_counts_but_moves_nobody() -> None:
    known = [sale(date(2025, 8, 1), "450")]

    assert walk([sale(date(2026, 7, 31), "50")], known=known) == [("2026-07-31", "l0", "l1", "upgraded")]
    assert walk([sale(date(2026, 8, 1), "50")], known=known) == []


def test_the_order_of_recording_within_a_day_changes_nothing() -> None:
    day = date(2026, 3, 1)
    amounts = ("200", "299.99", "0.01", "1600")

    ends = {
        walk([sale(day, amount, on=day - timedelta(days=place)) for place, amount in enumerate(order)])[-1][2]
        for order in permutations(amounts)
    }

    assert ends == {"l2"}
