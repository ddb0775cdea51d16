"""Levels as facts for tags and filters (T11)."""

from datetime import date, datetime, timedelta

import pytest

from core.facts import InvalidRule, compile_rule, get_fact, validate
from members.models import Member
from stores.models import Staff
from tests.factories.levels import create_level
from tests.factories.members import create_member
from tiers import services
from tiers.models import Tier


def matching(fact: str, op: str, value: object, at: datetime) -> set[int]:
    rule = {"fact": fact, "op": op, "value": value}
    validate(rule)
    annotations, condition = compile_rule(rule, at)
    return set(Member.objects.annotate(**annotations).filter(condition).values_list("pk", flat=True))


def test_members_are_found_by_their_level(member: Member, gold: Tier, manager: Staff, now: datetime) -> None:
    plain = create_member(member.store)
    services.set_manually(member_id=member.pk, tier=gold, reason="x", at=now, store=None, actor=manager)

    assert matching("tiers.tier", "eq", "gold", now) == {member.pk}
    assert matching("tiers.tier", "eq", "normal", now) == {plain.pk}
    assert matching("tiers.tier", "in", ["gold", "normal"], now) == {member.pk, plain.pk}
    assert matching("tiers.tier", "ne", "gold", now) == {plain.pk}


def test_an_unknown_level_is_refused(db: None) -> None:
    with pytest.raises(InvalidRule):
        validate({"fact": "tiers.tier", "op": "eq", "value": "platinum"})


def test_members_are_found_by_a_card_until_it_ends(member: Member, manager: Staff, now: datetime) -> None:
    friend = create_level("invited", "friend", now)
    create_member(member.store)
    services.set_manually(
        member_id=member.pk, tier=friend, reason="x", at=now, store=None, actor=manager,
        valid_through=date(2026, 3, 18),
    )  # fmt: skip
    ends = datetime.fromisoformat("2026-03-19T00:00:00+08:00")

    assert matching("tiers.invited", "eq", "friend", ends - timedelta(microseconds=1)) == {member.pk}
    assert matching("tiers.invited", "eq", "friend", ends) == set()
    assert get_fact("tiers.invited").choices() == [("friend", "Friend")]  # type: ignore[misc]  # it has choices


def test_who_was_taken_off_a_track_is_not_on_it(member: Member, manager: Staff, now: datetime) -> None:
    friend = create_level("invited", "friend", now)
    services.set_manually(member_id=member.pk, tier=friend, reason="x", at=now, store=None, actor=manager)
    services.take_off(member_id=member.pk, track=friend.track, reason="x", at=now, store=None, actor=manager)

    assert matching("tiers.invited", "empty", True, now) == {member.pk}


def test_members_are_found_by_the_last_day_of_their_level(
    member: Member, gold: Tier, manager: Staff, now: datetime
) -> None:
    plain = create_member(member.store)
    services.set_manually(
        member_id=member.pk, tier=gold, reason="x", at=now, store=None, actor=manager, valid_through=date(2026, 6, 30)
    )

    assert matching("tiers.valid_until", "eq", "2026-06-30", now) == {member.pk}
    assert matching("tiers.valid_until", "lte", "2026-06-29", now) == set()
    assert matching("tiers.valid_until", "empty", True, now) == {plain.pk}
