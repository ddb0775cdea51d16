"""The pages of the background work."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from jobs.models import Outbox, ProofResult, Run
from stores.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client_for: Callable[[Staff], Client], owner: Staff) -> Client:
    return client_for(owner)


def _run(now: datetime, **values: Any) -> Run:
    return Run.objects.create(
        **{
            "job": "jobs.tidy",
            "day": date(2026, 3, 18),
            "status": Run.Status.SUCCEEDED,
            "started_at": now,
            "ended_at": now + timedelta(milliseconds=2500),
            "counts": {"changed": 1234},
            **values,
        }
    )


def test_the_list_shows_each_job_with_its_newest_run(page: Client, now: datetime) -> None:
    _run(now, counts={"changed": 98765})
    _run(now + timedelta(hours=1))

    text = page.get("/jobs/").content.decode()

    assert "2.5" in text
    assert "1,234" in text
    assert "98,765" not in text
    assert 'hx-trigger="every 2s"' not in text


def test_while_a_job_runs_the_table_asks_for_itself_again(page: Client, now: datetime) -> None:
    _run(now, status=Run.Status.RUNNING, ended_at=None)

    text = page.get("/jobs/", headers={"HX-Request": "true"}).content.decode()

    assert 'hx-get="/jobs/" hx-trigger="every 2s"' in text
    assert "<html" not in text


def test_run_now_queues_the_job_for_the_day(page: Client) -> None:
    answer = page.post("/jobs/jobs.tidy/runs/", {"day": "2026-3-1"})

    assert answer.status_code == 302
    row = Outbox.objects.get()
    assert row.task == "jobs.run"
    assert (row.arguments["name"], row.arguments["day"]) == ("jobs.tidy", "2026-03-01")
    assert "every 2s" in page.get("/jobs/").content.decode()


@pytest.mark.parametrize(("path", "data", "status"), [("no.such", {}, 404), ("jobs.tidy", {"day": "soon"}, 302)])
def test_nonsense_queues_nothing(page: Client, path: str, data: dict[str, str], status: int) -> None:
    answer = page.post(f"/jobs/{path}/runs/", data)

    assert answer.status_code == status
    assert Outbox.objects.count() == 0


def test_a_get_starts_nothing(page: Client) -> None:
    assert page.get("/jobs/jobs.tidy/runs/").status_code == 405
    assert Outbox.objects.count() == 0


def test_runs_are_filtered_and_link_to_their_error(page: Client, now: datetime) -> None:
    _run(now)
    failed = _run(now, status=Run.Status.FAILED, error="RuntimeError: disk full")

    text = page.get("/jobs/runs/?status=failed").content.decode()
    detail = page.get(f"/jobs/runs/{failed.pk}/").content.decode()

    assert f"/jobs/runs/{failed.pk}/" in text
    assert text.count("<tr>") == 2
    assert "RuntimeError: disk full" in detail
    assert 'name="day" value="2026-03-18"' in detail


def test_the_outbox_shows_what_was_given_up_and_retries_it(page: Client, now: datetime) -> None:
    row = Outbox.objects.create(task="test.note", failed_at=now, attempts=10, error="ValueError: no paper")

    text = page.get("/jobs/tasks/").content.decode()
    page.post("/jobs/tasks/retries/")

    row.refresh_from_db()
    assert "ValueError: no paper" in text
    assert (row.failed_at, row.attempts) == (None, 0)


def test_reconciliation_shows_the_newest_differences(page: Client, now: datetime, monkeypatch: Any) -> None:
    from jobs import registry

    proof = registry.Proof("test.balance", "Balances", lambda: (1, []))
    monkeypatch.setattr(registry, "_proofs", {"test.balance": proof})
    ProofResult.objects.create(
        proof="test.balance",
        checked=7,
        difference_count=1,
        differences=[{"subject": "wallet:7", "expected": "1.00", "found": "2.00"}],
        milliseconds=5,
        checked_at=now,
    )

    text = page.get("/jobs/reconciliation/").content.decode()
    tile = page.get("/jobs/state/").content.decode()

    assert "wallet:7" in text
    assert "/jobs/reconciliation/" in tile


def test_a_manager_may_not_start_jobs(client_for: Callable[[Staff], Client], manager: Staff) -> None:
    assert client_for(manager).post("/jobs/jobs.tidy/runs/").status_code == 403
    assert Outbox.objects.count() == 0


@pytest.mark.parametrize("path", ["/jobs/", "/jobs/runs/", "/jobs/tasks/", "/jobs/reconciliation/"])
def test_a_page_costs_few_statements(
    page: Client, now: datetime, path: str, django_assert_max_num_queries: Any
) -> None:
    for hour in range(30):
        _run(now + timedelta(hours=hour))
        Outbox.objects.create(task="test.note")

    with django_assert_max_num_queries(12):
        page.get(path)
