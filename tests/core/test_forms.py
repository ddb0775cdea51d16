"""Fields read what people type and say what is wrong."""

import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation

from core.forms import CommandForm, LenientDateField, MoneyField, PointsField, QuantityField


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.5", "1234.50"),
        ("¥20", "20.00"),
        (" 1 000 ", "1000.00"),
        ("０．５０", "0.50"),
        ("12,345,678.90", None),
        (".5", "0.50"),
        ("0", "0.00"),
        ("7.", "7.00"),
    ],
)
def test_money_reads_what_people_type(text: str, amount: str | None) -> None:
    field = MoneyField()

    if amount is None:
        with pytest.raises(ValidationError, match=r"At most 9,999,999\.99"):
            field.clean(text)
    else:
        assert field.clean(text) == Decimal(amount)
        assert str(field.clean(text)) == amount


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "such as"),
        ("NaN", "such as"),
        ("Infinity", "such as"),
        ("1e3", "such as"),
        ("1,23", "such as"),
        ("--5", "such as"),
        (".", "such as"),
        ("", "required"),
        ("1.234", "2 decimal"),
        ("-1", "At least 0"),
        ("9" * 200, "At most"),
        ("0." + "0" * 300 + "1", "2 decimal"),
        ("١٢", "such as"),
    ],
)
def test_money_refuses_nonsense_in_plain_words(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MoneyField().clean(text)


def test_money_can_be_negative_or_must_be_positive_where_the_form_says_so() -> None:
    assert MoneyField(minimum=None).clean("-5") == Decimal("-5.00")
    with pytest.raises(ValidationError, match="more than 0"):
        MoneyField(above=0).clean("0.00")


def test_an_empty_optional_amount_is_none_and_not_zero() -> None:
    assert MoneyField(required=False).clean("") is None
    assert PointsField(required=False).clean("") is None


def test_points_are_whole() -> None:
    points = PointsField().clean("1,000")

    assert points == 1000
    assert isinstance(points, int)
    with pytest.raises(ValidationError, match="whole"):
        PointsField().clean("1.5")


def test_a_quantity_has_three_places_and_is_more_than_nothing() -> None:
    assert QuantityField().clean("1.264") == Decimal("1.264")
    for text, message in (("0", "more than 0"), ("1.2345", "3 decimal"), ("100000", "At most 99,999")):
        with pytest.raises(ValidationError, match=message):
            QuantityField().clean(text)


def test_what_was_typed_stays_in_the_box() -> None:
    class Form(forms.Form):
        amount = MoneyField()

    refused = Form({"amount": "12x"})
    fresh = Form(initial={"amount": Decimal("5")})

    assert not refused.is_valid()
    assert refused["amount"].value() == "12x"
    assert fresh["amount"].value() == "5.00"
    assert 'inputmode="decimal"' in str(fresh["amount"])


@time_machine.travel("2026-03-18 04:00Z")
@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-3-1", date(2026, 3, 1)),
        ("2026/03/01", date(2026, 3, 1)),
        ("2026年3月1日", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("3/1", date(2026, 3, 1)),
        ("12-31", date(2026, 12, 31)),
        ("2024-2-29", date(2024, 2, 29)),
    ],
)
def test_dates_are_read_leniently(text: str, day: date) -> None:
    assert LenientDateField().clean(text) == day


@pytest.mark.parametrize("text", ["2026-2-29", "13/1", "yesterday", "2026-3", "0001-1-1", "2101-1-1", "1/2/3/4"])
def test_impossible_dates_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        LenientDateField().clean(text)


@time_machine.travel("2026-12-31 16:30Z")
def test_a_short_date_means_the_year_in_the_shop_and_not_of_the_server() -> None:
    assert LenientDateField().clean("1/1") == date(2027, 1, 1)


def test_a_command_form_carries_a_fresh_key_and_keeps_it_when_refused() -> None:
    class Form(CommandForm):
        amount = MoneyField()

    first, second = Form(), Form()
    key = uuid.uuid4()
    refused = Form({"command_key": str(key), "amount": "x"})
    accepted = Form({"command_key": str(key), "amount": "1"})

    assert first["command_key"].value() != second["command_key"].value()
    assert not refused.is_valid()
    assert refused["command_key"].value() == str(key)
    assert accepted.is_valid()
    assert accepted.cleaned_data["command_key"] == key
    assert accepted.content == {"amount": Decimal("1.00")}
