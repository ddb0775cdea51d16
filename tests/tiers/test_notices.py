"""Members are told what keeps their tier 30 and 7 days ahead, and that they rose or fell: once each (R-T14)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from core.days import start_of
from members.models import Member, Reminder
from stores.models import Staff
from stores.services import change_setting
from tiers import services
from tiers.models import Tier
from tiers.services import notices

DAY = date(2026, 3, 18)
ENDS = date(2027, 3, 18)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def spend(member: Member, amount: str, on: date, key: str, *, imported: bool = False) -> None:
    at = start_of(on) + timedelta(hours=12)
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal(amount)}, business_on=on, source=key,
        idempotency_key=f"import:{key}" if imported else key, at=at, store=None, actor=None,
    )  # fmt: skip
    if not imported:
        services.reevaluate(member_id=member.pk, at=at, source=key)


def run(day: date) -> int:
    return sum(counts["changed"] for counts in notices.remind_members(day, start_of(day) + timedelta(minutes=55)))


def told(member: Member, kind: str = notices.ENDING) -> list[tuple[date, str]]:
    return [(row.due_on, row.text) for row in Reminder.objects.filter(member=member, kind=kind).order_by("pk")]


def test_what_keeps_a_tier_is_told_thirty_and_seven_days_before_its_end_once_each(member: Member) -> None:
    spend(member, "500", DAY, "first")
    spend(member, "368", ENDS - timedelta(days=60), "some")

    for ahead in range(40, -1, -1):
        run(ENDS - timedelta(days=ahead))
        assert run(ENDS - timedelta(days=ahead)) == 0

    text = "Silver ends on 2027-03-18: spend ¥132.00 or earn 500 points by then to keep it."
    assert told(member) == [(ENDS - timedelta(days=30), text), (ENDS - timedelta(days=7), text)]


def test_who_has_done_enough_meanwhile_is_not_told_again(member: Member) -> None:
    spend(member, "500", DAY, "first")
    run(ENDS - timedelta(days=30))
    spend(member, "500", ENDS - timedelta(days=20), "enough")

    assert run(ENDS - timedelta(days=7)) == 0
    assert len(told(member)) == 1


def test_a_stage_that_was_missed_is_left_out(member: Member) -> None:
    spend(member, "500", DAY, "first")

    run(ENDS - timedelta(days=5))
    run(ENDS - timedelta(days=4))

    assert [day for day, _text in told(member)] == [ENDS - timedelta(days=5)]


def test_a_locked_tier_is_in_no_danger(member: Member, silver: Tier, manager: Staff) -> None:
    services.set_manually(
        member_id=member.pk, tier=silver, reason="guest of honour", at=start_of(DAY), store=None, actor=manager,
        locked_until=start_of(ENDS) + timedelta(days=90),
    )  # fmt: skip

    assert run(ENDS - timedelta(days=7)) == 0


def test_the_days_are_a_setting_and_nothing_is_told_without_any(member: Member, owner: Staff, now: datetime) -> None:
    spend(member, "500", DAY, "first")
    change_setting(code=notices.DAYS, value="10", effective_at=now, actor=owner, at=now)
    assert run(ENDS - timedelta(days=30)) == 0
    assert run(ENDS - timedelta(days=10)) == 1

    later = now + timedelta(hours=1)
    change_setting(code=notices.DAYS, value="", effective_at=later, actor=owner, at=later)

    assert run(ENDS - timedelta(days=3)) == 0


@pytest.mark.parametrize("text", ["30;7", "-1", "366", "soon"])
def test_nonsense_for_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        notices.stages_of(text)


def test_who_rose_is_told_once(member: Member) -> None:
    spend(member, "2000", DAY, "first")

    run(DAY + timedelta(days=1))
    run(DAY + timedelta(days=2))

    assert told(member, notices.UPGRADED) == [(DAY, "from Normal to Gold")]


def test_who_fell_is_told_once(member: Member) -> None:
    spend(member, "2000", DAY, "first")
    spend(member, "500", ENDS - timedelta(days=60), "some")
    night = start_of(ENDS + timedelta(days=1)) + timedelta(minutes=30)
    list(services.evaluate_due(ENDS + timedelta(days=1), night))

    run(ENDS + timedelta(days=1))

    assert told(member, notices.DOWNGRADED) == [(ENDS + timedelta(days=1), "from Gold to Silver")]


def test_nobody_is_told_of_a_tier_that_an_import_brought(member: Member) -> None:
    spend(member, "2000", DAY, "old", imported=True)
    list(services.evaluate_due(DAY, start_of(DAY) + timedelta(minutes=30)))
    assert services.reevaluate(member_id=member.pk, at=start_of(DAY) + timedelta(hours=1), source="x") is None

    assert run(DAY) == 0


def test_a_change_that_is_days_old_is_no_news(member: Member) -> None:
    spend(member, "500", DAY, "first")

    assert run(DAY + timedelta(days=4)) == 0
    assert told(member, notices.UPGRADED) == []


def test_changes_are_not_told_where_the_shop_says_so(member: Member, owner: Staff, now: datetime) -> None:
    change_setting(code=notices.TELLS, value=False, effective_at=now, actor=owner, at=now)
    spend(member, "500", DAY, "first")

    assert run(DAY + timedelta(days=1)) == 0


def test_reminders_cost_statements_per_last_day_not_per_member(
    member: Member, django_assert_max_num_queries: Any
) -> None:
    from tests.factories.members import create_member

    for number in range(20):
        spend(create_member(member.store), "500", DAY, f"s{number}")

    with django_assert_max_num_queries(12):
        assert run(ENDS - timedelta(days=30)) == 20
