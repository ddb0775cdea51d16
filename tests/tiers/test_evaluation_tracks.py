"""Levels of growth and of stored value at the event that reaches them (R-T1, R-T3, R-T11)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gifts.models import Grant
from members.models import Member
from stores.models import Staff, Store
from stores.services import change_setting
from tests.factories.levels import create_level, happen, history, open_codes, record, set_rule, take_back
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Tier, TierGift
from tiers.rules import (
    CALENDAR_MONTH,
    MEMBERSHIP_YEAR,
    Thresholds,
    Window,
)
from tiers.services import evaluation


def asking(window: Window | None = None, **metrics: str) -> Thresholds:
    return Thresholds({name: Decimal(amount) for name, amount in metrics.items()}, window=window or Window())


@pytest.fixture
def vip(db: None, now: datetime) -> Tier:
    return create_level("stored", "vip", now, thresholds=asking(recharge="1000"))


@pytest.mark.parametrize(
    ("metric", "short", "enough"),
    [("spend", "799.99", "0.01"), ("points", "799", "1"), ("recharge", "799.99", "0.01"), ("growth", "799", "1")],
)
def test_each_metric_alone_reaches_a_level_when_it_is_equalled(
    member: Member, silver: Tier, now: datetime, metric: str, short: str, enough: str
) -> None:
    set_rule(silver, now, thresholds=Thresholds({metric: Decimal(800)}))
    first: dict[str, Any] = {metric: short}
    second: dict[str, Any] = {metric: enough}

    assert happen(member, now, "a", **first) is None
    assert happen(member, now, "b", **second) is not None
    assert open_codes(member) == {"growth": "silver"}


def test_paid_orders_less_those_taken_back_reach_a_level(member: Member, silver: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(orders="3"))
    for key in "abc":
        happen(member, now, key, orders="1", spend="9.00")
    assert open_codes(member) == {"growth": "silver"}

    take_back(member, now, "b")

    assert open_codes(member) == {"growth": "normal"}


def test_one_recharge_can_move_both_tracks(member: Member, silver: Tier, vip: Tier, now: datetime) -> None:
    set_rule(silver, now, thresholds=asking(recharge="800"))

    change = happen(member, now, "r", recharge="1000.00")

    assert change is not None
    assert change.to_tier == silver
    assert open_codes(member) == {"growth": "silver", "stored": "vip"}
    stored = Change.objects.get(to_tier=vip)
    assert stored.figures == [{"metric": "recharge", "since": "2025-03-19", "amount": "1000.00"}]
    assert stored.from_tier.code == "no_stored"


def test_stored_levels_count_principal_over_their_window(member: Member, vip: Tier, now: datetime) -> None:
    happen(member, now, "old", on=date(2025, 3, 18), recharge="600.00")
    happen(member, now, "a", recharge="999.99")
    assert open_codes(member) == {}

    happen(member, now, "b", recharge="0.01", spend="7.00")

    assert open_codes(member) == {"stored": "vip"}


def test_a_voided_recharge_takes_its_stored_level_with_it(member: Member, vip: Tier, now: datetime) -> None:
    happen(member, now, "r", recharge="1000.00")

    change = take_back(member, now + timedelta(hours=1), "r")

    assert change is not None
    assert history(member) == [("no_stored", "vip", "upgraded"), ("vip", "no_stored", "revoked")]


def test_the_largest_single_recharge_counts_not_their_sum(member: Member, now: datetime) -> None:
    create_level("stored", "big", now, thresholds=asking(single_recharge="1000"))
    happen(member, now, "a", recharge="600.00")
    happen(member, now, "b", recharge="999.99")
    assert open_codes(member) == {}

    change = happen(member, now, "c", recharge="1000.00")

    assert change is not None
    assert {"metric": "single_recharge", "since": "2025-03-19", "amount": "1000.00"} in change.figures
    assert open_codes(member) == {"stored": "big"}


def test_a_recharge_that_was_partly_refunded_is_smaller(member: Member, now: datetime) -> None:
    create_level("stored", "big", now, thresholds=asking(single_recharge="1000"))
    happen(member, now, "a", recharge="1000.00")
    services.record_progress(
        member_id=member.pk, metrics={"recharge": Decimal("-0.01")}, business_on=date(2026, 3, 18), source="event:a",
        idempotency_key="part", at=now + timedelta(hours=1), store=None, actor=None,
    )  # fmt: skip

    services.reevaluate(member_id=member.pk, at=now + timedelta(hours=1), source="part")

    assert open_codes(member) == {"stored": "no_stored"}


def test_no_sale_looks_at_the_balance(member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    create_level("stored", "rich", now, thresholds=asking(balance="500"))
    monkeypatch.setattr(evaluation, "get_balance", lambda member_id, at: Decimal("500.00"))

    assert happen(member, now, "r", recharge="9000.00") is None
    change = services.reevaluate(member_id=member.pk, at=now, source="look", is_look=True)

    assert change is not None
    assert {"metric": "balance", "since": "2025-03-19", "amount": "500.00"} in change.figures
    # What stands on the balance does not fall with a refund, it waits for the night.
    assert take_back(member, now, "r") is None
    assert open_codes(member) == {"stored": "rich"}


def test_a_membership_year_begins_with_the_day_of_joining(store: Store, silver: Tier, now: datetime) -> None:
    joined = datetime(2024, 3, 18, 15, 59, tzinfo=UTC)
    member = create_member(store, at=joined)
    set_rule(silver, now, thresholds=asking(Window(MEMBERSHIP_YEAR, 1), spend="500"))
    happen(member, now, "before", on=date(2026, 3, 17), spend="499.00")
    assert open_codes(member) == {}

    happen(member, now, "today", spend="500.00")

    assert open_codes(member) == {"growth": "silver"}
    assert Period.objects.get().valid_until == datetime(2028, 3, 17, 16, 0, tzinfo=UTC)


def test_a_member_who_joined_on_the_31st_counts_whole_years(store: Store, silver: Tier, now: datetime) -> None:
    member = create_member(store, at=datetime(2025, 1, 30, 16, 30, tzinfo=UTC))
    set_rule(silver, now, thresholds=asking(Window(MEMBERSHIP_YEAR, 1), spend="500"))

    happen(member, now, "sale", on=date(2026, 1, 31), spend="500.00")

    assert Period.objects.get().valid_until == datetime(2028, 1, 30, 16, 0, tzinfo=UTC)


def test_a_retired_level_is_newly_given_to_nobody_and_its_holders_keep_it(
    store: Store, member: Member, silver: Tier, now: datetime
) -> None:
    happen(member, now, "a", spend="500.00")

    services.set_retired(tier_id=silver.pk, retired=True, actor=None, at=now)
    newcomer = create_member(store)
    happen(newcomer, now, "b", spend="1999.99")
    happen(member, now, "c", spend="1.00")

    assert open_codes(newcomer) == {}
    assert open_codes(member) == {"growth": "silver"}
    happen(newcomer, now, "d", spend="0.01")
    assert open_codes(newcomer) == {"growth": "gold"}


def test_a_tier_with_members_in_it_cannot_be_deleted(member: Member, silver: Tier, now: datetime) -> None:
    happen(member, now, "a", spend="500.00")

    with pytest.raises(Exception, match="protected"):
        silver.delete()

    assert open_codes(member) == {"growth": "silver"}


def test_a_refund_on_the_last_day_of_the_window_at_23_59_59_counts_on_the_day_of_the_sale(
    member: Member, silver: Tier, now: datetime
) -> None:
    set_rule(silver, now, thresholds=asking(Window(CALENDAR_MONTH, 1), spend="500"))
    end = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
    happen(member, end - timedelta(days=3), "sale", spend="500.00")

    change = take_back(member, end, "sale")

    assert change is not None
    assert (change.reason, change.to_tier.code) == ("revoked", "normal")
    assert ProgressEntry.objects.get(amount=Decimal("-500.00")).business_on == date(2026, 3, 28)
    # A second later it is another month, which has nothing to lose and nothing to give.
    assert services.reevaluate(member_id=member.pk, at=end + timedelta(seconds=1), source="x") is None


def test_the_shop_may_let_a_refunded_upgrade_wait_for_the_night(member: Member, owner: Staff, now: datetime) -> None:
    change_setting(code="tiers.revoke_on_refund", value="wait", effective_at=now, actor=owner, at=now)
    happen(member, now, "sale", spend="500.00")

    assert take_back(member, now + timedelta(hours=1), "sale") is None
    assert open_codes(member) == {"growth": "silver"}


def test_a_store_in_another_time_zone_sells_on_its_own_day(member: Member, silver: Tier, now: datetime) -> None:
    abroad = Store.objects.create(code="LA", name="Los Angeles", time_zone="America/Los_Angeles")
    set_rule(silver, now, thresholds=asking(Window(CALENDAR_MONTH, 1), spend="500"))
    # 31 March, 19:00 in Los Angeles, is 1 April, 10:00 in Shanghai.
    at = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)
    assert abroad.business_day(at) == date(2026, 3, 31)
    assert at.astimezone(ZoneInfo("Asia/Shanghai")).date() == date(2026, 4, 1)
    happen(member, datetime(2026, 3, 30, 4, 0, tzinfo=UTC), "march", spend="300.00")

    change = happen(member, at, "evening", on=abroad.business_day(at), spend="200.00")

    assert change is not None
    assert change.figures[0] == {"metric": "spend", "since": "2026-03-01", "amount": "500.00", "until": "2026-03-31"}
    assert change.period.valid_until == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    assert change.occurred_at == at


def test_a_level_reached_by_two_tracks_gives_the_gifts_of_both_once(
    member: Member, vip: Tier, silver: Tier, now: datetime
) -> None:
    set_rule(silver, now, thresholds=asking(recharge="1000"))
    for tier in (vip, silver):
        TierGift.objects.create(tier=tier, occasion="upgrade", pack=create_pack(name=tier.code, points=10))

    happen(member, now, "a", recharge="1000.00")
    take_back(member, now, "a")
    assert sorted(Grant.objects.values_list("status", flat=True)) == ["taken_back", "taken_back"]
    happen(member, now, "b", recharge="1000.00")

    assert sorted(Grant.objects.values_list("status", flat=True)) == ["given", "given", "taken_back", "taken_back"]


def statements(captured: Any) -> int:
    return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])


def test_two_tracks_cost_no_more_statements_than_one(
    member: Member, vip: Tier, now: datetime, django_assert_max_num_queries: Any
) -> None:
    record(member, now, "a", spend="1.00")

    with django_assert_max_num_queries(6) as captured:
        services.reevaluate(member_id=member.pk, at=now, source="a", business_on=date(2026, 3, 18))

    assert statements(captured) == 4
