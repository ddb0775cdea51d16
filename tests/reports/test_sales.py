"""The sales report: on screen, in .xlsx, by stores that may be seen, and never writing."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from audit.models import Record
from reports.database import read_only
from reports.periods import PRESETS, Period, preset
from reports.selectors import SalesFilter, SalesReport, allowed_stores, sales_report
from stores.models import Staff, Store
from tests.factories.shop import Shop
from tests.factories.till import allow

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def _report(*stores: Store, period: Period = MARCH) -> SalesReport:
    return sales_report(SalesFilter(period, tuple(store.pk for store in stores)))


def test_a_refund_counts_on_its_own_day_and_the_day_of_the_sale_stays(
    traded: Shop, other_store: Store, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(11):
        report = _report(traded.store, other_store)

    days = dict(report.by_day)
    sold, back = days[date(2026, 3, 18)], days[date(2026, 3, 19)]
    assert (sold.orders, sold.sales, sold.refunds, sold.net) == (
        2,
        Decimal("159.50"),
        Decimal("0.00"),
        Decimal("159.50"),
    )
    assert (back.orders, back.refund_count, back.refunds, back.net) == (0, 1, Decimal("99.60"), Decimal("-99.60"))
    assert (back.ticket, back.member_share) == (None, Decimal(0))
    assert (report.total.net, report.total.member_share) == (Decimal("59.90"), Decimal(1))
    assert report.total.ticket == Decimal("79.75")
    assert days[date(2026, 3, 1)].ticket is None


def test_tenders_and_recharges_add_up_apart(traded: Shop) -> None:
    report = _report(traded.store)

    assert [(row.kind, row.sales, row.refunds) for row in report.by_tender] == [
        ("cash", Decimal("59.90"), Decimal("0.00")),
        ("wechat", Decimal("99.60"), Decimal("99.60")),
    ]
    assert sum(row.net for row in report.by_tender) == report.total.net
    assert [(row.kind, row.sales) for row in report.recharges] == [("alipay", Decimal("200.00"))]
    assert report.recharge_total.net == Decimal("200.00")


def test_stores_that_are_not_seen_are_not_counted(traded: Shop, other_store: Store, cashier: Staff) -> None:
    assert allowed_stores(cashier) == [traded.store]
    assert _report(other_store).total.orders == 0
    assert [(store.code, row.orders) for store, row in _report(traded.store, other_store).by_store] == [
        ("S01", 2),
        ("S02", 0),
    ]


def test_a_report_cannot_write(store: Store) -> None:
    with pytest.raises(DatabaseError, match="read-only"), read_only():
        store.save()


@pytest.mark.django_db(transaction=True)
def test_a_report_sees_one_snapshot() -> None:
    with read_only(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        isolation = cursor.fetchone()
        cursor.execute("SHOW transaction_read_only")
        assert (isolation, cursor.fetchone()) == (("repeatable read",), ("on",))


@pytest.fixture
def reader(cashier: Staff) -> Staff:
    allow(cashier, "reports.view_sales", "reports.export_sales")
    return cashier


def _url(name: str) -> str:
    return reverse(name) + "?period=custom&first=2026-3-1&last=2026-3-31"


def test_the_page_shows_what_the_download_holds(traded: Shop, reader: Staff, client_for: Any) -> None:
    client = client_for(reader)
    client.cookies["django_language"] = "en"

    page = client.get(_url("reports:sales"))
    download = client.post(_url("reports:sales-export"))

    shown = page.context["report"]
    book = load_workbook(BytesIO(b"".join(download.streaming_content)))
    assert book.sheetnames == ["By day", "By store", "By tender", "Recharges", "Definitions"]
    rows = list(book["By day"].iter_rows(values_only=True))
    header, total = rows[0], rows[-1]
    assert len(rows) == 31 + 2
    assert book["By day"].freeze_panes == "A2"
    by_name = dict(zip(header, total, strict=True))
    assert by_name["Orders"] == shown.total.orders == 2
    assert Decimal(str(by_name["Net sales"])) == shown.total.net == Decimal("59.90")
    assert Decimal(str(book["By tender"].cell(book["By tender"].max_row, 4).value)) == shown.total.net
    notes = {row[0]: row[1] for row in book["Definitions"].iter_rows(values_only=True)}
    assert notes["Period"] == "2026-03-01 – 2026-03-31"
    assert notes["Stores"] == "S01 People's Square"
    assert "Net sales" in notes
    record = Record.objects.get(action="report.exported")
    assert (record.actor, record.data["rows"], record.data["stores"]) == (reader, 35, ["S01"])


def test_the_page_answers_whole_or_as_fragment_and_keeps_bad_days_in_the_form(reader: Staff, client_for: Any) -> None:
    client = client_for(reader)

    whole = client.get(reverse("reports:sales"))
    part = client.get(reverse("reports:sales"), headers={"hx-request": "true"})
    wrong = client.get(reverse("reports:sales") + "?period=custom&first=2026-3-2&last=2026-3-1")

    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert "HX-Request" in whole["Vary"]
    assert wrong.status_code == 422
    assert set(wrong.context["form"].errors) == {"last"}


def test_another_store_cannot_be_asked_for(traded: Shop, other_store: Store, reader: Staff, client_for: Any) -> None:
    page = client_for(reader).get(_url("reports:sales") + "&store=S02")

    assert page.status_code == 422
    assert b"Riverside" not in page.content


def test_the_rights_are_asked_for(cashier: Staff, client_for: Any) -> None:
    client = client_for(cashier)

    assert client.get(reverse("reports:sales")).status_code == 403
    assert client.post(reverse("reports:sales-export")).status_code == 403
    assert client.get(reverse("reports:today-tile")).status_code == 403


def test_the_tiles_of_the_home_page_are_fragments(traded: Shop, reader: Staff, client_for: Any) -> None:
    client = client_for(reader)

    for name in ("reports:today-tile", "reports:trend-tile"):
        answer = client.get(reverse(name))
        assert answer.status_code == 200
        assert b"<html" not in answer.content


def test_the_command_writes_the_same_file(traded: Shop, tmp_path: Path) -> None:
    path, out = tmp_path / "sales.xlsx", StringIO()
    days = ["--from", "2026-03-01", "--to", "2026-03-31", "--store", "S01"]

    call_command("export", "sales", *days, "-o", str(path), stdout=out)

    rows = list(load_workbook(path)["By day"].iter_rows(values_only=True))
    assert rows[-1][1] == 2
    assert out.getvalue() == f"{path}: 35 rows\n"
    with pytest.raises(CommandError, match="no such store: S09"):
        call_command("export", "sales", *days, "--store", "S09", "-o", str(path))


@pytest.mark.parametrize("name", PRESETS)
def test_a_named_period_has_its_first_day_first(name: str) -> None:
    period = preset(name, date(2026, 3, 1))

    assert period.first <= period.last
    assert period.before.length == period.length
    assert (period.first - period.before.last).days == 1


def test_last_month_of_march_is_february() -> None:
    assert preset("last_month", date(2026, 3, 31)) == Period(date(2026, 2, 1), date(2026, 2, 28))
    assert preset("last_7", date(2026, 3, 18)) == Period(date(2026, 3, 11), date(2026, 3, 17))


def test_the_moment_of_a_report_is_that_of_its_file(traded: Shop, now: datetime, tmp_path: Path) -> None:
    from reports.services import export_sales

    path = tmp_path / "x.xlsx"
    with path.open("wb") as target:
        export_sales(target, period=MARCH, stores=[traded.store], actor=None, at=now)

    notes = {row[0]: row[1] for row in load_workbook(path)["Definitions"].iter_rows(values_only=True)}
    assert notes["Generated at"] == "2026-03-18 12:00:00 +0800"
