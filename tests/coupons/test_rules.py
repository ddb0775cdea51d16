"""When a coupon can be used, by whom and on what; its code; what a return does to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.rules import (
    Circumstances,
    CouponTerms,
    Refusal,
    Scope,
    after_return,
    check_digit,
    is_claim_code,
    is_code,
    promise_of,
    why_not,
    why_not_for,
    why_not_for_goods,
    why_not_here,
)

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
TERMS = CouponTerms(
    coupon_id=1, template_id=1, kind="amount_off", amount=Decimal("10.00"), threshold=Decimal("100.00"), valid_from=AT,
    valid_until=AT + timedelta(days=30), issued_at=AT, stacks_with_tier=True, stacks_with_points=True, name="100-10",
)  # fmt: skip


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
        ({"limit_reached": "store_limit"}, "100.00", Refusal("store_limit")),
    ],
)
def test_the_first_reason_is_given(changes: dict[str, object], subtotal: str, refusal: Refusal | None) -> None:
    assert why_not(replace(TERMS, **changes), Decimal(subtotal), AT) == refusal


def test_a_coupon_of_a_member_is_nobody_else_s() -> None:
    assert why_not_for(replace(TERMS, member_id=7), 7) is None
    assert why_not_for(replace(TERMS, member_id=7), 8) == Refusal("other_member")
    assert why_not_for(replace(TERMS, member_id=7), None) == Refusal("other_member")
    assert why_not_for(TERMS, None) is None


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


def test_the_code_of_an_offer_has_eighteen_digits_so_that_no_coupon_can_have_it() -> None:
    claim = "12345678901234567" + check_digit("12345678901234567")

    assert is_claim_code(claim)
    assert not is_code(claim)
    assert not is_claim_code(claim[:-1] + str((int(claim[-1]) + 1) % 10))


@pytest.mark.parametrize(
    ("scope", "product_id", "categories", "brand_id", "is_in"),
    [
        ({}, 1, (), None, True),
        ({"products": [1]}, 1, (), None, True),
        ({"products": [1]}, 2, (), None, False),
        ({"categories": [10]}, 2, (12, 10), None, True),
        ({"categories": [12]}, 2, (10,), None, False),
        ({"brands": [5]}, 2, (), 5, True),
        ({"products": [1], "brands": [5]}, 2, (), 5, True),
        ({"not_products": [1]}, 1, (), None, False),
        ({"not_products": [1]}, 2, (), None, True),
        ({"products": [1], "not_brands": [5]}, 1, (), 5, False),
        ({"categories": [10], "not_categories": [12]}, 1, (12, 10), None, False),
        ({"categories": [10], "not_categories": [12]}, 1, (13, 10), None, True),
    ],
)
def test_goods_are_in_by_any_list_and_out_by_any_list(scope, product_id, categories, brand_id, is_in) -> None:
    assert Scope.from_json(scope).takes(product_id, categories, brand_id) is is_in


# 2026-03-18 is a Wednesday; it is noon in Shanghai and five in the morning in London.
NOON = AT.astimezone(ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("conditions", "around", "refusal"),
    [
        ({}, {}, None),
        ({"stores": [3]}, {"store_id": 3}, None),
        ({"stores": [3]}, {"store_id": 4}, "store"),
        ({"channels": ["online"]}, {}, "channel"),
        ({"channels": ["counter", "online"]}, {}, None),
        ({"weekdays": [3]}, {}, None),
        ({"weekdays": [1, 2, 4]}, {}, "weekday"),
        ({"from_time": "12:00", "to_time": "14:00"}, {}, None),
        ({"from_time": "10:00", "to_time": "12:00"}, {}, "time"),
        ({"from_time": "12:01"}, {}, "time"),
        ({"to_time": "12:01"}, {}, None),
        ({"from_time": "22:00", "to_time": "12:01"}, {}, None),
        ({"from_time": "22:00", "to_time": "02:00"}, {}, "time"),
        ({"from_time": "04:00", "to_time": "05:00"}, {"local": AT.astimezone(ZoneInfo("Europe/London"))}, None),
        ({"tiers": ["gold"]}, {"tier_codes": frozenset({"silver"})}, "tier"),
        ({"tiers": ["gold", "card"]}, {"tier_codes": frozenset({"silver", "card"})}, None),
        ({"tags": [7]}, {"tag_ids": frozenset({8})}, "tag"),
        ({"tags": [7]}, {"tag_ids": frozenset({7, 8})}, None),
        ({"first_order": True}, {}, "first_order"),
        ({"first_order": True}, {"is_first_order": True}, None),
        ({"birthday_days": 0}, {"birthday_distance": 1}, "birthday"),
        ({"birthday_days": 0}, {"birthday_distance": 0}, None),
        ({"birthday_days": 7}, {"birthday_distance": None}, "birthday"),
        ({"birthday_days": 7}, {"birthday_distance": 7}, None),
    ],
)
def test_each_condition_is_asked_of_the_store_s_own_clock_and_the_member(conditions, around, refusal) -> None:
    terms = replace(TERMS, **_promise(conditions=conditions))

    found = why_not_here(terms, Circumstances(**{"local": NOON, **around}))

    assert found == (None if refusal is None else Refusal(refusal))


def _promise(**terms: object) -> dict[str, object]:
    return promise_of({"name": "x", "kind": "amount_off", "amount": "10.00", "threshold": "100.00", **terms})


def test_a_version_of_before_the_kinds_promises_what_it_promised_then() -> None:
    old = {"name": "100-10", "kind": "amount_off", "amount": "10.00", "threshold": "100.00", "version": 1}

    assert replace(TERMS, **promise_of(old)) == TERMS


def test_a_recharge_coupon_buys_no_goods_and_more_points_need_a_member() -> None:
    assert why_not_for_goods(replace(TERMS, kind="recharge"), 7) == Refusal("recharge_only")
    assert why_not_for_goods(replace(TERMS, kind="points_multiple"), None) == Refusal("member_only")
    assert why_not_for_goods(replace(TERMS, kind="points_multiple"), 7) is None


def test_six_times_fifty_less_a_tenth_from_three_hundred_and_five_come_back() -> None:
    """Sonata's example: with ``keep`` one would stay at 45, below its own price and below the threshold."""
    keep = replace(TERMS, kind="percent_off", factor=Decimal("0.9000"), threshold=Decimal(300))
    recompute = replace(keep, threshold_break="recompute")
    figures = {
        "paid": Decimal("270.00"),
        "paid_for_returned": Decimal("225.00"),
        "kept_subtotal": Decimal("50.00"),
        "kept_price": Decimal("50.00"),
    }

    assert after_return(keep, **figures) == Decimal("225.00")
    assert after_return(recompute, **figures) == Decimal("220.00")
    assert after_return(recompute, **{**figures, "kept_subtotal": Decimal("300.00")}) == Decimal("225.00")
    assert after_return(recompute, **{**figures, "kept_price": Decimal("280.00")}) == Decimal("0.00")
