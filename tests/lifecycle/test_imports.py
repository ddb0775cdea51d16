"""Members, products and orders from files: errors by row and column, all or nothing, and once only."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from audit.models import Record
from catalog.models import Barcode, Category, Product
from checkout.models import Adjustment, Allocation, Order, OrderLine, Payment, PaymentAllocation
from core.files import UnreadableFile
from jobs.registry import all_proofs
from lifecycle.services.reading import Problem
from members.models import Member
from members.selectors import find_members, get_phone
from stores.models import Store
from tests.factories.imports import Import, Write, sold
from tiers.models import ProgressEntry

MEMBER_HEADER = ["external_id", "姓名", "手机号", "性别", "生日", "门店", "注册日期"]
ORDER_HEADER = ["order_id", "store", "member", "sold_at", "sku", "quantity", "list_amount", "coupon", "net"]


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def test_members_come_in_with_sealed_phone_lunar_birthday_and_store(
    write: Write, bring_in: Import, other_store: Store
) -> None:
    path = write(
        MEMBER_HEADER,
        ["A1", "王小明", "138 0013 8000", "男", "农历八月十五", "S02", "2025-3-1"],
        ["A2", "Anna", "", "f", "1990/4/8", "", ""],
    )

    report = bring_in("members", path)

    assert (report.counts["rows"], report.counts["new"], report.errors) == (2, 2, [])
    member = Member.objects.get(external_source="test", external_id="A1")
    assert get_phone(member) == "+8613800138000"
    assert (member.birth_calendar, member.birth_month, member.birth_day) == ("lunar", 8, 15)
    assert member.store == other_store
    assert member.registered_at == datetime(2025, 2, 28, 16, tzinfo=UTC)
    assert [found.pk for found in find_members("wxm")] == [member.pk]
    assert Record.objects.get(action="import.finished").data["counts"]["new"] == 2


def test_the_same_member_file_twice_creates_nothing(write: Write, bring_in: Import) -> None:
    path = write(
        MEMBER_HEADER, ["A1", "王小明", "13800138000", "", "", "", ""], ["", "李", "13900139000", "", "", "", ""]
    )
    bring_in("members", path)

    again = bring_in("members", path)

    assert (again.counts["new"], again.counts["existing"], again.errors) == (0, 2, [])
    assert Member.objects.count() == 2


def test_every_bad_cell_is_named_by_row_and_column_and_nothing_is_written(write: Write, bring_in: Import) -> None:
    bring_in("members", write(MEMBER_HEADER, ["OLD", "Old", "13800138000", "", "", "", ""]))
    path = write(
        MEMBER_HEADER,
        ["B1", "Good", "13700137000", "", "", "", ""],
        ["B2", "A", "1.38E+10", "", "", "", ""],
        ["B3", "B", "123", "", "", "", ""],
        ["B4", "C", "13700137000", "", "", "", ""],
        ["B5", "D", "138-0013-8000", "", "", "", ""],
        ["B1", "E", "", "", "", "", ""],
        ["B6", "F", "", "x", "2026-2-30", "", ""],
        ["B7", "G", "", "", "", "S99", ""],
        ["", "H", "", "", "", "", ""],
        ["B8", "I", "", "", "2030-1-1", "", ""],
    )

    report = bring_in("members", path)

    assert [(problem.row, problem.column) for problem in sorted(report.errors, key=lambda p: (p.row, p.column))] == [
        (3, "phone"),
        (4, "phone"),
        (5, "phone"),
        (6, "phone"),
        (7, "external_id"),
        (8, "birthday"),
        (8, "gender"),
        (9, "store"),
        (10, "external_id"),
        (11, "birthday"),
    ]
    messages = {(problem.row, problem.column): problem.message for problem in report.errors}
    assert "1.38E+10" in messages[3, "phone"]
    assert messages[5, "phone"] == "Row 2 has the same phone."
    assert messages[6, "phone"] == "Another member already has this phone number."
    assert Member.objects.count() == 1


def test_good_rows_alone_are_imported_only_when_asked(write: Write, bring_in: Import) -> None:
    path = write(MEMBER_HEADER, ["C1", "Good", "13700137000", "", "", "", ""], ["C2", "Bad", "12", "", "", "", ""])

    report = bring_in("members", path, skips_bad_rows=True)

    assert (report.counts["new"], report.counts["rejected"]) == (1, 1)
    assert list(Member.objects.values_list("external_id", flat=True)) == ["C1"]


def test_a_check_writes_nothing(write: Write, bring_in: Import) -> None:
    report = bring_in("members", write(MEMBER_HEADER, ["D1", "X", "", "", "", "", ""]), writes=False)

    assert report.counts["new"] == 1
    assert not Member.objects.exists()
    assert not Record.objects.filter(action="import.finished").exists()


def test_excel_numbers_dates_and_gbk_text_read_the_same(write: Write, bring_in: Import) -> None:
    excel = write(MEMBER_HEADER, ["E1", "王五", 13800138000, "女", date(1990, 4, 8), "", 45717], name="members.xlsx")
    gbk = write(MEMBER_HEADER, ["E2", "赵六", "13900139000", "男", "", "", ""], encoding="gb18030")

    assert bring_in("members", excel).errors == []
    assert bring_in("members", gbk).errors == []
    first, second = Member.objects.order_by("external_id")
    assert (get_phone(first), first.birth_year, first.birth_day) == ("+8613800138000", 1990, 8)
    assert first.registered_at == datetime(2025, 2, 28, 16, tzinfo=UTC)
    assert second.name == "赵六"


def test_control_totals_must_match(write: Write, bring_in: Import) -> None:
    report = bring_in("members", write(MEMBER_HEADER, ["F1", "X", "", "", "", "", ""]), expected_rows=2)

    assert report.errors == [Problem(0, "", "The file has 1 rows, expected were 2.")]
    assert not Member.objects.exists()


def test_products_come_in_with_categories_bar_codes_and_prices(write: Write, bring_in: Import) -> None:
    header = ["货号", "品名", "条码", "分类", "品牌", "售价", "会员价", "进价", "称重"]
    path = write(
        header,
        ["R1", "五常大米 5kg", "6901234567892;6901234567893", "食品/粮油", "五常", "59.90", "57.9", "41.2", "否"],
        ["R2", "苹果", "", "食品/水果", "", "11.96", "", "", "是"],
    )

    report = bring_in("products", path)

    assert (report.counts["new"], report.errors) == (2, [])
    rice = Product.objects.get(sku="R1")
    assert (rice.list_price, rice.member_price, rice.cost) == (Decimal("59.90"), Decimal("57.90"), Decimal("41.2000"))
    assert rice.category is not None
    assert (rice.category.name, str(rice.category.parent)) == ("粮油", "食品")
    assert sorted(Barcode.objects.values_list("code", flat=True)) == ["6901234567892", "6901234567893"]
    assert Product.objects.get(sku="R2").is_weighed
    assert bring_in("products", path).counts["existing"] == 2
    assert (Product.objects.count(), Category.objects.count()) == (2, 3)


def test_bad_products_are_named_and_nothing_is_written(write: Write, bring_in: Import, rice: Product) -> None:
    path = write(
        ["sku", "name", "barcodes", "list_price"],
        ["N1", "", "", "1"],
        ["N2", "A", "6901234567892", "1"],
        ["N3", "B", "", "-1"],
        ["N4", "C", "111", "1"],
        ["N5", "D", "111", "1"],
        ["N4", "E", "", "1"],
    )

    report = bring_in("products", path)

    assert sorted((problem.row, problem.column) for problem in report.errors) == [
        (2, "name"),
        (3, "barcodes"),
        (4, "list_price"),
        (6, "barcodes"),
        (7, "sku"),
    ]
    assert list(Product.objects.values_list("sku", flat=True)) == ["RICE5"]
    assert not Category.objects.exists()


@pytest.fixture
def orders(write: Write, bring_in: Import, rice: Product, milk: Product) -> Path:
    bring_in("members", write(MEMBER_HEADER, ["M1", "王小明", "13800138000", "", "", "", ""]))
    return write(
        ORDER_HEADER,
        ["O1", "S01", "M1", "2026-3-1 23:30", "RICE5", "1", "59.90", "", "55.00"],
        ["O1", "S01", "M1", "2026-3-1 23:30", "MILK12", "3", "100.00", "2.50", "90.00"],
        ["O2", "S01", "", "2026-3-2 10:00", "MILK12", "0", "1.00", "", "0"],
        name="orders.csv",
    )


def test_orders_keep_the_amounts_of_the_file_to_the_fen(orders: Path, bring_in: Import) -> None:
    report = bring_in("orders", orders)

    assert report.errors == []
    assert {name: report.counts[name] for name in ("orders", "lines", "quantity", "list", "discount", "net")} == {
        "orders": 2,
        "lines": 3,
        "quantity": "4.000",
        "list": "160.90",
        "discount": "15.90",
        "net": "145.00",
    }
    assert sold() == (2, 3, Decimal("160.90"), Decimal("145.00"))
    order = Order.objects.get(external_id="O1")
    member = Member.objects.get()
    assert (order.channel, order.member_id, order.business_on) == ("import", member.pk, date(2026, 3, 1))
    assert order.occurred_at == datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    assert (order.list_total, order.payable, order.piece_count) == (Decimal("159.90"), Decimal("145.00"), Decimal(4))
    assert (order.points_earned, order.points_used) == (0, 0)
    first, second = OrderLine.objects.filter(order=order).order_by("position")
    assert (first.position, first.list_amount, first.net) == (0, Decimal("59.90"), Decimal("55.00"))
    assert (second.list_price, second.list_amount, second.net) == (
        Decimal("33.33"),
        Decimal("100.00"),
        Decimal("90.00"),
    )


def test_reductions_and_payments_of_imported_orders_are_split_exactly(orders: Path, bring_in: Import) -> None:
    bring_in("orders", orders)

    order = Order.objects.get(external_id="O1")
    cuts = Adjustment.objects.filter(order=order).order_by("layer")
    assert [(cut.layer, cut.source, cut.amount) for cut in cuts] == [
        (1, "import", Decimal("12.40")),
        (5, "import:coupon", Decimal("2.50")),
    ]
    assert [part.amount for part in Allocation.objects.filter(adjustment__order=order).order_by("amount")] == [
        Decimal("2.50"),
        Decimal("4.90"),
        Decimal("7.50"),
    ]
    payment = Payment.objects.get(order=order)
    assert (payment.kind, payment.amount) == ("other", Decimal("145.00"))
    shares = PaymentAllocation.objects.filter(payment=payment).order_by("id")
    assert [share.amount for share in shares] == [Decimal("55.00"), Decimal("90.00")]
    assert not Payment.objects.filter(order__external_id="O2").exists()


def test_imported_orders_give_progress_but_no_points_and_every_proof_holds(orders: Path, bring_in: Import) -> None:
    bring_in("orders", orders)

    entries = ProgressEntry.objects.order_by("metric").values_list("metric", "amount", "business_on")
    assert list(entries) == [
        ("orders", Decimal("1.00"), date(2026, 3, 1)),
        ("spend", Decimal("145.00"), date(2026, 3, 1)),
    ]
    assert {name: proof.check()[1] for name, proof in all_proofs().items()} == {name: [] for name in all_proofs()}


def test_the_same_orders_twice_are_sold_once_and_a_changed_one_is_refused(
    orders: Path, bring_in: Import, write: Write
) -> None:
    bring_in("orders", orders)
    before = sold()

    again = bring_in("orders", orders)
    changed = bring_in(
        "orders", write(ORDER_HEADER, ["O2", "S01", "", "2026-3-2 10:00", "MILK12", "1", "9.00", "", "9.00"])
    )

    assert (again.counts["orders"], again.counts["existing_orders"], again.counts["existing_lines"]) == (0, 2, 3)
    assert changed.errors == [Problem(2, "order_id", "This order was imported before with another amount.")]
    assert sold() == before


def test_bad_order_rows_take_their_whole_order_out_and_totals_still_add_up(
    orders: Path, bring_in: Import, write: Write
) -> None:
    path = write(
        ORDER_HEADER,
        ["P1", "S01", "", "2026-3-1", "RICE5", "1", "59.90", "", "59.90"],
        ["P2", "S01", "", "2026-3-1", "RICE5", "1", "59.90", "", "59.90"],
        ["P2", "S01", "", "2026-3-1", "NOPE", "1", "10.00", "", "10.00"],
        ["P3", "S01", "NOBODY", "2026-3-1", "RICE5", "1", "59.90", "", "59.90"],
        ["P4", "S77", "", "2026-3-1", "RICE5", "1", "59.90", "", "59.90"],
        ["P5", "S01", "", "2026-3-1", "RICE5", "0", "0", "", "0"],
        ["P6", "S01", "", "2026-3-1", "RICE5", "1", "59.90", "", "60.00"],
        ["P7", "S01", "", "2026-3-1", "RICE5", "1", "59.90", "", "59.90"],
        ["P7", "S01", "", "2026-3-2", "RICE5", "1", "59.90", "", "59.90"],
        ["P8", "S01", "", "2030-3-1", "RICE5", "1", "59.90", "", "59.90"],
    )

    refused = bring_in("orders", path)
    assert sold()[0] == 0
    skipped = bring_in("orders", path, skips_bad_rows=True)

    assert sorted((problem.row, problem.column) for problem in refused.errors) == [
        (4, "sku"),
        (5, "member"),
        (6, "store"),
        (7, "quantity"),
        (8, "net"),
        (9, "sold_at"),
        (11, "sold_at"),
    ]
    assert sold() == (1, 1, Decimal("59.90"), Decimal("59.90"))
    assert (skipped.counts["lines"], skipped.counts["rejected_lines"]) == (1, 8)
    assert Decimal(skipped.counts["net"]) + Decimal(skipped.counts["rejected_net"]) == Decimal("429.30")


def test_a_phone_finds_the_member_of_an_order(orders: Path, bring_in: Import, write: Write) -> None:
    header = ["order_id", "store", "phone", "sold_at", "sku", "quantity", "net", "tender"]
    path = write(header, ["T1", "S01", "138 0013 8000", "2026-3-1", "RICE5", "2", "100", "微信"])

    assert bring_in("orders", path).errors == []
    order = Order.objects.get(external_id="T1")
    assert order.member == Member.objects.get()
    assert Payment.objects.get(order=order).kind == "wechat"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0rest", "old or protected"),
        (b"PK\x03\x04broken", "damaged"),
        (b"a,b\n1,\x00\n", "not a text file"),
        (b"\n\n", "first row"),
        (b"name,name\nx,y\n", "twice"),
        (b"sku,name\nx,y\n", "missing"),
        (b'sku,name,list_price\n"x,y', "quotation mark"),
        (b"\xff\xfe\xff\xff\x00", "not a text file"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_words(
    tmp_path: Path, bring_in: Import, content: bytes, words: str
) -> None:
    path = tmp_path / "file.xlsx"
    path.write_bytes(content)

    with pytest.raises(UnreadableFile) as refusal:
        bring_in("products", path)

    assert words in str(refusal.value)
