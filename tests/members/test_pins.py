"""The member's PIN: what is refused, how tries are counted, what a proof is good for (R-W10)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils.translation import override

from audit.models import Record
from members import rules, services
from members.models import Member, Pin, PinProof
from members.services import InvalidPin, InvalidProof, PinExists, PinLocked, PinRefused, WrongStatus
from tests.factories.members import create_member

PIN, OTHER = "271828", "314159"


@pytest.fixture
def member(store) -> Member:
    return create_member(store, phone="13800738821", birth_year=1990, birth_month=3, birth_day=8)


@pytest.fixture
def holder(member: Member, cashier, now) -> Member:
    """A member with ``PIN``."""
    services.set_pin(member_id=member.pk, pin=PIN, actor=cashier, at=now)
    return member


def verify(member, pin, at, **more):
    """As the till does it: outside of any transaction of its own making."""
    return services.verify_pin(member_id=member.pk, pin=pin, at=at, **more)


def use(member, proof, at):
    with transaction.atomic():
        services.use_pin_proof(member_id=member.pk, proof=proof, at=at)


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "", "１２３４５6", "12 456"])
def test_a_pin_has_six_digits(pin):
    assert rules.pin_problem(pin, birthdays=[], phone_tail="") == "shape"


@pytest.mark.parametrize("pin", ["000000", "777777", "123456", "654321", "012345", "789012", "210987", "987654"])
def test_runs_and_repeated_digits_are_too_easy(pin):
    assert rules.pin_problem(pin, birthdays=[], phone_tail="") == "easy"


@pytest.mark.parametrize("pin", ["900308", "900803", "030890", "080390", "199003", "031990", "199038", "381990"])
def test_the_birthday_is_refused_in_every_form_of_six_digits(pin):
    assert rules.pin_problem(pin, birthdays=[(1990, 3, 8)], phone_tail="") == "birthday"


def test_a_birthday_without_year_is_refused_with_every_year():
    assert rules.pin_problem("660308", birthdays=[(None, 3, 8)], phone_tail="") == "birthday"
    assert rules.pin_problem("030866", birthdays=[(None, 3, 8)], phone_tail="") == "birthday"
    assert rules.pin_problem("661408", birthdays=[(None, 3, 8)], phone_tail="") == ""


@pytest.mark.parametrize(("pin", "problem"), [("738821", "phone"), ("738822", ""), (PIN, "")])
def test_the_end_of_the_phone_is_refused(pin, problem):
    assert rules.pin_problem(pin, birthdays=[], phone_tail="738821") == problem


def test_a_lunar_birthday_is_refused_in_both_calendars(store, cashier, now):
    # The 15th of the 8th lunar month 1990 was the 3rd of October.
    member = create_member(store, birth_calendar="lunar", birth_year=1990, birth_month=8, birth_day=15)

    for pin in ("900815", "901003"):
        with pytest.raises(InvalidPin):
            services.set_pin(member_id=member.pk, pin=pin, actor=cashier, at=now)
    assert Pin.objects.count() == 0


@pytest.mark.parametrize("pin", ["123456", "000000", "900308", "738821", "2718"])
def test_a_refused_pin_is_not_kept(member, cashier, now, pin):
    with pytest.raises(InvalidPin) as refused:
        services.set_pin(member_id=member.pk, pin=pin, actor=cashier, at=now)

    assert refused.value.field == "pin"
    assert Pin.objects.count() == 0
    assert not Record.objects.filter(action="member.pin_set").exists()


def test_a_pin_is_kept_as_a_hash_and_stands_nowhere_else(holder, now, caplog):
    with pytest.raises(PinRefused):
        verify(holder, OTHER, now)
    verify(holder, PIN, now)

    pin = Pin.objects.get()
    assert PIN not in pin.hash
    assert "$" in pin.hash
    written = [f"{record.data} {record.reason} {record.subject}" for record in Record.objects.all()]
    assert [text for text in [*written, caplog.text] if PIN in text or OTHER in text] == []


def test_a_second_pin_does_not_overwrite_the_first(holder, cashier, now):
    with pytest.raises(PinExists):
        services.set_pin(member_id=holder.pk, pin=OTHER, actor=cashier, at=now)

    assert verify(holder, PIN, now) == PinProof.objects.get().pk


def test_a_closed_member_gets_no_pin(member, cashier, now):
    Member.objects.update(status="closed")

    with pytest.raises(WrongStatus):
        services.set_pin(member_id=member.pk, pin=PIN, actor=cashier, at=now)
    assert Pin.objects.count() == 0


def test_a_wrong_pin_and_no_pin_are_refused_in_the_same_words(holder, store, now):
    without = create_member(store)
    texts = []
    for member in (holder, without):
        with override("en"), pytest.raises(PinRefused) as refused:
            verify(member, OTHER, now)
        texts.append((type(refused.value), str(refused.value)))

    assert texts == [(PinRefused, "The PIN is not right.")] * 2
    assert PinProof.objects.count() == 0


def test_five_wrong_tries_lock_for_thirty_minutes_and_then_the_count_begins_anew(holder, now):
    for _try in range(5):
        with pytest.raises(PinRefused) as refused:
            verify(holder, OTHER, now)
        assert not isinstance(refused.value, PinLocked)

    with pytest.raises(PinLocked):
        verify(holder, PIN, now)
    with pytest.raises(PinLocked):
        verify(holder, PIN, now + timedelta(minutes=30) - timedelta(microseconds=1))
    assert PinProof.objects.count() == 0
    with pytest.raises(PinRefused):
        verify(holder, OTHER, now + timedelta(minutes=30))
    assert Pin.objects.get().failures == 1
    assert verify(holder, PIN, now + timedelta(minutes=30)) == PinProof.objects.get().pk


def test_the_right_pin_forgets_the_wrong_tries(holder, now):
    for _round in range(3):
        for _try in range(4):
            with pytest.raises(PinRefused):
                verify(holder, OTHER, now)
        verify(holder, PIN, now)

    assert (Pin.objects.get().failures, Pin.objects.get().locked_until) == (0, None)


def test_every_failure_is_in_the_trail_with_who_stood_there(holder, store, cashier, now):
    for _try in range(5):
        with pytest.raises(PinRefused):
            verify(holder, OTHER, now, actor=cashier, store=store)
    with pytest.raises(PinLocked):
        verify(holder, OTHER, now, actor=cashier, store=store)

    found = Record.objects.filter(action="member.pin_failed").order_by("pk")
    assert [(row.actor, row.store, row.subject, row.data) for row in found] == [
        (cashier, store, f"member:{holder.pk}", {"is_locked": number == 5}) for number in range(1, 6)
    ]


def test_a_proof_is_good_once(holder, now):
    proof = verify(holder, PIN, now)

    use(holder, proof, now)

    with pytest.raises(InvalidProof):
        use(holder, proof, now)
    assert PinProof.objects.get().used_at == now


def test_a_proof_ends_after_two_minutes(holder, now):
    proof = verify(holder, PIN, now)

    with pytest.raises(InvalidProof):
        use(holder, proof, now + timedelta(minutes=2))
    with pytest.raises(InvalidProof):
        use(holder, proof, now - timedelta(seconds=1))
    use(holder, proof, now + timedelta(minutes=2) - timedelta(microseconds=1))


def test_a_proof_is_good_for_its_member_only(holder, store, now):
    proof = verify(holder, PIN, now)

    with pytest.raises(InvalidProof):
        use(create_member(store), proof, now)
    with pytest.raises(InvalidProof):
        use(holder, uuid4(), now)
    assert PinProof.objects.get().used_at is None


def test_a_proof_of_a_rolled_back_payment_is_good_again(holder, now):
    proof = verify(holder, PIN, now)

    with pytest.raises(ZeroDivisionError):
        refused_payment(holder, proof, now)
    use(holder, proof, now)


@transaction.atomic
def refused_payment(member, proof, at):
    services.use_pin_proof(member_id=member.pk, proof=proof, at=at)
    raise ZeroDivisionError


def test_old_proofs_do_not_pile_up(holder, now):
    verify(holder, PIN, now)
    verify(holder, PIN, now + timedelta(hours=23))

    last = verify(holder, PIN, now + timedelta(hours=25))

    assert PinProof.objects.count() == 2
    assert PinProof.objects.filter(pk=last).exists()


def test_a_pin_is_changed_with_the_old_one(holder, cashier, now):
    services.change_pin(member_id=holder.pk, old_pin=PIN, pin=OTHER, actor=cashier, at=now)

    with pytest.raises(PinRefused):
        verify(holder, PIN, now)
    verify(holder, OTHER, now)
    assert Record.objects.filter(action="member.pin_changed").count() == 1


def test_a_wrong_old_pin_changes_nothing_and_counts(holder, cashier, now):
    with pytest.raises(PinRefused):
        services.change_pin(member_id=holder.pk, old_pin="999111", pin=OTHER, actor=cashier, at=now)

    assert Pin.objects.get().failures == 1
    verify(holder, PIN, now)


def test_an_easy_new_pin_costs_no_try(holder, cashier, now):
    with pytest.raises(InvalidPin):
        services.change_pin(member_id=holder.pk, old_pin="999111", pin="123456", actor=cashier, at=now)

    assert Pin.objects.get().failures == 0


def test_a_reset_removes_pin_lock_and_open_proofs_and_a_new_pin_can_be_set(holder, cashier, manager, store, now):
    proof = verify(holder, PIN, now)
    for _try in range(5):
        with pytest.raises(PinRefused):
            verify(holder, OTHER, now)

    services.reset_pin(member_id=holder.pk, reason="forgotten", id_shown=True, actor=manager, at=now, store=store)

    assert Pin.objects.count() == 0
    with pytest.raises(InvalidProof):
        use(holder, proof, now)
    row = Record.objects.get(action="member.pin_reset")
    assert (row.actor, row.reason, row.data) == (manager, "forgotten", {"id_shown": True})
    services.set_pin(member_id=holder.pk, pin=OTHER, actor=cashier, at=now)
    verify(holder, OTHER, now)


def test_a_reset_needs_a_reason_an_identity_document_and_a_pin(holder, manager, store, now):
    for reason, id_shown in (("", True), ("forgotten", False)):
        with pytest.raises(services.InvalidMember):
            services.reset_pin(member_id=holder.pk, reason=reason, id_shown=id_shown, actor=manager, at=now)
    with pytest.raises(WrongStatus):
        services.reset_pin(member_id=create_member(store).pk, reason="forgotten", id_shown=True, actor=manager, at=now)
    assert Pin.objects.count() == 1
    assert not Record.objects.filter(action="member.pin_reset").exists()
