"""Members hear of points that end 30, 7 and 1 days ahead: all of them, once per lot and stage (R-P16)."""

from datetime import date, timedelta

import pytest

from core import days
from members.models import Member, Reminder
from members.registry import reminder_kinds
from points import services
from points.models import ExpiryNotice
from points.services import notices
from stores.services import change_setting
from tests.factories.ledgers import make_member

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def ending(give):
    """Points whose last day is so many days from today."""
    return lambda member, points, ahead: give(member, points, expires_at=days.end_of(TODAY + timedelta(days=ahead)))


def run(day=TODAY):
    return list(services.remind_expiry(day, days.start_of(day)))


def reminders(member):
    rows = Reminder.objects.filter(member=member, kind="points_expiry").order_by("due_on")
    return [(row.due_on, [(end["day"], end["points"]) for end in row.details["ends"]]) for row in rows]


def test_one_reminder_names_all_lots_within_the_horizon_not_only_the_first(member, ending, give, english):
    ending(member, 100, 30)
    ending(member, 40, 12)
    ending(member, 5, 12)
    ending(member, 1000, 31)
    give(member, 7, expires_at=None)

    run()

    assert reminders(member) == [(TODAY, [("2026-03-30", 45), ("2026-04-17", 100)])]
    row = Reminder.objects.get()
    assert reminder_kinds()["points_expiry"].describe(row.details) == (
        "45 points until 2026-03-30; 100 points until 2026-04-17"
    )


def test_each_lot_is_noticed_once_in_each_stage(member, ending):
    ending(member, 100, 30)

    for ahead in range(32):
        run(TODAY + timedelta(days=ahead))
        run(TODAY + timedelta(days=ahead))

    assert [day for day, _ends in reminders(member)] == [TODAY + timedelta(days=n) for n in (0, 23, 29)]
    assert list(ExpiryNotice.objects.order_by("-stage").values_list("stage", flat=True)) == [30, 7, 1]


def test_a_late_run_takes_the_stage_that_a_lot_has_reached_and_leaves_out_the_missed_ones(member, ending):
    ending(member, 100, 30)

    run(TODAY + timedelta(days=25))
    run(TODAY + timedelta(days=26))

    assert [day for day, _ends in reminders(member)] == [TODAY + timedelta(days=25)]
    assert ExpiryNotice.objects.get().stage == 7


def test_points_that_end_today_are_still_named_and_ended_or_used_ones_are_not(member, ending, store, now):
    ending(member, 100, 0)
    spent = make_member(store)
    ending(spent, 50, 3)
    services.spend(member_id=spent.pk, points=50, source="o", idempotency_key="s", at=now, store=store, actor=None)

    run()
    run(TODAY + timedelta(days=1))

    assert reminders(member) == [(TODAY, [("2026-03-18", 100)])]
    assert reminders(spent) == []


def test_members_who_left_hear_nothing(member, ending):
    ending(member, 100, 3)
    Member.objects.filter(pk=member.pk).update(status="closed")

    assert run() == []

    assert not ExpiryNotice.objects.exists()


def test_a_run_that_was_killed_between_chunks_goes_on_where_it_stopped(store, ending, monkeypatch):
    monkeypatch.setattr(notices, "CHUNK", 2)
    members = [make_member(store) for _number in range(5)]
    for member in members:
        ending(member, 10, 5)

    first = next(services.remind_expiry(TODAY, days.start_of(TODAY)))
    rest = run()

    assert (first["members"], [counts["members"] for counts in rest]) == (2, [2, 1])
    assert Reminder.objects.count() == ExpiryNotice.objects.count() == 5


def test_points_that_come_after_the_reminder_of_the_day_are_named_the_next_day(member, ending):
    ending(member, 10, 5)
    run()
    ending(member, 20, 5)

    run()
    run(TODAY + timedelta(days=1))

    assert [ends for _day, ends in reminders(member)] == [[("2026-03-23", 10)], [("2026-03-23", 30)]]


def test_the_stages_are_a_setting_and_none_means_no_reminders(member, ending, owner, now):
    ending(member, 10, 14)
    change_setting(
        code="points.reminder_days",
        value="",
        effective_at=now - timedelta(days=1),
        actor=owner,
        at=now - timedelta(days=1),
    )
    assert run() == []

    change_setting(
        code="points.reminder_days",
        value="14，3",
        effective_at=now - timedelta(hours=13),
        actor=owner,
        at=now - timedelta(hours=13),
    )
    run()

    assert ExpiryNotice.objects.get().stage == 14


@pytest.mark.parametrize("text", ["soon", "7,-1", "400"])
def test_nonsense_is_no_list_of_days(text):
    with pytest.raises(ValueError, match=r"."):
        services.stages_of(text)
