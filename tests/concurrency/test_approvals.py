"""Two people at one request, and a request beside a sale: real threads."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from approvals import services
from approvals.models import Request
from approvals.registry import Kind, Payload
from approvals.services import AlreadyDecided, Outcome
from audit.models import Record
from audit.services import run_command
from core import roles
from stores.models import Staff, Store
from tests.conftest import make_staff
from tests.factories.jar import FULL, jar_kind, lock_jar, marbles, take
from tests.factories.threads import at_once, meet_before

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(store: Store) -> list[Staff]:
    roles.sync()
    return [make_staff(f"manager-{number}", "manager", store) for number in range(4)]


@pytest.fixture
def jar(people: list[Staff]) -> Iterator[Kind]:
    with jar_kind() as kind:
        yield kind


def ask(store: Store, actor: Staff, at: datetime, count: int = 40) -> Outcome:
    return services.submit(
        kind="test.jar", payload={"jar": store.pk, "count": count}, subject=f"store:{store.pk}", reason="for fun",
        actor=actor, store=store, at=at,
    )  # fmt: skip


def approve(request: Request, actor: Staff, at: datetime) -> Outcome:
    return services.approve(request_id=request.pk, actor=actor, at=at, seen=request.fingerprint)


def done(results: list[Any]) -> list[Outcome]:
    return [result for result in results if isinstance(result, Outcome) and result.is_done]


def test_two_people_who_approve_at_once_execute_it_once(
    jar: Kind, people: list[Staff], store: Store, now: datetime
) -> None:
    request = ask(store, people[0], now).request

    results = at_once(3, lambda number: approve(request, people[number + 1], now), AlreadyDecided)

    assert len(done(results)) == 1
    assert marbles(store) == FULL - 40
    assert Record.objects.filter(action="approval.approved").count() == 1


def test_without_the_lock_the_race_is_real(
    people: list[Staff], store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(request_id: int) -> Request:
        return Request.objects.select_related("requested_by", "store").get(pk=request_id)

    monkeypatch.setattr(services, "_lock_pending", meet_before(2, careless))
    with jar_kind(lock=None, execute=meet_before(2, take)):
        request = ask(store, people[0], now).request
        results = at_once(2, lambda number: approve(request, people[number + 1], now))

    assert len(done(results)) == 2
    assert Record.objects.filter(action="approval.approved").count() == 2


def test_approving_beside_refusing_ends_in_one_of_them(
    jar: Kind, people: list[Staff], store: Store, now: datetime
) -> None:
    request = ask(store, people[0], now).request

    def decide(number: int) -> Any:
        if number == 0:
            return approve(request, people[1], now)
        return services.refuse(request_id=request.pk, actor=people[2], at=now, note="no")

    results = at_once(2, decide, AlreadyDecided)

    request.refresh_from_db()
    assert sum(isinstance(result, AlreadyDecided) for result in results) == 1
    assert marbles(store) == (FULL - 40 if request.status == "approved" else FULL)


def test_two_requests_for_the_same_thing_never_execute_on_figures_that_are_gone(
    jar: Kind, people: list[Staff], store: Store, now: datetime
) -> None:
    requests = [ask(store, people[0], now).request for _ in range(3)]

    results = at_once(3, lambda number: approve(requests[number], people[1], now))

    assert [result.is_changed for result in results].count(True) == 2
    assert marbles(store) == FULL - 40


def test_without_the_kind_s_lock_both_execute_on_the_same_figures(
    people: list[Staff], store: Store, now: datetime
) -> None:
    with jar_kind(lock=None, execute=meet_before(2, take)):
        requests = [ask(store, people[0], now).request for _ in range(2)]
        results = at_once(2, lambda number: approve(requests[number], people[1], now))

    assert len(done(results)) == 2


def test_an_approval_waits_for_the_sale_and_sees_what_it_left(
    jar: Kind, people: list[Staff], store: Store, now: datetime
) -> None:
    request = ask(store, people[0], now).request
    payload: Payload = {"jar": store.pk, "count": 1}

    def act(number: int) -> Any:
        if number:
            return approve(request, people[1], now)
        with transaction.atomic():
            lock_jar(payload)
            take(payload, key="sale", reason="", actor=people[2], approver=None)
        return None

    outcome = at_once(2, act)[1]

    assert marbles(store) == (FULL - 41 if outcome.is_done else FULL - 1)


def test_one_form_sent_six_times_at_once_makes_one_request(
    jar: Kind, people: list[Staff], store: Store, now: datetime
) -> None:
    key = uuid4()

    def send(_: int) -> dict[str, Any]:
        return run_command(
            name="jar.take", key=key, content={"count": 40}, actor=people[0],
            execute=lambda: ask(store, people[0], now).content,
        )  # fmt: skip

    results = at_once(6, send)

    assert Request.objects.count() == 1
    assert {result["request"] for result in results} == {Request.objects.get().pk}
    assert marbles(store) == FULL
