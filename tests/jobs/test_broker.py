"""A broker that refuses, never answers or comes back: the caller loses half a second at most."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from jobs import broker


@pytest.fixture
def celery_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(broker, "_resting_until", 0.0)
    apps: list[Celery] = []

    def build(port: int) -> Celery:
        app = Celery("test", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
        monkeypatch.setattr(broker, "current_app", app)
        apps.append(app)
        return app

    yield build
    for app in apps:
        app.close()


def test_a_broker_that_refuses_costs_no_time(celery_for: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    celery_for(port)
    started = time.monotonic()

    taken = broker.wake("jobs.deliver", outbox_id=1)

    assert taken is False
    assert time.monotonic() - started < 0.5


def test_a_broker_that_never_answers_costs_less_than_a_second_and_then_nothing(celery_for: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        celery_for(silent.getsockname()[1])
        started = time.monotonic()
        first = broker.wake("jobs.deliver", outbox_id=1)
        after_first = time.monotonic()
        others = [broker.wake("jobs.deliver", outbox_id=1) for _ in range(100)]
        ended = time.monotonic()

    assert first is False
    assert after_first - started < 1.0
    assert others == [False] * 100
    assert ended - after_first < 0.05


def test_after_a_failure_nothing_is_tried_for_some_seconds(celery_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def refuse(*_: object, **__: object) -> None:
        tries.append("try")
        raise ConnectionRefusedError

    app = celery_for(1)
    monkeypatch.setattr(app, "send_task", refuse)

    answers = [broker.wake("jobs.deliver", outbox_id=1) for _ in range(5)]
    monkeypatch.setattr(broker, "_resting_until", 0.0)
    broker.wake("jobs.deliver", outbox_id=1)

    assert answers == [False] * 5
    assert tries == ["try", "try"]


def test_without_a_broker_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Celery("test", broker="memory://", set_as_current=False)
    monkeypatch.setattr(broker, "current_app", app)
    monkeypatch.setattr(app, "send_task", pytest.fail)

    assert broker.wake("jobs.deliver", outbox_id=1) is False
