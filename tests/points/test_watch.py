"""Odd accounts are found at night from the day before, and judged by people (P15)."""

from datetime import date, timedelta

import pytest

from audit.models import Record
from points import services
from points.models import Watch
from points.wording import describe_evidence
from stores.services import change_setting
from tests.factories.ledgers import make_member

pytestmark = pytest.mark.django_db

NEXT_DAY = date(2026, 3, 19)


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def night(now):
    def run(day=NEXT_DAY):
        return [counts["found"] for counts in services.watch_accounts(day, now + timedelta(hours=13))]

    return run


def found():
    return list(Watch.objects.order_by("kind").values_list("kind", "day", "evidence"))


def test_more_orders_in_a_day_than_the_limit_are_odd_and_exactly_the_limit_is_not(member, give, store, night):
    usual = make_member(store)
    for _number in range(6):
        give(member, 10)
    for _number in range(5):
        give(usual, 10)

    night()

    assert found() == [("many_earns", date(2026, 3, 18), {"count": 6, "points": 60, "limit": 5})]
    assert Watch.objects.get().member == member


def test_only_the_day_before_counts(member, give, now, night):
    for hours in (-12, -13, -14, 12, 13, 14):
        give(member, 3000, at=now + timedelta(hours=hours))

    night()

    assert found() == []


def test_very_many_points_in_a_day_are_odd(member, give, night):
    give(member, 5001)

    night()

    assert found() == [("many_points", date(2026, 3, 18), {"count": 1, "points": 5001, "limit": 5000})]


def test_points_taken_back_again_and_again_within_thirty_days_are_odd(member, give, now, night):
    for day in (29, 20, 10, 0):
        earned = give(member, 10, at=now - timedelta(days=day))
        services.claw_back(
            idempotency_key_of_original=earned.idempotency_key,
            points=10,
            idempotency_key=f"c{day}",
            at=now - timedelta(days=day),
            store=None,
            actor=None,
        )

    night()

    assert found() == [("many_returns", date(2026, 3, 18), {"count": 4, "points": 40, "limit": 3})]


def test_many_points_by_hand_are_odd_and_points_taken_by_hand_do_not_hide_them(member, manager, store, now, night):
    for points in (1500, 600, -500):
        services.adjust(
            member_id=member.pk,
            points=points,
            reason="x",
            idempotency_key=f"a{points}",
            at=now,
            store=store,
            actor=manager,
        )

    night()

    assert found() == [("many_gifts", date(2026, 3, 18), {"count": 2, "points": 2100, "limit": 2000})]


@pytest.mark.parametrize(("minutes", "is_odd"), [(30, True), (31, False)])
def test_points_spent_in_another_store_right_after_they_came_are_odd(
    member, give, now, store, other_store, night, minutes, is_odd
):
    give(member, 100)
    for place, key in ((store, "here"), (other_store, "there")):
        services.spend(
            member_id=member.pk,
            points=40,
            source="o",
            idempotency_key=key,
            at=now + timedelta(minutes=minutes),
            store=place,
            actor=None,
        )

    night()

    evidence = {"points": 40, "minutes": minutes, "from": "People's Square", "to": "Riverside", "limit": 30}
    assert found() == ([("quick_spend", date(2026, 3, 18), evidence)] if is_odd else [])


def test_a_second_night_adds_nothing_and_a_judgement_stays(member, give, night, manager, now):
    give(member, 6000)
    night()
    services.review_watch(watch_id=Watch.objects.get().pk, outcome="fine", note="", actor=manager, at=now)

    assert night() == [0, 0, 0, 0, 0]

    assert Watch.objects.get().outcome == "fine"


def test_a_limit_of_zero_switches_a_pattern_off(member, give, night, owner, now):
    change_setting(code="points.watch_many_points", value=0, effective_at=now, actor=owner, at=now)
    give(member, 6000)

    assert len(night()) == 4
    assert found() == []


def test_a_night_takes_the_same_statements_however_many_members(
    store, give, night, django_assert_num_queries, django_assert_max_num_queries
):
    give(make_member(store), 6000)
    with django_assert_max_num_queries(16) as first:
        night()
    for _number in range(20):
        give(make_member(store), 6000)

    with django_assert_num_queries(len(first)):
        night()

    assert Watch.objects.count() == 21


def test_a_review_is_kept_once_with_who_and_why(member, give, night, manager, now):
    give(member, 6000)
    night()
    watch = Watch.objects.get()
    with pytest.raises(services.NoteMissing):
        services.review_watch(watch_id=watch.pk, outcome="suspicious", note=" ", actor=manager, at=now)
    assert not Record.objects.filter(action="points_watch.reviewed").exists()

    services.review_watch(watch_id=watch.pk, outcome="suspicious", note="own card", actor=manager, at=now)

    with pytest.raises(services.AlreadyReviewed):
        services.review_watch(watch_id=watch.pk, outcome="fine", note="", actor=manager, at=now)
    watch.refresh_from_db()
    assert (watch.outcome, watch.note, watch.reviewed_by, watch.reviewed_at) == ("suspicious", "own card", manager, now)
    record = Record.objects.get(action="points_watch.reviewed")
    assert (record.subject, record.reason, record.data["outcome"]) == (f"member:{member.pk}", "own card", "suspicious")


def test_the_figures_read_as_sentences(english):
    assert describe_evidence("many_points", {"count": 1, "points": 5001, "limit": 5000}) == (
        "5,001 points from 1 orders; more than 5,000 is odd"
    )
