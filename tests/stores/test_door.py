"""Logging in and out, locks, switching person and store, and how long a session lasts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from audit.models import Record
from stores import services
from stores.models import Staff, Store
from tests.conftest import PASSWORD

LOGIN = "/stores/login/"
PERSON = "/stores/person/"


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def log_in(client: Client, username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"username": username, "password": password, **extra})


def person_of(client: Client) -> int | None:
    text = client.session.get("_auth_user_id")
    return int(text) if text else None


@pytest.fixture
def with_pin(cashier: Staff, now: datetime) -> Staff:
    services.set_pin(staff=cashier, pin="4821", actor=cashier, at=now)
    return cashier


def test_the_right_password_opens_a_new_session_and_leads_on(browser: Client, cashier: Staff) -> None:
    browser.get(LOGIN)
    response = log_in(browser, "cashier", next="/stores/own-pin/")

    assert response.status_code == 302
    assert response["Location"] == "/stores/own-pin/"
    assert person_of(browser) == cashier.pk
    assert Record.objects.get(action="staff.logged_in").actor == cashier
    assert browser.get(LOGIN).status_code == 302


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""]
)
def test_the_login_never_leads_to_another_site(browser: Client, cashier: Staff, target: str) -> None:
    response = log_in(browser, "cashier", next=target)

    assert response["Location"] == "/"


@pytest.mark.parametrize(("username", "password"), [("cashier", "wrong"), ("nobody", "wrong"), ("off", PASSWORD)])
def test_a_refused_login_says_the_same_whatever_was_wrong(
    browser: Client, cashier: Staff, store: Store, username: str, password: str
) -> None:
    Staff.objects.create_user(username="off", password=PASSWORD, is_active=False)

    response = log_in(browser, username, password)

    assert response.status_code == 422
    assert "User name and password do not match." in response.content.decode()
    assert person_of(browser) is None
    assert Record.objects.filter(action="staff.login_failed").count() == 1


def test_five_wrong_passwords_lock_the_user_and_nobody_else(browser: Client, cashier: Staff, manager: Staff) -> None:
    answers = [log_in(browser, "cashier", "wrong").status_code for _try in range(5)]
    locked = log_in(browser, "cashier")
    colleague = log_in(Client(), "manager")

    assert answers == [422, 422, 422, 422, 429]
    assert locked.status_code == 429
    assert "Wait 30 minutes" in locked.content.decode()
    assert person_of(browser) is None
    assert colleague.status_code == 302


def test_a_lock_ends_after_half_an_hour(browser: Client, cashier: Staff) -> None:
    with time_machine.travel("2026-03-18 04:00Z") as clock:
        for _try in range(5):
            log_in(browser, "cashier", "wrong")
        clock.shift(timedelta(minutes=29))
        early = log_in(browser, "cashier").status_code
        clock.shift(timedelta(minutes=31))
        late = log_in(browser, "cashier").status_code

    assert (early, late) == (429, 302)


@override_settings(DEMO=False)
def test_demo_log_ins_are_shown_in_a_demo_only(browser: Client, cashier: Staff) -> None:
    outside = browser.get(LOGIN).content.decode()
    with override_settings(DEMO=True):
        inside = browser.get(LOGIN).content.decode()

    assert "patron-demo" not in outside
    assert 'data-username="cashier"' in inside
    assert 'data-username="auditor"' not in inside


def test_logging_out_ends_the_session_on_the_server(client_for: Any, cashier: Staff) -> None:
    client = client_for(cashier)
    key = client.session.session_key

    by_get = client.get("/stores/logout/")
    client.post("/stores/logout/")
    client.cookies["sessionid"] = key

    assert by_get.status_code == 405
    assert client.get(PERSON).status_code == 302
    assert Record.objects.filter(action="staff.logged_out").count() == 1


# The active store


def test_the_store_is_chosen_among_ones_own_open_ones(
    client_for: Any, manager: Staff, store: Store, other_store: Store
) -> None:
    manager.stores.add(other_store)
    client = client_for(manager)

    first = client.get(PERSON).context["active_store"]
    response = client.post("/stores/active-store/", {"store": other_store.pk, "next": "/stores/own-pin/"})
    chosen = client.get(PERSON).context["active_store"]
    other_store.is_active = False
    other_store.save()
    after_closing = client.get(PERSON).context["active_store"]

    assert (first, chosen, after_closing) == (store, other_store, store)
    assert response["Location"] == "/stores/own-pin/"


@pytest.mark.parametrize("value", ["foreign", "", "x", "9" * 30, "-1", "٣"])
def test_a_foreign_or_senseless_store_is_not_found(
    client_for: Any, cashier: Staff, other_store: Store, value: str
) -> None:
    client = client_for(cashier)

    response = client.post("/stores/active-store/", {"store": str(other_store.pk) if value == "foreign" else value})

    assert response.status_code == 404
    assert "store" not in client.session


def test_a_page_of_one_record_is_left_when_the_store_changes(client_for: Any, cashier: Staff, store: Store) -> None:
    response = client_for(cashier).post("/stores/active-store/", {"store": store.pk, "next": "/stores/7/"})

    assert response["Location"] == "/"


def test_without_an_open_store_the_till_says_what_to_do(client_for: Any, cashier: Staff, store: Store) -> None:
    store.is_active = False
    store.save()
    client = client_for(cashier)
    client.cookies["django_language"] = "en"

    response = client.get(PERSON)

    assert response.status_code == 409
    assert "You work in no open store." in response.content.decode()


# Switching person; verify_pin commits by itself, so these need real transactions


@pytest.mark.django_db(transaction=True)
def test_a_pin_hands_over_the_till_with_a_new_session_and_the_same_store(
    client_for: Any, manager: Staff, with_pin: Staff, store: Store
) -> None:
    client = client_for(manager)
    before = client.session.session_key

    response = client.post(PERSON, {"person": with_pin.pk, "pin": "4821", "next": "/stores/own-pin/"})

    assert response["Location"] == "/stores/own-pin/"
    assert person_of(client) == with_pin.pk
    assert client.session.session_key != before
    assert client.session["store"] == store.pk
    record = Record.objects.get(action="staff.switched")
    assert (record.actor, record.store, record.data) == (with_pin, store, {"before": manager.pk})


@pytest.mark.django_db(transaction=True)
def test_five_wrong_pins_lock_for_thirty_minutes(client_for: Any, manager: Staff, with_pin: Staff) -> None:
    client = client_for(manager)
    with time_machine.travel("2026-03-18 04:00Z") as clock:
        client.get("/stores/own-pin/")
        for _try in range(5):
            wrong = client.post(PERSON, {"person": with_pin.pk, "pin": "0000"})
        locked = client.post(PERSON, {"person": with_pin.pk, "pin": "4821"})
        stayed = person_of(client)
        clock.shift(timedelta(minutes=31))
        client = client_for(manager)
        opened = client.post(PERSON, {"person": with_pin.pk, "pin": "4821"})

    assert (wrong.status_code, locked.status_code, opened.status_code) == (422, 422, 302)
    assert stayed == manager.pk
    assert Record.objects.filter(action="staff.pin_failed").count() == 5


def test_nobody_from_another_store_or_without_a_pin_is_offered(
    client_for: Any, manager: Staff, with_pin: Staff, rival: Staff, now: datetime
) -> None:
    services.set_pin(staff=rival, pin="4821", actor=rival, at=now)
    client = client_for(manager)

    people = client.get(PERSON).context["people"]
    foreign = client.post(PERSON, {"person": rival.pk, "pin": "4821"})

    assert people == [with_pin]
    assert foreign.status_code == 422
    assert person_of(client) == manager.pk


# One's own password and PIN


def test_ones_own_password_needs_the_present_one_and_keeps_this_session(client_for: Any, cashier: Staff) -> None:
    here, elsewhere = client_for(cashier), client_for(cashier)
    form = {"password": "quiet-harbour-7", "repeated": "quiet-harbour-7"}

    wrong = here.post("/stores/own-password/", {**form, "current": "x"})
    right = here.post("/stores/own-password/", {**form, "current": PASSWORD})

    cashier.refresh_from_db()
    assert (wrong.status_code, right.status_code) == (422, 302)
    assert cashier.check_password("quiet-harbour-7")
    assert here.get("/stores/own-pin/").status_code == 200
    assert elsewhere.get("/stores/own-pin/").status_code == 302


def test_ones_own_pin_needs_the_password(client_for: Any, cashier: Staff) -> None:
    client = client_for(cashier)

    wrong = client.post("/stores/own-pin/", {"current": "x", "pin": "4821"})
    before = Staff.objects.get(pk=cashier.pk).pin_hash
    easy = client.post("/stores/own-pin/", {"current": PASSWORD, "pin": "1234"})
    right = client.post("/stores/own-pin/", {"current": PASSWORD, "pin": "4821"})

    assert (wrong.status_code, easy.status_code, right.status_code) == (422, 422, 302)
    assert before == ""
    assert Staff.objects.get(pk=cashier.pk).pin_hash != ""


# How long a session lasts


def test_a_session_ends_after_thirty_idle_minutes(client_for: Any, cashier: Staff) -> None:
    with time_machine.travel("2026-03-18 04:00Z") as clock:
        client = client_for(cashier)
        clock.shift(timedelta(minutes=29))
        busy = client.get(PERSON).status_code
        clock.shift(timedelta(minutes=29))
        still_busy = client.get(PERSON).status_code
        clock.shift(timedelta(minutes=30))
        idle = client.get(PERSON)

    assert (busy, still_busy, idle.status_code) == (200, 200, 302)
    assert person_of(client) is None


def test_a_session_ends_after_twelve_hours_however_busy(client_for: Any, cashier: Staff) -> None:
    answers = []
    with time_machine.travel("2026-03-18 04:00Z") as clock:
        client = client_for(cashier)
        for _step in range(36):
            clock.shift(timedelta(minutes=20))
            answers.append(client.get(PERSON).status_code)

    assert answers == [200] * 35 + [302]


def test_a_busy_till_does_not_write_its_session_with_every_request(client_for: Any, cashier: Staff) -> None:
    client = client_for(cashier)
    with CaptureQueriesContext(connection) as captured:
        client.get(PERSON)
        client.get("/stores/own-pin/")

    written = [query["sql"] for query in captured if not query["sql"].startswith("SELECT")]
    assert written == []
