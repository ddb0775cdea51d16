"""Payments above the day's limit need the member's PIN (R-W10)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import members.services
from tests.factories.ledgers import table_rows
from tests.factories.stored_value import TABLES, set_value
from wallet import services
from wallet.selectors import get_spent_without_pin, needs_pin


@pytest.fixture
def purse(purse_of):
    return purse_of("1000.00")


def test_up_to_two_hundred_a_day_nobody_asks_for_the_pin(purse):
    first, second = purse.debit("199.99"), purse.debit("0.01")

    assert (first.is_pin_verified, second.is_pin_verified) == (False, False)


def test_above_the_limit_nothing_moves_without_a_proof(purse, now):
    purse.debit("150.00")
    before = table_rows(*TABLES)

    with pytest.raises(services.PinRequired):
        purse.debit("50.01")

    assert table_rows(*TABLES) == before
    assert needs_pin(member_id=purse.pk, amount=D("50.01"), at=now)
    assert not needs_pin(member_id=purse.pk, amount=D("50.00"), at=now)


def test_a_proof_pays_once_and_does_not_count_towards_the_limit(purse, now):
    purse.set_pin()
    proof = purse.proof()

    entry = purse.debit("500.00", pin_proof=proof)

    assert entry.is_pin_verified
    assert get_spent_without_pin(member_id=purse.pk, at=now) == D("0.00")
    with pytest.raises(members.services.InvalidProof):
        purse.debit("300.00", pin_proof=proof)
    assert purse.debit("200.00").is_pin_verified is False


@pytest.mark.parametrize("wrong", ["another member's", "unknown", "too old"])
def test_a_proof_of_something_else_pays_nothing(purse, purse_of, now, wrong):
    other = purse_of()
    for one in (purse, other):
        one.set_pin()
    proof = {"another member's": other.proof(), "unknown": uuid4(), "too old": purse.proof(now - timedelta(minutes=2))}
    before = table_rows(*TABLES)

    with pytest.raises(members.services.InvalidProof):
        purse.debit("300.00", pin_proof=proof[wrong])

    assert table_rows(*TABLES) == before


def test_a_proof_of_a_refused_payment_is_good_again(purse):
    purse.set_pin()
    proof = purse.proof()
    with pytest.raises(services.InsufficientBalance):
        purse.debit("1000.01", pin_proof=proof)

    assert purse.debit("1000.00", pin_proof=proof).is_pin_verified


def test_the_day_begins_anew_at_shop_midnight(purse, now):
    purse.debit("200.00")
    midnight = now.replace(hour=16)

    with pytest.raises(services.PinRequired):
        purse.debit("0.01", at=midnight - timedelta(microseconds=1))

    assert purse.debit("200.00", at=midnight).amount == D("-200.00")


def test_what_was_given_back_does_not_count_any_more(purse, now):
    paid = purse.debit("200.00")
    purse.refund(paid, "80.00")

    assert get_spent_without_pin(member_id=purse.pk, at=now) == D("120.00")
    purse.debit("80.00")
    with pytest.raises(services.PinRequired):
        purse.debit("0.01")


def test_with_a_limit_of_nothing_every_payment_needs_the_pin(purse, now):
    set_value("wallet.no_pin_limit", "0", now)

    with pytest.raises(services.PinRequired):
        purse.debit("0.01")


def test_the_same_key_gives_the_first_payment_without_a_new_proof(purse):
    purse.set_pin()
    first = purse.debit("300.00", pin_proof=purse.proof(), idempotency_key="same")

    assert purse.debit("300.00", idempotency_key="same").pk == first.pk
