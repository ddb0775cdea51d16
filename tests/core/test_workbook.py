"""Downloads as Excel files: typed, complete, and never a formula."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.utils.translation import override
from openpyxl import load_workbook

from core.workbook import Column, TooManyRows, limited, workbook_response, write_workbook

COLUMNS = [
    Column("Name", width=20, definition="What people call it"),
    Column("Amount", "money", is_summed=True),
    Column("Pieces", "integer", is_summed=True),
    Column("Day", "date"),
    Column("At", "time"),
]
ROWS = [
    ("=1+1", Decimal("1234.50"), 3, date(2026, 3, 18), datetime(2026, 3, 18, 16, 30, tzinfo=UTC)),
    ("茶", Decimal("-0.10"), None, None, None),
]


def written(rows=ROWS, **options):
    target = BytesIO()
    with override("en"):
        write_workbook(target, title="Sales: all/2026", columns=COLUMNS, rows=rows, **options)
    target.seek(0)
    return target


def test_cells_have_types_formats_totals_and_definitions():
    book = load_workbook(written(notes=[("Store", "S01")]))
    sheet = book.worksheets[0]

    assert [cell.value for cell in sheet[1]] == ["Name", "Amount", "Pieces", "Day", "At"]
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "n", "d", "d"]
    assert sheet["B2"].number_format == "#,##0.00"
    assert sheet["D2"].value.date() == date(2026, 3, 18)
    assert sheet["E2"].value == datetime.fromisoformat("2026-03-19T00:30")
    assert [sheet["A4"].value, str(sheet["B4"].value), sheet["C4"].value] == ["Total", "1234.4", 3]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.column_dimensions["A"].width) == ("A2", "A1:E3", 20)
    assert sheet.title == "Sales_ all_2026"
    assert [[cell.value for cell in row] for row in book.worksheets[1]] == [
        ["Store", "S01"],
        ["Name", "What people call it"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1+1", "x" * 40_000])
def test_no_text_becomes_a_formula(text):
    rows = [(text, Decimal("1.00"), 1, None, None)]
    target = written(rows)

    with ZipFile(target) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    target.seek(0)
    cell = load_workbook(target).worksheets[0]["A2"]
    assert cell.data_type == "s"
    assert len(cell.value) <= 32_767


def test_floats_are_not_written():
    with pytest.raises(TypeError):
        written([("a", 0.1, 1, None, None)])


def test_a_list_that_is_too_long_is_refused():
    assert list(limited(iter([(1,), (2,)]), limit=2)) == [(1,), (2,)]
    with pytest.raises(TooManyRows):
        list(limited(iter([(1,), (2,), (3,)]), limit=2))


@pytest.mark.django_db  # closing a response closes old connections
def test_a_download_has_a_name_in_any_script():
    response, count = workbook_response(name="会员", title="会员", columns=COLUMNS, rows=ROWS)

    assert count == 2
    assert response["Content-Disposition"] == "attachment; filename*=UTF-8''%E4%BC%9A%E5%91%98.xlsx"
    response.close()
