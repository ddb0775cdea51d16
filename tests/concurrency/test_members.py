"""Two tills and one phone, one PIN, one card."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, connection, transaction

from members import services
from members.models import Card, Member, Pin, PinProof
from members.services import InvalidProof, MemberData, PhoneTaken, PinLocked, PinRefused, WrongStatus
from tests.factories.members import NOW

PIN = "271828"

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


def with_pin(store) -> Member:
    member = register(store, 0)
    services.set_pin(member_id=member.pk, pin=PIN, actor=None, at=NOW)
    return member


def count_looks(monkeypatch) -> list[str]:
    """The PINs that were really compared with the hash."""
    looks: list[str] = []

    def looking(pin: str, hash_: str) -> bool:
        looks.append(pin)
        return check_password(pin, hash_)

    monkeypatch.setattr(services.pins, "check_password", looking)
    return looks


def guess(member: Member, pin: str) -> object:
    try:
        return services.verify_pin(member_id=member.pk, pin=pin, at=NOW)
    except PinRefused as refused:
        return refused


def test_pin_brute_force_in_parallel_never_has_more_than_five_tries_looked_at(store, monkeypatch):
    member = with_pin(store)
    looks = count_looks(monkeypatch)

    results = at_once(12, lambda index: guess(member, f"90{index:04d}"))

    assert len(looks) == 5
    assert len([one for one in results if isinstance(one, PinLocked)]) == 7
    assert Pin.objects.get().failures == 5
    assert isinstance(guess(member, PIN), PinLocked)
    assert PinProof.objects.count() == 0


def test_without_the_lock_on_the_pin_more_tries_are_looked_at(store, monkeypatch):
    member = with_pin(store)
    looks = count_looks(monkeypatch)
    barrier = Barrier(12)

    def unlocked(member_id: int) -> Pin | None:
        found = Pin.objects.filter(member_id=member_id).first()
        barrier.wait(30)
        return found

    monkeypatch.setattr(services.pins, "_lock_pin", unlocked)

    at_once(12, lambda index: guess(member, f"90{index:04d}"))

    assert len(looks) == 12


def spend(member: Member, proof: UUID) -> object:
    try:
        with transaction.atomic():
            services.use_pin_proof(member_id=member.pk, proof=proof, at=NOW)
    except InvalidProof as refused:
        return refused
    return True


def test_a_proof_is_used_once_by_two_parallel_sales(store):
    member = with_pin(store)
    proof = services.verify_pin(member_id=member.pk, pin=PIN, at=NOW)

    results = at_once(6, lambda _index: spend(member, proof))

    assert results.count(True) == 1


def test_without_the_members_lock_a_proof_is_used_twice(store, monkeypatch):
    member = with_pin(store)
    proof = services.verify_pin(member_id=member.pk, pin=PIN, at=NOW)
    save, barrier = PinProof.save, Barrier(6)

    def late(self: PinProof, **options: object) -> None:
        barrier.wait(30)
        save(self, **options)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(services.pins, "lock_member", lambda member_id: None)
    monkeypatch.setattr(PinProof, "save", late)

    results = at_once(6, lambda _index: spend(member, proof))

    assert results.count(True) == 6


def replace_card(member: Member, number: str) -> object:
    try:
        return services.replace_card(member_id=member.pk, reason="damaged", actor=None, at=NOW, number=number)
    except WrongStatus as refused:
        return refused


def test_two_counters_replacing_one_card_give_one_new_number(store):
    member = register(store, 0)

    results = at_once(6, lambda _index: replace_card(member, member.number))

    given = [one for one in results if isinstance(one, str)]
    assert len(given) == 1
    assert Member.objects.get().number == given[0]
    assert Card.objects.count() == 2


def test_without_the_members_lock_a_card_is_replaced_twice(store, monkeypatch):
    member = register(store, 0)
    barrier = Barrier(2)

    def unlocked(member_id: int) -> Member:
        found = Member.objects.get(pk=member_id)
        barrier.wait(30)
        return found

    monkeypatch.setattr(services.cards, "lock_member", unlocked)

    def act(_index: int) -> object:
        try:
            return replace_card(member, member.number)
        except IntegrityError as broken:
            return broken

    results = at_once(2, act)

    # Nobody is told that somebody else was quicker: the table's constraint has to stop the second one.
    assert [type(one) for one in results if not isinstance(one, str)] == [IntegrityError]


def test_a_proof_cannot_be_used_without_a_transaction(store):
    member = with_pin(store)
    proof = services.verify_pin(member_id=member.pk, pin=PIN, at=NOW)

    with pytest.raises(RuntimeError):
        services.use_pin_proof(member_id=member.pk, proof=proof, at=NOW)


def test_a_pin_is_not_proved_inside_a_transaction_that_a_refusal_would_roll_back(store):
    member = with_pin(store)

    with transaction.atomic(), pytest.raises(RuntimeError):
        services.verify_pin(member_id=member.pk, pin=PIN, at=NOW)

    assert PinProof.objects.count() == 0
