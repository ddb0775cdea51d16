"""The same tag given at the same moment, and a night that meets a purchase."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection

from tags import services
from tags.models import MemberTag
from tags.proofs import check_periods
from tests.factories.members import NOW, create_member

pytestmark = pytest.mark.django_db(transaction=True)

FEMALE = {"all": [{"fact": "members.gender", "op": "eq", "value": "female"}]}


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What ``act`` returned or raised in so many threads that start together."""
    barrier = Barrier(count)

    def run(index: int) -> object:
        try:
            barrier.wait()
            return act(index)
        except IntegrityError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def give(member_id: int, tag_id: int) -> MemberTag:
    return services.tag_member(member_id=member_id, tag_id=tag_id, actor=None, at=NOW)


def test_a_tag_given_by_many_at_once_is_given_once(store):
    tag = services.save_tag(name="VIP", actor=None, at=NOW)
    member = create_member(store)

    results = at_once(8, lambda _index: give(member.pk, tag.pk))

    assert {result for result in results if isinstance(result, MemberTag)} == {MemberTag.objects.get()}
    assert not [result for result in results if isinstance(result, IntegrityError)]


def test_without_the_lock_the_race_is_real(store, monkeypatch):
    tag = services.save_tag(name="VIP", actor=None, at=NOW)
    member = create_member(store)
    both_looked = Barrier(2, timeout=10)
    create = MemberTag.objects.create

    def create_after_both_looked(**values):
        both_looked.wait()
        return create(**values)

    monkeypatch.setattr(services, "lock_member", lambda _member_id: member)
    monkeypatch.setattr(MemberTag.objects, "create", create_after_both_looked)
    results = at_once(2, lambda _index: give(member.pk, tag.pk))

    # Both saw no tag; only the database's constraint stopped the second.
    assert len([result for result in results if isinstance(result, IntegrityError)]) == 1
    assert MemberTag.objects.count() == 1


def test_a_night_and_purchases_at_once_leave_one_period_for_each_member(store):
    tag = services.save_tag(name="Ladies", kind="automatic", rule=FEMALE, actor=None, at=NOW)
    members = [create_member(store, gender="female").pk for _index in range(6)]

    def act(index: int) -> object:
        at = NOW + timedelta(seconds=index)
        if index >= 6:
            return services.retag_tag(tag_id=tag.pk, at=at)
        return services.retag_member(member_id=members[index], at=at)

    results = at_once(8, act)

    assert all(isinstance(result, dict) for result in results)
    assert sorted(MemberTag.objects.filter(until=None).values_list("member_id", flat=True)) == members
    assert check_periods() == (6, [])
