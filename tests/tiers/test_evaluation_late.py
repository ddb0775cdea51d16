"""Late and imported orders count in the windows of their own day, and give a lost level back (R-T7)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from members.models import Member
from stores.models import Staff
from tests.factories.levels import happen, history, open_codes, record, set_rule, take_back
from tiers import services
from tiers.models import Change, Period, Reason, Tier
from tiers.rules import CALENDAR_MONTH, ROLLING_DAYS, KeepRule, Streak, Thresholds, Window
from tiers.selectors import get_benefits, get_open_period, list_versions_in_force
from tiers.services.moving import Decision, move


def asking(window: Window, amount: str = "500") -> Thresholds:
    return Thresholds({"spend": Decimal(amount)}, window=window)


def fall(member: Member, at: datetime, *, counts_after: date | None = None) -> None:
    """What the night does to a level at the end of its validity."""
    versions = list_versions_in_force(at)
    move(
        member_id=member.pk, period=get_open_period(member.pk), base=versions[0],
        decision=Decision(versions[0], Reason.DOWNGRADED, [], None), source="tiers.evaluate", at=at, store=None,
        actor=None, counts_after=counts_after,
    )  # fmt: skip


def test_a_late_order_reaches_a_level_in_the_month_it_belongs_to(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(Window(CALENDAR_MONTH, 1)))
    record(member, now, "on time", on=date(2026, 3, 20), spend="300.00")
    april = datetime(2026, 4, 3, 4, 0, tzinfo=UTC)

    change = happen(member, april, "late", on=date(2026, 3, 10), spend="200.00")

    assert change is not None
    assert (change.to_tier, change.occurred_at) == (silver, april)
    assert change.period.valid_until == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    assert get_benefits(member_id=member.pk, at=april - timedelta(seconds=1)).tier_code == "normal"


def test_a_level_that_would_have_ended_meanwhile_is_not_given(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(Window(CALENDAR_MONTH, 1)))
    in_april, in_may = datetime(2026, 4, 30, 15, 59, tzinfo=UTC), datetime(2026, 4, 30, 16, 0, tzinfo=UTC)

    assert happen(member, in_may, "too late", on=date(2026, 3, 10), spend="500.00") is None
    assert open_codes(member) == {}
    # Another look in April would still have given it.
    assert services.reevaluate(member_id=member.pk, at=in_april, source="x", business_on=date(2026, 3, 10)) is not None


def test_a_late_order_counts_with_what_came_before_its_own_day(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(Window(ROLLING_DAYS, 30)))
    record(member, now, "long ago", on=date(2026, 2, 10), spend="300.00")

    change = happen(member, now, "late", on=date(2026, 3, 8), spend="200.00")

    assert change is not None
    assert change.figures == [{"metric": "spend", "since": "2026-02-07", "amount": "500.00", "until": "2026-03-08"}]
    assert change.period.valid_until == datetime(2026, 4, 7, 16, 0, tzinfo=UTC)


def test_a_late_upgrade_falls_only_when_its_own_window_fails(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(Window(CALENDAR_MONTH, 1)))
    april = datetime(2026, 4, 3, 4, 0, tzinfo=UTC)
    happen(member, april, "late", on=date(2026, 3, 10), spend="500.00")
    happen(member, april, "new", spend="20.00")

    assert take_back(member, april + timedelta(hours=1), "new") is None
    assert open_codes(member) == {"growth": "silver"}
    take_back(member, april + timedelta(hours=2), "late")

    assert open_codes(member) == {"growth": "normal"}


def test_a_late_order_gives_a_level_back_that_it_would_have_kept(member: Member, now: datetime) -> None:
    happen(member, now, "first", spend="500.00")
    before = Period.objects.get()
    assert before.valid_until == datetime(2027, 3, 18, 16, 0, tzinfo=UTC)
    night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)
    fall(member, night)
    later = night + timedelta(days=3)

    change = happen(member, later, "forgotten", on=date(2027, 1, 10), spend="500.00")

    assert change is not None
    assert (change.reason, change.to_tier.code) == ("reinstated", "silver")
    assert change.period.valid_until == before.valid_until
    assert change.figures == [{"metric": "spend", "since": "2026-03-19", "amount": "500.00", "until": "2027-03-18"}]
    assert history(member) == [
        ("normal", "silver", "upgraded"), ("silver", "normal", "downgraded"), ("normal", "silver", "reinstated"),
    ]  # fmt: skip


def test_the_next_night_keeps_what_was_given_back_and_writes_nothing_more(member: Member, now: datetime) -> None:
    happen(member, now, "first", spend="500.00")
    first_night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)
    list(services.evaluate_due(date(2027, 3, 19), first_night))
    assert open_codes(member) == {"growth": "normal"}
    happen(member, first_night + timedelta(hours=9), "forgotten", on=date(2027, 1, 10), spend="500.00")
    second_night = first_night + timedelta(days=1)

    list(services.evaluate_due(date(2027, 3, 20), second_night))

    assert [step[2] for step in history(member)] == ["upgraded", "downgraded", "reinstated", "kept"]
    # As if the order had been there in time: the new year follows the old one.
    assert Period.objects.get(ends_at__isnull=True).valid_until == datetime(2028, 3, 18, 16, 0, tzinfo=UTC)
    assert list(services.evaluate_due(date(2027, 3, 20), second_night)) == []


def test_new_purchases_earn_a_level_and_do_not_give_the_old_one_back(member: Member, now: datetime) -> None:
    happen(member, now, "first", spend="500.00")
    night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)
    fall(member, night)
    today = night + timedelta(days=3)

    assert happen(member, today, "small", spend="400.00") is None
    assert happen(member, today, "late, too small", on=date(2027, 1, 10), spend="99.99") is None
    change = happen(member, today, "new", spend="0.01")

    assert change is not None
    assert change.reason == "upgraded"
    assert change.period.valid_until == datetime(2028, 3, 22, 16, 0, tzinfo=UTC)


def test_counting_that_restarted_with_the_fall_is_undone_with_it(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(
        silver, now, thresholds=asking(Window()), keep="to_base",
        keep_rule=KeepRule(asking(Window(), "800")).to_json(),
    )  # fmt: skip
    happen(member, now, "first", on=date(2026, 3, 18), spend="500.00")
    happen(member, now, "more", on=date(2026, 4, 18), spend="700.00")
    fall(member, datetime(2027, 3, 18, 16, 30, tzinfo=UTC), counts_after=date(2027, 3, 18))

    change = happen(member, datetime(2027, 3, 20, 4, 0, tzinfo=UTC), "forgotten", on=date(2027, 1, 10), spend="100.00")

    assert change is not None
    assert change.reason == "reinstated"
    assert change.period.counts_after is None


def test_months_that_a_late_order_fills_give_the_level_back(member: Member, silver: Tier, now: datetime) -> None:
    streak = Streak(3, {"spend": Decimal(200)})
    set_rule(silver, now, thresholds=asking(Window()), keep_rule=KeepRule(streak=streak).to_json())
    happen(member, now, "first", spend="500.00")
    assert Period.objects.get().valid_until is None
    night = datetime(2026, 6, 30, 16, 30, tzinfo=UTC)
    fall(member, night, counts_after=date(2026, 6, 30))
    later = night + timedelta(days=2)

    assert happen(member, later, "still short", on=date(2026, 5, 3), spend="199.99") is None
    change = happen(member, later, "forgotten", on=date(2026, 5, 31), spend="0.01")

    assert change is not None
    assert (change.reason, change.period.valid_until) == ("reinstated", None)


def test_a_locked_level_is_not_given_back(member: Member, manager: Staff, now: datetime) -> None:
    happen(member, now, "first", spend="500.00")
    night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)
    fall(member, night)
    services.set_manually(
        member_id=member.pk, tier=Tier.objects.get(code="normal"), reason="misuse", at=night, store=None,
        actor=manager, locked_until=night + timedelta(days=90), joins_auto_upgrade=False,
    )  # fmt: skip

    assert happen(member, night + timedelta(days=1), "late", on=date(2027, 1, 10), spend="900.00") is None
    assert open_codes(member) == {"growth": "normal"}


def test_thresholds_that_were_raised_cost_nobody_the_level_before_its_end(
    member: Member, silver: Tier, now: datetime
) -> None:
    happen(member, now, "first", spend="500.00")
    before = Period.objects.get()

    set_rule(silver, now + timedelta(days=1), thresholds=asking(Window(), "900"), discount_factor=Decimal("0.9"))
    happen(member, now + timedelta(days=2), "small", spend="1.00")

    after = Period.objects.get()
    assert (after.pk, after.valid_until, after.version_id) == (before.pk, before.valid_until, before.version_id)
    benefits = get_benefits(member_id=member.pk, at=now + timedelta(days=2))
    assert (benefits.tier_code, benefits.discount_factor) == ("silver", Decimal("0.9000"))
    assert Change.objects.get().period.version.rule.metrics["spend"] == Decimal(500)


@pytest.mark.parametrize("late_by", [0, 1, 40])
def test_an_order_of_today_costs_no_statement_more_whatever_the_store_s_day(
    member: Member, now: datetime, late_by: int, django_assert_max_num_queries: object
) -> None:
    record(member, now, "a", spend="1.00")

    with django_assert_max_num_queries(6) as captured:  # type: ignore[operator]  # a fixture
        services.reevaluate(
            member_id=member.pk, at=now, source="a", business_on=date(2026, 3, 18) - timedelta(days=late_by)
        )

    assert len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]) == 4
