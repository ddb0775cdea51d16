"""From the rows of a sheet to the values of an import's columns, with a sentence for every cell that does not fit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.files import Table, UnreadableFile, open_table
from lifecycle.rules import Column, Unreadable, header_key

ERRORS_KEPT: Final = 1_000
CHUNK: Final = 2_000

TEXTS: Final[dict[str, Any]] = {
    "missing": gettext_lazy("This is needed."),
    "scientific": gettext_lazy(
        "The spreadsheet has shortened this number (1.38E+10). Format the column as text and enter it again."
    ),
    "long": gettext_lazy("This is too long."),
    "number": gettext_lazy("This is not a number."),
    "whole": gettext_lazy("Enter a whole number."),
    "negative": gettext_lazy("This must not be negative."),
    "large": gettext_lazy("This number is too large."),
    "places2": gettext_lazy("At most 2 decimal places."),
    "places3": gettext_lazy("At most 3 decimal places."),
    "places4": gettext_lazy("At most 4 decimal places."),
    "flag": gettext_lazy("Enter yes or no."),
    "gender": gettext_lazy("Enter female, male or unknown."),
    "kind": gettext_lazy("Enter goods or service."),
    "path": gettext_lazy("At most five levels of 60 characters, separated by /."),
    "date": gettext_lazy("This is not a date. Enter it like 2026-03-01."),
    "year": gettext_lazy("Enter a year between 1900 and 2100."),
    "lunar": gettext_lazy("This is not a lunar date. Enter it like 农历八月十五."),
    "tender": gettext_lazy("Enter cash, wechat, alipay, card or other."),
    "no_amount": gettext_lazy("A list price, a list amount or the amount paid is needed."),
    "above_list": gettext_lazy("The amount paid is higher than the list amount."),
    "disagree": gettext_lazy("List amount less discounts is not the amount paid."),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell (``column`` "" for the row as a whole)."""

    row: int
    column: str
    message: str


@dataclass
class Report:
    """What a check or an import found. ``errors`` keeps the first thousand, ``error_rows`` counts all bad rows."""

    counts: dict[str, Any] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    bad_rows: set[int] = field(default_factory=set)

    def add(self, problem: Problem) -> None:
        """Note a problem; a row counts as bad once."""
        self.bad_rows.add(problem.row)
        self.reasons[problem.message] = self.reasons.get(problem.message, 0) + 1
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append(problem)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + by

    @property
    def is_clean(self) -> bool:
        """No row was bad."""
        return not self.bad_rows


Values = dict[str, Any]
Row = tuple[int, Values]


@dataclass(frozen=True)
class Sheet:
    """An opened file: which columns it has, and its rows."""

    table: Table
    positions: Mapping[str, int]
    ignored: tuple[str, ...]

    def rows(
        self, columns: Sequence[Column], report: Report, *, on_bad: Callable[[Values], None] | None = None
    ) -> Iterator[Row]:
        """The rows whose cells all read; the others go into ``report`` and to ``on_bad``. Empty rows are passed over.

        Counts ``rows`` in the report.
        """
        places = [(column, self.positions.get(column.name)) for column in columns]
        for number, cells in self.table.rows:
            if not any(cells):
                continue
            report.count("rows")
            values = _values(number, cells, places, report)
            if len(cells) > len(self.table.header) and any(cells[len(self.table.header) :]):
                report.add(Problem(number, "", _("The row has more cells than the header.")))
            if number not in report.bad_rows:
                yield number, values
            elif on_bad is not None:
                on_bad(values)


def _values(number: int, cells: list[str], places: list[tuple[Column, int | None]], report: Report) -> Values:
    values: Values = {}
    for column, place in places:
        text = cells[place] if place is not None and place < len(cells) else ""
        if not text:
            values[column.name] = column.default
            if column.is_required:
                report.add(Problem(number, column.name, str(TEXTS["missing"])))
            continue
        try:
            values[column.name] = column.read(text)
        except Unreadable as error:
            report.add(Problem(number, column.name, str(TEXTS[error.code])))
    return values


@dataclass(frozen=True)
class Given:
    """Rows that a program gives, in the place of a sheet."""

    values: Iterator[Values]

    def rows(
        self, columns: Sequence[Column], report: Report, *, on_bad: Callable[[Values], None] | None = None
    ) -> Iterator[Row]:
        """The rows with the defaults of the columns they leave out."""
        defaults = {column.name: column.default for column in columns}
        for number, values in enumerate(self.values, start=1):
            report.count("rows")
            yield number, {**defaults, **values}


@contextmanager
def open_sheet(path: Path, columns_for: Any) -> Iterator[tuple[Sheet, tuple[Column, ...]]]:
    """Open a file and find its columns; ``columns_for(has_1904_dates)`` gives those of its kind.

    UnreadableFile where a needed column is missing or one is there twice. Unknown columns are ignored and named.
    """
    with open_table(path) as table:
        columns: tuple[Column, ...] = columns_for(table.has_1904_dates)
        known = {header_key(name): column.name for column in columns for name in (column.name, *column.aliases)}
        positions: dict[str, int] = {}
        ignored = []
        for place, title in enumerate(table.header):
            name = known.get(header_key(title))
            if name is None:
                ignored.append(title)
            elif name in positions:
                raise UnreadableFile(_("The column “%(column)s” is there twice.") % {"column": title})
            else:
                positions[name] = place
        missing = [column.name for column in columns if column.is_required and column.name not in positions]
        if not positions:
            raise UnreadableFile(_("None of the columns is known. Start from the template."))
        if missing:
            raise UnreadableFile(_("The columns %(columns)s are missing.") % {"columns": ", ".join(missing)})
        yield Sheet(table, positions, tuple(title for title in ignored if title)), columns


def chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """The rows in handfuls, so that memory stays constant."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
