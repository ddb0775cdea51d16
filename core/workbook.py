"""Excel files that a list or report is downloaded as: typed cells, frozen header, totals and a sheet of definitions.

Rows are streamed, so memory does not grow with them. A text can never become a formula (R14): it is written as a text
cell, and one that begins like a formula also keeps Excel's "this is text" mark when somebody edits it.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, cast
from urllib.parse import quote

from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from core.days import zone
from core.errors import DomainError

ROW_LIMIT = 20_000
_CELL_LIMIT = 32_767
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_FORMATS = {
    "text": "@",
    "money": "#,##0.00",
    "integer": "#,##0",
    "quantity": "#,##0.###",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}
_BOLD = Font(bold=True)


class TooManyRows(DomainError):
    """The list is too long for a download that somebody waits for."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, what its cells are (a key of the number formats), its width and whether it is summed.

    ``definition`` goes to the sheet of definitions.
    """

    label: Any
    kind: str = "text"
    width: int = 16
    is_summed: bool = False
    definition: Any = ""


def write_workbook(
    target: IO[bytes],
    *,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    notes: Sequence[tuple[Any, Any]] = (),
) -> int:
    """Write ``rows`` to an open binary file and return how many there were.

    Amounts are given as Decimal, days as date, instants as aware datetime (shown in the installation's zone), absent
    values as None. ``notes`` (filters, who, when) and the columns' definitions become the second sheet.
    """
    book = Workbook(write_only=True)
    count = _write_sheet(book, title, columns, rows)
    _write_definitions(book, columns, notes)
    book.save(target)
    return count


@dataclass(frozen=True)
class Table:
    """One sheet of a workbook that holds several."""

    title: Any
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


def write_tables(target: IO[bytes], *, tables: Sequence[Table], notes: Sequence[tuple[Any, Any]] = ()) -> int:
    """Like :func:`write_workbook` with a sheet per table; the last sheet has the definitions of all their columns."""
    book = Workbook(write_only=True)
    count = sum(_write_sheet(book, str(table.title), table.columns, table.rows) for table in tables)
    columns = {str(column.label): column for table in tables for column in table.columns}
    _write_definitions(book, list(columns.values()), notes)
    book.save(target)
    return count


def _write_sheet(book: Any, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> int:
    sheet = book.create_sheet(_sheet_name(title))
    sheet.freeze_panes = "A2"
    for index, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    sheet.append([_text_cell(sheet, str(column.label), bold=True) for column in columns])
    try:
        count, totals = _write_rows(sheet, columns, rows)
    except BaseException:
        # openpyxl keeps the sheet in a temporary file, which nobody else would close.
        sheet.close()
        sheet._writer.cleanup()
        raise
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
    if any(column.is_summed for column in columns):
        sheet.append(_total_row(sheet, columns, totals))
    return count


def _write_rows(
    sheet: Any, columns: Sequence[Column], rows: Iterable[Sequence[Any]]
) -> tuple[int, list[Decimal | int]]:
    totals: list[Decimal | int] = [0] * len(columns)
    count = 0
    for row in rows:
        count += 1
        for index, column in enumerate(columns):
            if column.is_summed and row[index] is not None:
                totals[index] += row[index]
        sheet.append([_cell(sheet, value, column.kind) for value, column in zip(row, columns, strict=True)])
    return count, totals


def _total_row(sheet: Any, columns: Sequence[Column], totals: Sequence[Decimal | int]) -> list[Any]:
    cells = []
    for index, (column, total) in enumerate(zip(columns, totals, strict=True)):
        cell = _cell(sheet, total if column.is_summed else (_("Total") if index == 0 else None), column.kind)
        if cell is not None:
            cell.font = _BOLD
        cells.append(cell)
    return cells


def _write_definitions(book: Any, columns: Sequence[Column], notes: Sequence[tuple[Any, Any]]) -> None:
    sheet = book.create_sheet(_sheet_name(_("Definitions")))
    sheet.column_dimensions["A"].width = 28
    sheet.column_dimensions["B"].width = 80
    for name, text in notes:
        sheet.append([_text_cell(sheet, str(name), bold=True), _text_cell(sheet, str(text))])
    for column in columns:
        if column.definition:
            sheet.append([_text_cell(sheet, str(column.label), bold=True), _text_cell(sheet, str(column.definition))])


def _sheet_name(title: str) -> str:
    return "".join("_" if character in "[]:*?/\\'" else character for character in title)[:31] or "1"


def _cell(sheet: Any, value: Any, kind: str) -> Any:
    if value is None or value == "":
        return None
    if kind == "text" or isinstance(value, str):
        return _text_cell(sheet, str(value))
    if isinstance(value, datetime):
        # Excel knows no zones: the shop's wall clock is what people read.
        value = timezone.localtime(value, zone()).replace(tzinfo=None)
        if kind == "date":
            value = value.date()
    if not isinstance(value, int | Decimal | date):
        raise TypeError(f"{type(value).__name__} cannot be a cell of kind {kind}")
    cell = WriteOnlyCell(sheet, value=cast("Any", value))  # the stubs forget Decimal, which is written exactly
    cell.number_format = _FORMATS[kind]
    return cell


def _text_cell(sheet: Any, text: str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text)[:_CELL_LIMIT])
    # Set after the value, which openpyxl would read as a formula if it begins with "=".
    cell.data_type = "s"
    cell.number_format = _FORMATS["text"]
    if text.startswith(_FORMULA_STARTS):
        cell.quotePrefix = True
    if bold:
        cell.font = _BOLD
    return cell


def limited(rows: Iterator[Sequence[Any]], limit: int = ROW_LIMIT) -> Iterator[Sequence[Any]]:
    """``rows`` as long as there are no more than a waiting person should get; TooManyRows beyond."""
    for index, row in enumerate(rows):
        if index >= limit:
            raise TooManyRows(
                _("More than %(limit)s rows. Narrow the filters and download again.") % {"limit": f"{limit:,}"}
            )
        yield row


def workbook_response(
    *,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    notes: Sequence[tuple[Any, Any]] = (),
) -> tuple[FileResponse, int]:
    """The download ``<name>.xlsx`` and how many rows it holds. The file is written whole before the answer begins, so
    an error is an error page and never half a file.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    try:
        count = write_workbook(file, title=title, columns=columns, rows=rows, notes=notes)
    except BaseException:
        file.close()
        raise
    return download(file, name), count


def download(file: IO[bytes], name: str) -> FileResponse:
    """An open, written file as the download ``<name>.xlsx``; the response closes it."""
    file.seek(0)
    response = FileResponse(
        file, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_attachment=True
    )
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    response["Cache-Control"] = "private, no-store"
    return response
