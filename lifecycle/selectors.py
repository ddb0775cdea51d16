"""Reads of imports and what their pages show."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from lifecycle.models import ImportRun


def list_runs() -> QuerySet[ImportRun]:
    """All imports with the person who started them."""
    return ImportRun.objects.select_related("actor", "store")


def get_run(pk: int) -> ImportRun:
    """One import; ImportRun.DoesNotExist."""
    return list_runs().get(pk=pk)


def problems_by_row(run: ImportRun) -> dict[int, str]:
    """The kept problems of each row as one text."""
    found: dict[int, list[str]] = {}
    for row, column, message in run.errors:
        found.setdefault(row, []).append(f"{column}: {message}" if column else message)
    return {row: "; ".join(texts) for row, texts in found.items()}


def rows_with_problems(rows: Iterator[tuple[int, list[str]]], run: ImportRun, width: int) -> Iterator[list[Any]]:
    """The bad rows of the file as they are, each with its number and what is wrong with it."""
    problems = problems_by_row(run)
    last = max(problems, default=0)
    for number, cells in rows:
        if number > last:
            return
        if number in problems:
            padded = [*cells[:width], *[""] * (width - len(cells))]
            yield [number, problems[number], *padded]
