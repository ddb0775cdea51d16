"""A till PIN is guessed from many browsers at once."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password

from audit.models import Record
from stores import services
from stores.models import Staff
from tests.factories.threads import meet_before
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)
TRIES = 12


@pytest.fixture
def person(cashier: Staff, now: datetime) -> Staff:
    services.set_pin(staff=cashier, pin="4821", actor=cashier, at=now)
    return cashier


def guess(person: Staff, now: datetime, pin: str) -> Any:
    return services.verify_pin(staff_id=person.pk, pin=pin, at=now)


def test_guessing_in_parallel_gets_five_tries_and_then_a_lock(person: Staff, now: datetime) -> None:
    outcomes = run_together(TRIES, lambda number: guess(person, now, f"{number:04}"))

    person.refresh_from_db()
    assert [type(outcome) for outcome in outcomes] == [services.PinRefused] * TRIES
    assert Record.objects.filter(action="staff.pin_failed").count() == services.PIN_TRIES
    assert person.pin_locked_until == now + services.PIN_LOCK
    with pytest.raises(services.PinRefused):
        guess(person, now, "4821")


def test_without_the_row_lock_the_race_is_real(person: Staff, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Staff.objects, "select_for_update", lambda **_options: Staff.objects.all())
    monkeypatch.setattr("stores.services.check_password", meet_before(TRIES, check_password))

    run_together(TRIES, lambda number: guess(person, now, f"{number:04}"))

    assert Record.objects.filter(action="staff.pin_failed").count() == TRIES
