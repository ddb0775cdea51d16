"""Birthday reminders, solar and lunar."""

from collections import Counter
from datetime import date, timedelta

import pytest
from borax.calendars.lunardate import LCalendars, LunarDate
from django.utils.translation import override

from members import rules, services
from members.models import Member, Reminder
from members.registry import register_reminder_kind
from members.services import MemberData, NewReminder
from stores.services import change_setting
from tests.factories.members import create_member


def run(day: date, now) -> dict[str, int]:
    (counts,) = list(services.remind_birthdays(day, now))
    return counts


def lunar_days() -> list[date]:
    first, last = LunarDate(2020, 1, 1).to_solar_date(), LunarDate(2036, 1, 1).to_solar_date()
    return [first + timedelta(days=offset) for offset in range((last - first).days)]


@pytest.mark.parametrize("in_leap_month", [False, True])
@pytest.mark.parametrize("is_leap", [False, True])
def test_every_lunar_birthday_is_kept_exactly_once_in_every_lunar_year(in_leap_month, is_leap):
    """Invariant 22."""
    kept = Counter(
        (celebration.occurrence, celebration.month, celebration.day)
        for day in lunar_days()
        for celebration in rules.celebrations(day, in_leap_month=in_leap_month)
        if celebration.calendar == "lunar" and celebration.is_leap in {None, is_leap}
    )

    assert kept == {(y, m, d): 1 for y in range(2020, 2036) for m in range(1, 13) for d in range(1, 31)}


def test_a_birthday_in_a_leap_month_moves_there_only_by_setting():
    leap = LunarDate(2025, 6, 15, 1).to_solar_date()
    ordinary = LunarDate(2025, 6, 15).to_solar_date()

    assert (ordinary, leap) == (date(2025, 7, 9), date(2025, 8, 8))
    assert [c for c in rules.celebrations(leap) if c.calendar == "lunar"] == []
    assert rules.Celebration("lunar", 6, 15, True, 2025) in rules.celebrations(leap, in_leap_month=True)
    assert rules.Celebration("lunar", 6, 15, False, 2025) in rules.celebrations(ordinary, in_leap_month=True)
    assert rules.Celebration("lunar", 6, 15, None, 2025) in rules.celebrations(ordinary)


def test_day_30_is_kept_on_day_29_of_short_months():
    day = LunarDate(2026, 12, 29).to_solar_date()

    assert LCalendars.ndays(2026, 12, 0) == 29
    assert [(c.month, c.day) for c in rules.celebrations(day) if c.calendar == "lunar"] == [(12, 29), (12, 30)]


def test_a_gregorian_year_can_hold_two_or_no_days_of_a_lunar_date():
    def days(year):
        start = date(year, 1, 1)
        return [
            c.occurrence
            for offset in range(366)
            for c in rules.celebrations(start + timedelta(days=offset))
            if (start + timedelta(days=offset)).year == year and (c.calendar, c.month, c.day) == ("lunar", 12, 1)
        ]

    assert (days(2024), days(2025)) == ([2023, 2024], [])


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        (date(2027, 2, 28), {(2, 28), (2, 29)}),
        (date(2028, 2, 28), {(2, 28)}),
        (date(2028, 2, 29), {(2, 29)}),
        (date(2027, 3, 1), {(3, 1)}),
    ],
)
def test_the_29th_of_february_is_kept_on_the_28th_in_common_years(day, kept):
    assert {(c.month, c.day) for c in rules.celebrations(day) if c.calendar == "solar"} == kept


@pytest.mark.parametrize("day", [date(1850, 1, 1), date(1901, 12, 31), date(2100, 6, 1), date(2500, 1, 1)])
def test_outside_the_known_years_only_solar_birthdays_are_kept(day):
    assert {c.calendar for c in rules.celebrations(day)} == {"solar"}


def test_members_are_reminded_of_once_for_the_days_ahead(store, now):
    soon = create_member(store, name="soon", birth_month=3, birth_day=21)
    create_member(store, name="later", birth_month=3, birth_day=22)
    lunar = LunarDate.from_solar_date(2026, 3, 20)
    moon = create_member(store, name="moon", birth_calendar="lunar", birth_month=lunar.month, birth_day=lunar.day)
    frozen = create_member(store, name="frozen", birth_month=3, birth_day=18)
    Member.objects.filter(pk=frozen.pk).update(status="frozen")

    assert run(date(2026, 3, 18), now) == {"changed": 2}
    assert run(date(2026, 3, 18), now) == {"changed": 0}

    rows = Reminder.objects.order_by("due_on").values_list("member", "store", "kind", "occurrence", "due_on")
    assert list(rows) == [
        (moon.pk, store.pk, "lunar_birthday", 2026, date(2026, 3, 20)),
        (soon.pk, store.pk, "solar_birthday", 2026, date(2026, 3, 21)),
    ]
    assert run(date(2026, 3, 19), now) == {"changed": 1}


