"""Reading the tables that people upload: .csv in UTF-8, UTF-16 or GBK, and .xlsx, row by row in constant memory.

A file is judged by its content, never by its name, and every cell arrives as the text that the sheet shows: whole
numbers without ``.0``, at most the 15 digits that a spreadsheet keeps, dates as ISO. Nothing in a file is executed,
no external entity is fetched, and a bomb is refused before it is unpacked.
"""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from core.errors import DomainError

MAX_BYTES: Final = 200 * 1024 * 1024
MAX_UNPACKED: Final = 1024 * 1024 * 1024
MAX_SHARED_TEXT: Final = 64 * 1024 * 1024
MAX_COLUMNS: Final = 60
MAX_CELL: Final = 2_000
_CHUNK: Final = 1024 * 1024
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_DOCTYPE: Final = b"<!DOCTYPE"

csv.field_size_limit(_CHUNK)


class UnreadableFile(DomainError):
    """The file as a whole cannot be read; the text says what to do about it."""


@dataclass(frozen=True)
class Table:
    """A sheet: its header and the numbered rows below it, numbered as a spreadsheet does (the header is row 1).

    ``rows`` can be read once. ``has_1904_dates``: serial numbers of days count from 1904.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    has_1904_dates: bool = False


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """The first sheet of a file. UnreadableFile also while the rows are read, where damage shows up late."""
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile(_("The file is empty."))
    if size > MAX_BYTES:
        raise UnreadableFile(_("The file is larger than %(size)s MB.") % {"size": MAX_BYTES // 1024 // 1024})
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_OLD_EXCEL):
        raise UnreadableFile(_("This is an old or protected Excel file. Save it as .xlsx without a password."))
    if head.startswith(b"PK"):
        with _open_workbook(path) as table:
            yield table
        return
    with _open_text(path) as table:
        yield table


@contextmanager
def _open_workbook(path: Path) -> Iterator[Table]:
    _check_archive(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        # openpyxl raises whatever the broken part happens to provoke (KeyError, ParseError, BadZipFile, ValueError).
        raise UnreadableFile(_("The Excel file is damaged. Open it, save it again and retry.")) from error
    try:
        if not book.worksheets:
            raise UnreadableFile(_("The Excel file has no sheet with cells."))
        sheet = book.worksheets[0]
        # A dimension written by another program may be wrong or claim 16,384 columns.
        sheet.reset_dimensions()
        rows = _guarded(enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True), start=1))
        first = next(rows, None)
        header = [] if first is None else _cells(first[1])
        yield Table(
            _checked_header(header),
            ((number, _cells(row)) for number, row in rows),
            has_1904_dates=book.epoch == CALENDAR_MAC_1904,
        )
    finally:
        book.close()


def _guarded(rows: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    try:
        yield from rows
    except Exception as error:
        raise UnreadableFile(_("The Excel file is damaged. Open it, save it again and retry.")) from error


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MAX_UNPACKED or len(parts) > 10_000:
                raise UnreadableFile(_("The Excel file unpacks to far more than a list should."))
            for part in parts:
                if part.filename.endswith("sharedStrings.xml") and part.file_size > MAX_SHARED_TEXT:
                    raise UnreadableFile(_("The Excel file holds too much text. Save it as .csv."))
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as content:
                        if _DOCTYPE in content.read(4096).upper():
                            raise UnreadableFile(_("The Excel file contains parts that no list needs."))
            if "xl/workbook.xml" not in archive.namelist():
                raise UnreadableFile(_("This is not an Excel file. Upload .xlsx or .csv."))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableFile(_("The Excel file is damaged. Open it, save it again and retry.")) from error


@contextmanager
def _open_text(path: Path) -> Iterator[Table]:
    encoding = _encoding(path)
    with path.open("r", encoding=encoding, newline="") as file:
        first_line = file.readline(_CHUNK)
        file.seek(0)
        reader = csv.reader(file, delimiter=_delimiter(first_line), strict=True)
        rows = _guarded_text(reader)
        first = next(rows, None)
        yield Table(
            _checked_header([] if first is None else _cells(first[1])),
            ((number, _cells(row)) for number, row in rows),
        )


def _guarded_text(reader: Any) -> Iterator[tuple[int, list[str]]]:
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            yield number, row
    except csv.Error as error:
        raise UnreadableFile(
            _("Row %(row)s cannot be read: a quotation mark is not closed.") % {"row": number + 1}
        ) from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} and _decodes(path, "utf-16"):
            return "utf-16"
        file.seek(0)
        if any(b"\x00" in chunk for chunk in iter(lambda: file.read(_CHUNK), b"")):
            raise UnreadableFile(_("This is not a text file. Upload .xlsx or .csv."))
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise UnreadableFile(_("The text is neither UTF-8 nor GBK. Save the file as “CSV UTF-8”."))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _delimiter(first_line: str) -> str:
    return max(",\t;", key=first_line.count)


def _checked_header(header: list[str]) -> list[str]:
    if not any(header):
        raise UnreadableFile(_("The first row must hold the names of the columns."))
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(_("More than %(count)s columns.") % {"count": MAX_COLUMNS})
    return header


def _cells(row: Any) -> list[str]:
    return [_text(value) for value in row]


def _text(value: Any) -> str:
    """What the sheet shows of a cell, trimmed and without control characters."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value[: MAX_CELL + 1]
        if text.isprintable():
            return text.strip()
        return "".join(c if c.isprintable() else " " for c in text if c != "\ufeff").strip()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    # A spreadsheet keeps 15 digits; more would show the binary fraction behind 0.1 + 0.2.
    shown = format(value, ".15g")
    return format(int(value), "d") if "e+" in shown and value == int(value) else shown


def write_csv(header: list[str], rows: Iterator[list[str]]) -> Iterator[bytes]:
    """A .csv download that spreadsheets open as UTF-8 and in which no cell is a formula (R14)."""
    yield codecs.BOM_UTF8
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in chain([header], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def harmless(cell: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula; negative numbers stay numbers."""
    if not cell or cell[0] not in "=+-@\t\r\n\0＝＋－＠":
        return cell
    if cell[0] == "-" and cell[1:].replace(".", "", 1).isdecimal():
        return cell
    return "'" + cell
