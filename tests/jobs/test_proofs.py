"""Reconciliation: what is stored, printed and returned."""

import json
from collections.abc import Callable
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.utils import InternalError

from jobs import registry, selectors, services
from jobs.models import ProofResult
from jobs.registry import Difference, Proof

Differences = list[Difference]


@pytest.fixture
def add_proof(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int, Differences], None]:
    monkeypatch.setattr(registry, "_proofs", {})

    def add(name: str, checked: int, differences: Differences) -> None:
        registry.register_proof(Proof(name, name, lambda: (checked, differences)))

    return add


WRONG = Difference("wallet:7", "100.00", "99.00")


@pytest.mark.django_db
def test_reconcile_prints_what_differs_and_exits_with_1(
    add_proof: Callable[[str, int, Differences], None],
) -> None:
    add_proof("test.good", 12, [])
    add_proof("test.bad", 3, [WRONG])
    out = StringIO()

    with pytest.raises(SystemExit) as exit_info:
        call_command("reconcile", stdout=out)

    lines = out.getvalue().splitlines()
    assert exit_info.value.code == 1
    assert lines[0].startswith("test.good: 12 checked, agree")
    assert lines[1].startswith("test.bad: 3 checked, 1 differ")
    assert lines[2] == "  wallet:7: expected 100.00, found 99.00"
    assert lines[3] == "1 differences"


@pytest.mark.django_db
def test_reconcile_json_is_one_line(add_proof: Callable[[str, int, Differences], None]) -> None:
    add_proof("test.bad", 3, [WRONG])
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("reconcile", "--json", stdout=out)

    answer = json.loads(out.getvalue())
    assert out.getvalue().count("\n") == 1
    assert answer["ok"] is False
    assert answer["checked"] == {"test.bad": 3}
    assert answer["differences"] == [
        {"proof": "test.bad", "subject": "wallet:7", "expected": "100.00", "found": "99.00"}
    ]


@pytest.mark.django_db
def test_when_all_agrees_reconcile_ends_quietly(add_proof: Callable[[str, int, Differences], None]) -> None:
    add_proof("test.good", 12, [])
    out = StringIO()

    call_command("reconcile", "--json", stdout=out)

    assert json.loads(out.getvalue())["ok"] is True


@pytest.mark.django_db
def test_the_nightly_job_keeps_the_newest_result_of_each_proof(
    add_proof: Callable[[str, int, Differences], None], now: datetime
) -> None:
    add_proof("test.bad", 3, [WRONG])

    run = services.run_job(name="jobs.reconcile", day=now.date(), actor=None, at=now)

    (result,) = selectors.list_latest_proofs()
    assert run.counts == {"changed": 0, "proofs": 1, "checked": 3, "differences": 1}
    assert (result.proof, result.checked, result.difference_count) == ("test.bad", 3, 1)
    assert result.differences == [{"subject": "wallet:7", "expected": "100.00", "found": "99.00"}]
    assert selectors.count_differences() == 1


@pytest.mark.django_db(transaction=True)
def test_a_proof_cannot_write(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    def writes() -> tuple[int, Differences]:
        ProofResult.objects.create(proof="x", checked=1, difference_count=0, milliseconds=0, checked_at=now)
        return 1, []

    monkeypatch.setattr(registry, "_proofs", {"x": Proof("x", "x", writes)})

    with pytest.raises(InternalError, match="read-only transaction"):
        services.prove(at=now)

    assert ProofResult.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_all_proofs_see_one_snapshot(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    seen: list[str] = []

    def look() -> tuple[int, Differences]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation'), pg_current_snapshot()::text")
            seen.append(" ".join(cursor.fetchone()))
        return 1, []

    monkeypatch.setattr(registry, "_proofs", {name: Proof(name, name, look) for name in ("a", "b")})

    services.prove(at=now)

    assert len(seen) == 2
    assert len(set(seen)) == 1
    assert seen[0].startswith("repeatable read ")
