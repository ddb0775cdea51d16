"""Cells of import files, without a database."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lifecycle import rules
from lifecycle.rules import Birthday, LineAmounts, Unreadable, line_amounts


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-3-1", date(2026, 3, 1)),
        ("2026/03/01", date(2026, 3, 1)),
        ("2026年3月1日", date(2026, 3, 1)),
        ("２０２６-３-１", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("46082", date(2026, 3, 1)),
        ("2026-03-01 14:32", date(2026, 3, 1)),
    ],
)
def test_a_day_is_read_in_the_ways_people_write_it(text: str, day: date) -> None:
    assert rules.date_reader(False)(text) == day


def test_serial_numbers_of_a_1904_sheet_count_from_1904() -> None:
    assert rules.date_reader(True)("44620") == date(2026, 3, 1)


@pytest.mark.parametrize("text", ["2026-2-30", "31/12/2026", "yesterday", "0", "59", "2026-13-01", "2026-03-01 25:00"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        rules.date_reader(False)(text)

    assert refusal.value.code == "date"


def test_a_moment_without_time_is_noon_and_a_serial_carries_its_time() -> None:
    read = rules.moment_reader(False)

    assert read("2026-3-1").isoformat() == "2026-03-01T12:00:00"
    assert read("2026-3-1 9:05").isoformat() == "2026-03-01T09:05:00"
    assert read("46082.604166666664").isoformat() == "2026-03-01T14:30:00"


@pytest.mark.parametrize(
    ("text", "birthday"),
    [
        ("1990-4-8", Birthday("solar", 1990, 4, 8)),
        ("4-8", Birthday("solar", None, 4, 8)),
        ("2月29日", Birthday("solar", None, 2, 29)),
        ("农历八月十五", Birthday("lunar", None, 8, 15)),
        ("农历1990年闰五月初三", Birthday("lunar", 1990, 5, 3, is_leap=True)),
        ("腊月廿三", Birthday("lunar", None, 12, 23)),
        ("lunar 8-15", Birthday("lunar", None, 8, 15)),
        ("阴历1985-12-30", Birthday("lunar", 1985, 12, 30)),
    ],
)
def test_a_birthday_is_read_in_both_calendars(text: str, birthday: Birthday) -> None:
    assert rules.birthday_reader(False)(text) == birthday


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc", "number"),
        ("-1", "negative"),
        ("1.005", "places2"),
        ("1,23", "number"),
        ("1e5", "number"),
        ("", "number"),
    ],
)
def test_an_amount_that_is_none_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        rules.read_amount(text)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("text", "amount"), [("1,234.5", "1234.50"), ("¥12", "12.00"), ("１２．３０元", "12.30"), ("0", "0.00")]
)
def test_an_amount_is_read_as_typed(text: str, amount: str) -> None:
    assert rules.read_amount(text) == Decimal(amount)


def test_a_phone_in_scientific_notation_has_lost_its_digits() -> None:
    with pytest.raises(Unreadable) as refusal:
        rules.read_phone("1.38E+10")

    assert refusal.value.code == "scientific"


def _amounts(**given: str) -> LineAmounts:
    names = ("list_price", "list_amount", "discount", "coupon", "net")
    values: dict[str, Any] = {name: Decimal(given[name]) if name in given else None for name in names}
    return line_amounts(quantity=Decimal(given.get("quantity", "1")), **values)


def test_missing_amounts_follow_from_the_others() -> None:
    whole = LineAmounts(Decimal("10.00"), Decimal("1.50"), Decimal("0.50"))

    assert _amounts(list_amount="10.00", coupon="0.50", net="8.00") == whole
    assert _amounts(list_amount="10.00", discount="1.50", coupon="0.50") == whole
    assert _amounts(discount="1.50", coupon="0.50", net="8.00") == whole
    assert _amounts(list_price="3.335", quantity="3", net="9.00").list_amount == Decimal("10.01")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"list_amount": "10.00", "net": "10.01"}, "above_list"),
        ({"list_amount": "10.00", "discount": "1.00", "net": "8.99"}, "disagree"),
        ({"list_amount": "10.00", "discount": "11.00"}, "above_list"),
        ({"quantity": "2"}, "no_amount"),
    ],
)
def test_amounts_that_do_not_add_up_are_refused(given: dict[str, str], code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        _amounts(**given)

    assert refusal.value.code == code
