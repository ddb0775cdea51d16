"""The level as a fact for tags and filters."""

from datetime import datetime

import pytest

from core.facts import InvalidRule, compile_rule, validate
from members.models import Member
from stores.models import Staff
from tests.factories.members import create_member
from tiers import services
from tiers.models import Tier


def test_members_are_found_by_their_level(member: Member, gold: Tier, manager: Staff, now: datetime) -> None:
    plain = create_member(member.store)
    services.set_manually(member_id=member.pk, tier=gold, reason="x", at=now, store=None, actor=manager)

    def matching(op: str, value: object) -> set[int]:
        rule = {"fact": "tiers.tier", "op": op, "value": value}
        validate(rule)
        annotations, condition = compile_rule(rule, now)
        return set(Member.objects.annotate(**annotations).filter(condition).values_list("pk", flat=True))

    assert matching("eq", "gold") == {member.pk}
    assert matching("eq", "normal") == {plain.pk}
    assert matching("in", ["gold", "normal"]) == {member.pk, plain.pk}
    assert matching("ne", "gold") == {plain.pk}


def test_an_unknown_level_is_refused(db: None) -> None:
    with pytest.raises(InvalidRule):
        validate({"fact": "tiers.tier", "op": "eq", "value": "platinum"})
