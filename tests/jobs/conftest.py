"""Jobs and tasks that exist only in these tests."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

import pytest
from celery import current_app

from config.celery import app as celery_app
from jobs import registry
from jobs.registry import Counts, Job


@pytest.fixture
def add_job(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Job]:
    """Register a job for one test; without arguments it writes 2 and then 3 rows."""
    monkeypatch.setattr(registry, "_jobs", {})

    def two_chunks(day: date, at: datetime) -> Iterator[Counts]:
        yield {"changed": 2}
        yield {"changed": 3, "skipped": 1}

    def add(name: str = "test.job", run: Any = two_chunks, starts_at: time = time(1, 0)) -> Job:
        job = Job(name, name, "", run, starts_at)
        registry.register_job(job)
        return job

    return add


@pytest.fixture
def add_task(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a plain function into Celery's registry for one test."""
    celery_app.loader.import_default_modules()

    def add(name: str, function: Callable[..., None]) -> None:
        monkeypatch.setitem(current_app.tasks, name, function)

    return add
