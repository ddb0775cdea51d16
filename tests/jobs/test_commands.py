"""``run_job``: what people script."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.models import Run
from jobs.registry import Counts

pytestmark = pytest.mark.django_db


def test_list_names_the_jobs_one_a_line_in_order_of_their_time(add_job: Callable[..., Any]) -> None:
    add_job("test.late", starts_at=time(5, 0))
    add_job("test.early", starts_at=time(0, 5))
    out = StringIO()

    call_command("run_job", "--list", stdout=out)

    assert out.getvalue() == "test.early\ntest.late\n"


def test_run_job_prints_counts_and_seconds(add_job: Callable[..., Any]) -> None:
    add_job()
    out = StringIO()

    call_command("run_job", "test.job", "--date", "2026-03-18", stdout=out)

    assert out.getvalue().startswith("test.job 2026-03-18: succeeded, changed 5, skipped 1, 0.0")
    assert Run.objects.get().day == date(2026, 3, 18)


def test_run_job_json_has_changed_counts_and_seconds(add_job: Callable[..., Any]) -> None:
    add_job()
    out = StringIO()

    call_command("run_job", "test.job", "--date", "2026-03-18", "--json", stdout=out)

    answer = json.loads(out.getvalue())
    seconds = answer.pop("seconds")
    assert answer == {"job": "test.job", "day": "2026-03-18", "status": "succeeded", "changed": 5, "skipped": 1}
    assert 0 <= seconds < 1


def test_a_job_that_counted_nothing_still_says_changed_0(add_job: Callable[..., Any]) -> None:
    def nothing(day: date, at: datetime) -> Iterator[Counts]:
        yield from ()

    add_job(run=nothing)
    out = StringIO()

    call_command("run_job", "test.job", "--json", stdout=out)

    assert json.loads(out.getvalue())["changed"] == 0


def test_a_failed_job_ends_the_command_with_an_error(add_job: Callable[..., Any]) -> None:
    def breaks(day: date, at: datetime) -> Iterator[Counts]:
        raise RuntimeError("disk full")
        yield {}

    add_job(run=breaks)

    with pytest.raises(CommandError, match="disk full"):
        call_command("run_job", "test.job", stdout=StringIO())


@pytest.mark.parametrize("arguments", [[], ["no.such"]])
def test_without_a_known_name_the_command_says_so(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("run_job", *arguments)

    assert Run.objects.count() == 0