def test_one_statement_makes_all_reminders(store, now, django_assert_num_queries):
    for _index in range(10):
        create_member(store, birth_month=3, birth_day=18)

    # Two settings, savepoint, the statement, release.
    with django_assert_num_queries(5):
        run(date(2026, 3, 18), now)


def test_the_days_ahead_are_a_setting(store, owner, now):
    change_setting(code="members.birthday_reminder_days", value=0, effective_at=now, actor=owner, at=now)
    create_member(store, birth_month=3, birth_day=18)
    create_member(store, birth_month=3, birth_day=19)

    assert run(date(2026, 3, 18), now) == {"changed": 1}


def test_a_corrected_birthday_drops_the_open_reminder(store, cashier, now):
    member = create_member(store, name="王小明", birth_month=3, birth_day=18)
    run(date(2026, 3, 18), now)

    services.update_member(
        member_id=member.pk,
        data=MemberData(name="王小明", phone=None, birth_month=3, birth_day=20),
        actor=cashier,
        at=now,
    )

    assert Reminder.objects.count() == 0
    run(date(2026, 3, 18), now)
    assert Reminder.objects.get().due_on == date(2026, 3, 20)


@pytest.fixture
def lots() -> None:
    """A kind of reminder as an app above would register it."""
    register_reminder_kind("test_lot", "points end", lambda details: f"{details['points']} points end")


def reminder_of(member, **given) -> NewReminder:
    return NewReminder(
        **{
            "member_id": member.pk,
            "kind": "test_lot",
            "occurrence": 8_000_000_000_030,
            "due_on": date(2026, 3, 20),
            "details": {"points": 120},
            **given,
        }
    )


def test_apps_above_add_reminders_set_based_and_once(store, other_store, lots, django_assert_num_queries):
    one, two, gone = (create_member(where, name="李雷") for where in (store, other_store, store))
    Member.objects.filter(pk=gone.pk).update(status="merged")
    rows = [reminder_of(one), reminder_of(two), reminder_of(gone), reminder_of(one), reminder_of(one, occurrence=7)]

    with django_assert_num_queries(3):  # savepoint, the statement, release
        assert services.add_reminders(rows) == 3
    assert services.add_reminders(rows) == 0

    found = Reminder.objects.order_by("member_id", "occurrence")
    assert [(row.member_id, row.store_id, row.occurrence) for row in found] == [
        (one.pk, store.pk, 7),
        (one.pk, store.pk, 8_000_000_000_030),
        (two.pk, other_store.pk, 8_000_000_000_030),
    ]
    assert {(row.label, row.text) for row in found} == {("points end", "120 points end")}


def test_a_reminder_that_is_done_is_not_made_again(store, cashier, now, lots):
    member = create_member(store)
    services.add_reminders([reminder_of(member)])
    services.complete_reminder(reminder_id=Reminder.objects.get().pk, actor=cashier, at=now)

    assert services.add_reminders([reminder_of(member)]) == 0
    assert Reminder.objects.get().done_by == cashier


def test_reminders_of_an_unknown_kind_are_refused(store, lots):
    member = create_member(store)

    with pytest.raises(LookupError):
        services.add_reminders([reminder_of(member), reminder_of(member, kind="nobody_knows")])
    assert Reminder.objects.count() == 0
    assert services.add_reminders([]) == 0


def test_a_changed_birthday_leaves_other_reminders_alone(store, cashier, now, lots):
    member = create_member(store, name="王小明", birth_month=3, birth_day=18)
    run(date(2026, 3, 18), now)
    services.add_reminders([reminder_of(member)])

    services.update_member(
        member_id=member.pk,
        data=MemberData(name="王小明", phone=None, birth_month=5, birth_day=1),
        actor=cashier,
        at=now,
    )

    assert [row.kind for row in Reminder.objects.all()] == ["test_lot"]


@pytest.mark.parametrize(
    ("birthday", "text"),
    [
        ({"birth_year": 1990, "birth_month": 3, "birth_day": 18}, "1990-03-18"),
        ({"birth_month": 3, "birth_day": 18}, "03-18"),
        ({"birth_calendar": "lunar", "birth_month": 1, "birth_day": 30}, "lunar 01-30"),
    ],
)
def test_a_birthday_reminder_says_which_birthday(store, now, birthday, text):
    create_member(store, **birthday)

    run(date(2026, 3, 18), now)

    with override("en"):
        assert Reminder.objects.get().text == text
