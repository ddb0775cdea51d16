"""Two tills and one phone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from members import services
from members.models import Member
from members.services import MemberData, PhoneTaken
from tests.factories.members import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What ``act`` returned or raised in so many threads that start together."""
    barrier = Barrier(count)

    def run(index: int) -> object:
        try:
            barrier.wait()
            return act(index)
        except PhoneTaken as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def register(store, index: int) -> Member:
    data = MemberData(name=f"till {index}", phone="13800138000")
    return services.create_member(data=data, source="counter", store=store, actor=None, at=NOW)


def test_of_many_tills_registering_one_phone_exactly_one_succeeds(store):
    results = at_once(8, lambda index: register(store, index))

    created = [result for result in results if isinstance(result, Member)]
    refused = [result for result in results if isinstance(result, PhoneTaken)]
    assert (len(created), len(refused)) == (1, 7)
    assert {refusal.member_id for refusal in refused} == {created[0].pk}
    assert Member.objects.get() == created[0]


def test_without_the_constraint_the_race_is_real(store):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX members_member_phone_once")
    try:
        results = at_once(8, lambda index: register(store, index))
    finally:
        Member.objects.update(phone_hash="")
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE UNIQUE INDEX members_member_phone_once ON members_member (phone_hash) "
                "WHERE status IN ('active', 'frozen') AND NOT phone_hash = ''"
            )

    assert len([result for result in results if isinstance(result, Member)]) == 8


def test_member_numbers_reserved_at_once_are_distinct(store):
    numbers = at_once(8, lambda _index: services.reserve_numbers(50))

    assert len({number for batch in numbers if isinstance(batch, list) for number in batch}) == 400


def test_lock_member_refuses_to_work_without_a_transaction(store):
    member = register(store, 0)

    with pytest.raises(RuntimeError):
        services.lock_member(member.pk)
