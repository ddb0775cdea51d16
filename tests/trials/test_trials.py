"""Trials of drafts: asked for, run with progress, called off, known to be out of date, shown and downloaded."""

from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from audit.models import Record
from core.workbook import Column
from jobs.models import Outbox
from stores.models import Staff
from trials import registry, selectors, services
from trials.models import Trial
from trials.registry import Description, Figure, Progress, Row, Runner, Table

CONTENT = {"demo:7": "first"}


def _describe(result: dict[str, Any]) -> Description:
    movers = [Row(("=Wang", result["amount"]), "member:7")]
    return Description(
        sentences=("Two members would move.",),
        figures=(Figure("Members moved", str(result["moved"]), "of all"),),
        tables=(
            Table("Who moves", (Column("Member"), Column("Amount", "money")), movers),
            Table("Losers", (Column("Member"),), [], nothing="Nobody loses."),
        ),
    )


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Register a kind of draft whose runs yield what the test says."""
    monkeypatch.setattr(registry, "_kinds", {})
    monkeypatch.setattr(registry, "_runners", {})
    registry.register_kind(
        registry.Kind("demo", "Demo draft", CONTENT.__getitem__, "members:member-detail", "tiers.change_tier")
    )

    def run_as(run: Callable[[Trial], Iterator[Progress]]) -> None:
        registry.register_runner("demo", Runner(run, _describe))

    run_as(lambda trial: iter([Progress(50), Progress(100, {"moved": 2, "amount": "12.50"})]))
    yield run_as
    CONTENT["demo:7"] = "first"


def _ask(now: datetime, actor: Staff | None = None, **changes: Any) -> Trial:
    draft = {"kind": "demo", "subject": "demo:7", "title": "Gold from 900", "days": 30}
    return services.ask(**{**draft, "actor": actor, "at": now, **changes})


def test_a_trial_is_queued_and_run_to_its_result(db: None, kind: Any, now: datetime) -> None:
    trial = _ask(now)
    assert [(row.task, row.arguments) for row in Outbox.objects.all()] == [("trials.run", {"trial_id": trial.pk})]

    services.run(trial_id=trial.pk, at=now)

    trial.refresh_from_db()
    assert (trial.status, trial.progress, trial.result) == ("done", 100, {"moved": 2, "amount": "12.50"})
    assert selectors.find_valid(kind="demo", subject="demo:7") == trial


def test_a_changed_draft_is_untried_again(db: None, kind: Any, now: datetime) -> None:
    trial = _ask(now)
    services.run(trial_id=trial.pk, at=now)

    CONTENT["demo:7"] = "second"

    assert selectors.find_valid(kind="demo", subject="demo:7") is None
    assert selectors.is_outdated(trial)


def test_the_same_draft_is_not_tried_twice_at_once(db: None, kind: Any, now: datetime) -> None:
    _ask(now)

    with pytest.raises(services.InvalidTrial):
        _ask(now)

    assert Trial.objects.count() == 1


@pytest.mark.parametrize("days", [0, 1101])
def test_days_have_their_bounds(db: None, kind: Any, now: datetime, days: int) -> None:
    with pytest.raises(services.InvalidTrial):
        _ask(now, days=days)
    assert Trial.objects.count() == 0


def test_a_second_delivery_does_not_run_it_again(db: None, kind: Any, now: datetime) -> None:
    trial = _ask(now)
    services.run(trial_id=trial.pk, at=now)
    kind(lambda trial: iter([Progress(100, {"moved": 99})]))

    services.run(trial_id=trial.pk, at=now)

    trial.refresh_from_db()
    assert trial.result == {"moved": 2, "amount": "12.50"}


def test_one_that_was_killed_begins_anew(db: None, kind: Any, now: datetime) -> None:
    trial = _ask(now)
    Trial.objects.update(status="running", progress=40)

    services.run(trial_id=trial.pk, at=now)

    trial.refresh_from_db()
    assert trial.status == "done"


def test_one_that_is_called_off_stops_at_its_next_step(db: None, kind: Any, now: datetime) -> None:
    steps: list[int] = []

    def run(trial: Trial) -> Iterator[Progress]:
        for percent in (10, 20, 30):
            steps.append(percent)
            if percent == 20:
                services.cancel(trial_id=trial.pk, actor=None, at=now)
            yield Progress(percent)

    kind(run)
    trial = _ask(now)

    services.run(trial_id=trial.pk, at=now)

    trial.refresh_from_db()
    assert (trial.status, steps, trial.result) == ("cancelled", [10, 20], {})


def test_what_goes_wrong_is_kept_and_raised(db: None, kind: Any, now: datetime) -> None:
    def run(trial: Trial) -> Iterator[Progress]:
        yield Progress(10)
        raise RuntimeError("no such level")

    kind(run)
    trial = _ask(now)

    with pytest.raises(RuntimeError):
        services.run(trial_id=trial.pk, at=now)

    trial.refresh_from_db()
    assert (trial.status, trial.error) == ("failed", "no such level")


def test_the_page_shows_progress_then_the_result(kind: Any, owner: Staff, client: Client, now: datetime) -> None:
    client.force_login(owner)
    trial = _ask(now, owner)
    waiting = client.get(f"/trials/{trial.pk}/", headers={"accept-language": "en"}).content.decode()
    assert 'hx-trigger="load delay:1s"' in waiting

    services.run(trial_id=trial.pk, at=now)
    done = client.get(f"/trials/{trial.pk}/", headers={"accept-language": "en"}).content.decode()

    assert "hx-trigger" not in done.split('id="trial"')[1].split(">")[0]
    for text in ("Two members would move.", "Members moved", "=Wang", "¥12.50", "Nobody loses.", "/members/7/"):
        assert text in done
    assert f"/trials/{trial.pk}/" in client.get("/trials/?kind=demo&status=done").content.decode()
    assert f"/trials/{trial.pk}/" not in client.get("/trials/?status=failed").content.decode()


def test_the_download_has_a_sheet_per_table_and_no_formula(
    kind: Any, owner: Staff, client: Client, now: datetime
) -> None:
    client.force_login(owner)
    trial = _ask(now, owner)
    assert client.post(f"/trials/{trial.pk}/export/").status_code == 404
    services.run(trial_id=trial.pk, at=now)

    answer = client.post(f"/trials/{trial.pk}/export/")

    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]  # a FileResponse
    assert book.sheetnames[:2] == ["Who moves", "Losers"]
    assert (book["Who moves"]["A2"].value, book["Who moves"]["A2"].data_type) == ("=Wang", "s")
    assert Record.objects.filter(action="trial.exported").count() == 1


def test_who_may_not_change_the_draft_does_not_see_its_trials(
    kind: Any, manager: Staff, client: Client, now: datetime
) -> None:
    trial = _ask(now)
    client.force_login(manager)

    assert client.get(f"/trials/{trial.pk}/").status_code in {403, 404}


def test_a_trial_is_called_off_from_its_page(kind: Any, owner: Staff, client: Client, now: datetime) -> None:
    client.force_login(owner)
    trial = _ask(now, owner)

    client.post(f"/trials/{trial.pk}/cancellation/")

    trial.refresh_from_db()
    assert trial.status == "cancelled"
    services.run(trial_id=trial.pk, at=now)
    trial.refresh_from_db()
    assert trial.status == "cancelled"
