"""How far a member is from the next level and from keeping the one held, with the figures behind it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from stores.models import Staff, Store
from tests.factories.levels import create_level, happen, record, set_rule
from tests.factories.members import create_member
from tiers import selectors, services
from tiers.models import Tier
from tiers.rules import (
    ALL,
    CALENDAR_YEAR,
    LIFETIME,
    MEMBERSHIP_YEAR,
    ROLLING_MONTHS,
    KeepRule,
    Streak,
    Thresholds,
    Window,
)
from tiers.selectors.progress import get_spans


def asking(window: Window | None = None, mode: str = "any", **metrics: str) -> Thresholds:
    return Thresholds({name: Decimal(amount) for name, amount in metrics.items()}, mode, window or Window())


def missing(progress: selectors.Progress | None) -> dict[str, Decimal] | None:
    return None if progress is None else {one.metric: one.missing for one in progress.metrics}


def to_next(member: Member, at: datetime, kind: str = "growth") -> selectors.Progress | None:
    return selectors.get_progress_to_next(member_id=member.pk, at=at, kind=kind)


def to_keep(member: Member, at: datetime, kind: str = "growth") -> selectors.Progress | None:
    return selectors.get_progress_to_keep(member_id=member.pk, at=at, kind=kind)


def test_132_yuan_to_gold_by_the_end_of_the_year(member: Member, gold: Tier, now: datetime) -> None:
    set_rule(gold, now, thresholds=asking(Window(CALENDAR_YEAR, 1), spend="2000"))
    happen(member, now, "a", spend="1868.00")

    progress = to_next(member, now)

    assert progress is not None
    assert (progress.tier, missing(progress), progress.by) == (gold, {"spend": Decimal("132.00")}, date(2026, 12, 31))
    assert not progress.is_met


def test_a_retired_level_is_nobody_s_next(member: Member, silver: Tier, gold: Tier, now: datetime) -> None:
    services.set_retired(tier_id=silver.pk, retired=True, actor=None, at=now)

    progress = to_next(member, now)

    assert progress is not None
    assert progress.tier == gold


def test_progress_of_stored_value_names_principal_largest_recharge_and_balance(
    member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_level(
        "stored", "vip", now, thresholds=asking(recharge="1000", single_recharge="500", balance="300", mode=ALL)
    )
    monkeypatch.setattr("tiers.selectors.progress.get_balance", lambda member_id, at: Decimal("120.00"))
    happen(member, now, "a", recharge="400.00")
    happen(member, now, "b", recharge="200.00")

    assert missing(to_next(member, now, "stored")) == {
        "recharge": Decimal("400.00"), "single_recharge": Decimal("100.00"), "balance": Decimal("180.00"),
    }  # fmt: skip


def test_nobody_is_on_the_way_up_a_track_without_levels(member: Member, now: datetime) -> None:
    assert to_next(member, now, "stored") is None
    assert to_keep(member, now, "stored") is None


def test_what_keeps_a_level_is_counted_in_the_window_of_its_last_day(member: Member, now: datetime) -> None:
    happen(member, now, "a", spend="500.00")

    progress = to_keep(member, now)

    assert progress is not None
    # The window of 2027-03-18 begins on 2026-03-19: what reached the level does not keep it.
    assert (missing(progress), progress.by, progress.is_met) == (
        {"spend": Decimal("500.00"), "points": Decimal("500.00")}, date(2027, 3, 18), False,
    )  # fmt: skip
    record(member, now, "b", on=date(2026, 3, 19), points="500")
    again = to_keep(member, now)
    assert again is not None
    assert again.is_met


def test_a_keep_rule_of_its_own_says_what_keeps_the_level(member: Member, silver: Tier, now: datetime) -> None:
    rule = KeepRule(asking(Window(ROLLING_MONTHS, 12), orders="6"))
    set_rule(silver, now, thresholds=asking(spend="500"), keep_rule=rule.to_json())
    happen(member, now, "a", spend="500.00")
    record(member, now, "b", on=date(2026, 4, 1), orders="2")

    assert missing(to_keep(member, now)) == {"orders": Decimal(4)}


def test_a_level_without_an_end_needs_nothing(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(Window(LIFETIME, 1), spend="500"))
    assert to_keep(member, now) is None
    happen(member, now, "a", spend="500.00")

    assert to_keep(member, now) is None


def test_membership_years_have_a_last_day(store: Store, silver: Tier, now: datetime) -> None:
    member = create_member(store, at=datetime(2024, 5, 9, 16, 0, tzinfo=UTC))
    set_rule(silver, now, thresholds=asking(Window(MEMBERSHIP_YEAR, 1), spend="500"))

    progress = to_next(member, now)

    assert progress is not None
    assert progress.by == date(2026, 5, 9)


def test_counting_that_restarted_is_left_out_of_progress(
    member: Member, silver: Tier, manager: Staff, now: datetime
) -> None:
    happen(member, now, "a", spend="1500.00")
    services.set_manually(
        member_id=member.pk, tier=silver, reason="x", at=now, store=None, actor=manager, restart_counting=True
    )
    record(member, now, "b", on=date(2026, 3, 19), spend="100.00")

    assert missing(to_next(member, now)) == {"spend": Decimal("1900.00"), "points": Decimal("2000.00")}


def test_the_months_behind_a_rule_of_consecutive_months(member: Member, silver: Tier, now: datetime) -> None:
    streak = Streak(3, {"spend": Decimal(200), "points": Decimal(300)})
    set_rule(silver, now, thresholds=asking(spend="500"), keep_rule=KeepRule(streak=streak).to_json())
    happen(member, now, "a", spend="500.00")
    record(member, now, "b", on=date(2026, 5, 31), spend="200.00", points="20")
    record(member, now, "c", on=date(2026, 6, 30), spend="7.00")
    july = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)

    progress = selectors.get_streak_progress(member_id=member.pk, at=july)

    assert progress is not None
    assert progress.counts_from == date(2026, 7, 1)
    assert [(month, sums["spend"], sums["points"]) for month, sums in progress.months] == [
        (date(2026, 4, 1), Decimal("0.00"), Decimal("0.00")),
        (date(2026, 5, 1), Decimal("200.00"), Decimal("20.00")),
        (date(2026, 6, 1), Decimal("7.00"), Decimal("0.00")),
    ]
    assert selectors.get_streak_progress(member_id=create_member(member.store).pk, at=july) is None


def test_a_renewal_does_not_begin_the_months_anew(member: Member, manager: Staff, gold: Tier, now: datetime) -> None:
    happen(member, now, "a", spend="500.00")
    record(member, now, "b", on=date(2027, 1, 5), spend="500.00")
    list(services.evaluate_due(date(2027, 3, 19), datetime(2027, 3, 18, 16, 30, tzinfo=UTC)))
    kept = selectors.get_open_period(member.pk)
    assert kept is not None
    assert (kept.reason, selectors.get_obtained_on(kept)) == ("kept", date(2026, 3, 18))

    by_hand = services.set_manually(
        member_id=member.pk, tier=kept.tier, reason="x", at=datetime(2027, 4, 1, tzinfo=UTC), store=None, actor=manager
    )

    assert selectors.get_obtained_on(by_hand.period) == date(2027, 4, 1)


def test_spans_are_summed_in_one_statement(member: Member, now: datetime, django_assert_num_queries: Any) -> None:
    for day in range(5):
        record(member, now, f"{day}", on=date(2026, 3, 14) + timedelta(days=day), spend="1.00", recharge="2.00")
    spans = [(None, None), (date(2026, 3, 16), None), (date(2026, 3, 15), date(2026, 3, 16)), (date(2026, 3, 16), None)]

    with django_assert_num_queries(1):
        found = get_spans(member_id=member.pk, spans=spans)
    with django_assert_num_queries(2):
        largest = get_spans(member_id=member.pk, spans=spans, largest=True)

    assert [found[span]["spend"] for span in spans[:3]] == [Decimal(5), Decimal(3), Decimal(2)]
    assert {found["single_recharge"] for found in largest.values()} == {Decimal("2.00")}
    with django_assert_num_queries(0):
        assert get_spans(member_id=member.pk, spans=[]) == {}
