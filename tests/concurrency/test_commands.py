"""One form sent many times at once: one act, one answer (rules.md 0.4)."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from audit import services
from audit.models import Command
from core.errors import DomainError
from stores.models import Store

pytestmark = pytest.mark.django_db(transaction=True)
KEY = UUID("3f1e0d6c-0000-4000-8000-000000000001")


def _at_once(count: int, function: Callable[[int], Any]) -> list[Any]:
    """Call ``function`` in so many threads that all begin together; an exception is its result."""
    ready = threading.Barrier(count)
    results: list[Any] = [None] * count

    def work(index: int) -> None:
        try:
            ready.wait(10)
            results[index] = function(index)
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def _open_store(name: str) -> dict[str, int]:
    return {"store": Store.objects.create(code=f"S{Store.objects.count()}", name=name).pk}


def _send(name: str, key: UUID = KEY) -> dict[str, Any]:
    return services.run_command(
        name="stores.create", key=key, content={"name": name}, actor=None, execute=lambda: _open_store(name)
    )


@pytest.mark.parametrize("times", [2, 6, 16])
def test_the_same_form_sent_at_once_acts_once_and_answers_the_same(times: int) -> None:
    answers = _at_once(times, lambda _index: _send("Riverside"))

    assert Store.objects.count() == 1
    assert answers == [{"store": Store.objects.get().pk}] * times


def test_without_the_lock_on_the_key_the_race_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reader must not see the row before the first has finished: this is what the lock is for."""
    meeting = threading.Barrier(2)
    monkeypatch.setattr(Command.objects, "select_for_update", lambda **_: Command.objects.all())

    def execute() -> dict[str, int]:
        meeting.wait(5)
        return {"store": Store.objects.create(code=f"T{threading.get_ident()}"[:20], name="Riverside").pk}

    _at_once(
        2,
        lambda _index: services.run_command(
            name="stores.create", key=KEY, content={"name": "x"}, actor=None, execute=execute
        ),
    )

    assert Store.objects.count() == 2


def test_the_same_key_with_other_content_is_refused_whoever_comes_first() -> None:
    answers = _at_once(6, lambda index: _send("Riverside" if index % 2 else "Hillside"))

    refused = [answer for answer in answers if isinstance(answer, services.KeyReused)]
    done = [answer for answer in answers if isinstance(answer, dict)]
    assert (len(refused), len(done)) == (3, 3)
    assert Store.objects.count() == 1


@pytest.mark.parametrize("corrected", ["Riverside", "Hillside"])
def test_a_refused_act_leaves_the_key_free_for_the_same_or_a_corrected_form(corrected: str) -> None:
    def refuse() -> dict[str, int]:
        _open_store("Riverside")
        raise DomainError("closed today")

    with pytest.raises(DomainError):
        services.run_command(name="stores.create", key=KEY, content={"name": "Riverside"}, actor=None, execute=refuse)
    assert Store.objects.count() == 0

    answer = _send(corrected)

    assert answer == {"store": Store.objects.get(name=corrected).pk}
    with pytest.raises(services.KeyReused):
        _send("Seaside")
    assert Store.objects.count() == 1


def test_a_crash_between_key_and_act_can_be_retried(now: datetime) -> None:
    """The key's row is committed before the act; a process that died then left it without a result."""
    Command.objects.create(
        name="stores.create", key=KEY, request_hash=services.request_hash({"name": "Riverside"}), created_at=now
    )

    answer = _send("Riverside")

    assert answer == {"store": Store.objects.get().pk}
    assert _send("Riverside") == answer
    assert Store.objects.count() == 1
