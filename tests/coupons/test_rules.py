"""What a coupon is worth, when, and which one is best."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.rules import (
    CouponTerms,
    Refusal,
    best_coupon,
    check_digit,
    discount,
    is_code,
    why_not,
    why_not_for,
)

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
TERMS = CouponTerms(
    coupon_id=1, template_id=1, kind="amount_off", amount=Decimal("10.00"), threshold=Decimal("100.00"), valid_from=AT,
    valid_until=AT + timedelta(days=30), issued_at=AT, stacks_with_tier=True, stacks_with_points=True, name="100-10",
)  # fmt: skip
cents = st.integers(0, 100_000).map(lambda number: Decimal(number) / 100)


@pytest.mark.parametrize(
    ("changes", "subtotal", "refusal"),
    [
        ({}, "100.00", None),
        ({}, "99.99", Refusal("threshold", Decimal("0.01"))),
        ({}, "0.00", Refusal("nothing_eligible")),
        ({"threshold": Decimal("0.00")}, "0.01", None),
        ({"status": "redeemed"}, "100.00", Refusal("used")),
        ({"status": "void"}, "100.00", Refusal("void")),
        ({"valid_until": AT}, "100.00", Refusal("expired")),
        ({"valid_until": AT + timedelta(microseconds=1)}, "100.00", None),
        ({"valid_from": AT + timedelta(microseconds=1)}, "100.00", Refusal("not_yet")),
        ({"is_stopped": True}, "100.00", Refusal("stopped")),
    ],
)
def test_the_first_reason_is_given(changes: dict[str, object], subtotal: str, refusal: Refusal | None) -> None:
    assert why_not(replace(TERMS, **changes), Decimal(subtotal), AT) == refusal


def test_a_coupon_of_a_member_is_nobody_else_s() -> None:
    assert why_not_for(replace(TERMS, member_id=7), 7) is None
    assert why_not_for(replace(TERMS, member_id=7), 8) == Refusal("other_member")
    assert why_not_for(replace(TERMS, member_id=7), None) == Refusal("other_member")
    assert why_not_for(TERMS, None) is None


def test_a_discount_is_never_more_than_what_is_bought() -> None:
    assert discount(TERMS, Decimal("100.00")) == Decimal("10.00")
    assert discount(TERMS, Decimal("9.99")) == Decimal("9.99")
    assert discount(TERMS, Decimal("0.00")) == Decimal("0.00")


@given(amount=cents, subtotal=cents)
def test_a_discount_lies_between_nothing_and_both(amount: Decimal, subtotal: Decimal) -> None:
    taken = discount(replace(TERMS, amount=amount), subtotal)

    assert taken == min(amount, subtotal)


def priced(subtotal: str) -> object:
    return lambda terms: Decimal(subtotal) - (discount(terms, Decimal(subtotal)) if terms else Decimal(0))


def best(coupons: list[CouponTerms], subtotal: str = "120.00") -> int | None:
    chosen = best_coupon(coupons, priced(subtotal))  # type: ignore[arg-type]
    return None if chosen is None else chosen.coupon_id


def test_the_lowest_payable_wins() -> None:
    assert best([TERMS, replace(TERMS, coupon_id=2, amount=Decimal("12.00"))]) == 2


def test_ties_go_to_the_sooner_end_then_the_earlier_receipt_then_the_smaller_id() -> None:
    sooner = replace(TERMS, coupon_id=9, valid_until=AT + timedelta(days=1))
    earlier = replace(TERMS, coupon_id=8, issued_at=AT - timedelta(days=1))

    assert best([TERMS, earlier, sooner]) == 9
    assert best([TERMS, earlier]) == 8
    assert best([replace(TERMS, coupon_id=3), replace(TERMS, coupon_id=2)]) == 2


def test_a_coupon_that_saves_nothing_is_not_used() -> None:
    assert best([]) is None
    assert best_coupon([TERMS], lambda terms: Decimal("50.00")) is None


@given(amounts=st.lists(cents, max_size=6), subtotal=cents)
def test_no_other_choice_is_cheaper(amounts: list[Decimal], subtotal: Decimal) -> None:
    coupons = [replace(TERMS, coupon_id=number, amount=amount) for number, amount in enumerate(amounts)]
    price = priced(str(subtotal))

    chosen = best_coupon(coupons, price)  # type: ignore[arg-type]

    assert all(price(chosen) <= price(other) for other in [None, *coupons])  # type: ignore[operator]


def test_the_check_digit_is_luhn_s() -> None:
    assert check_digit("7992739871") == "3"
    assert check_digit("0" * 19) == "0"


@given(digits=st.text("0123456789", min_size=19, max_size=19), position=st.integers(0, 19), other=st.integers(1, 9))
def test_any_single_wrong_digit_is_found(digits: str, position: int, other: int) -> None:
    code = digits + check_digit(digits)
    wrong = code[:position] + str((int(code[position]) + other) % 10) + code[position + 1 :]

    assert is_code(code)
    assert not is_code(wrong)


@pytest.mark.parametrize("text", ["", "1" * 19, "1" * 21, "１" * 20, "12345678901234567 90", "abcdefghijklmnopqrst"])
def test_what_is_not_twenty_digits_is_no_code(text: str) -> None:
    assert not is_code(text)
