"""Which coupons go together: classes, their limits, pairs, the order's maximum."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817
from itertools import permutations

import pytest

from coupons.rules import CouponTerms, Refusal, StackClass, Stacking, why_not_with

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
CASH = CouponTerms(
    coupon_id=1, template_id=1, kind="amount_off", amount=D("10.00"), valid_from=AT,
    valid_until=AT + timedelta(days=30), issued_at=AT, name="cash",
)  # fmt: skip
GOODS = replace(CASH, coupon_id=2, template_id=2, name="goods", stack_category="goods")
ALONE = replace(CASH, coupon_id=3, template_id=3, name="alone", stack_category="alone")
OTHER = replace(CASH, coupon_id=4, template_id=4, name="other", stack_category="other")
MATRIX = Stacking(
    per_order=3,
    classes={
        one.code: one
        for one in (
            StackClass("general", order_limit=2),
            StackClass("goods", order_limit=5),
            StackClass("alone", is_exclusive=True),
            StackClass("other"),
        )
    },
    pairs=frozenset({frozenset({"general", "goods"})}),
)


def clone(terms: CouponTerms, number: int, **changes: object) -> CouponTerms:
    return replace(terms, coupon_id=number, template_id=number, **changes)  # type: ignore[arg-type]  # its fields


@pytest.mark.parametrize(
    ("terms", "others", "refusal"),
    [
        (CASH, [], None),
        (CASH, [GOODS], None),
        (GOODS, [CASH], None),
        (CASH, [OTHER], Refusal("not_together", other="other")),
        (OTHER, [CASH], Refusal("not_together", other="cash")),
        (OTHER, [GOODS], Refusal("not_together", other="goods")),
        (ALONE, [], None),
        (ALONE, [CASH], Refusal("not_together", other="cash")),
        (CASH, [ALONE], Refusal("not_together", other="alone")),
        (clone(CASH, 8), [CASH], None),
        (clone(CASH, 8), [CASH, clone(CASH, 9)], Refusal("not_together", other="cash")),
        (clone(GOODS, 8), [GOODS, clone(GOODS, 9), clone(GOODS, 10)], Refusal("order_full")),
        (clone(GOODS, 8), [CASH, GOODS, clone(GOODS, 9)], Refusal("order_full")),
    ],
)
def test_classes_pairs_and_the_maximum_decide(terms, others, refusal) -> None:
    assert why_not_with(terms, others, MATRIX) == refusal


def test_a_template_is_used_as_often_per_order_as_the_stricter_of_its_versions_says() -> None:
    once = replace(GOODS, coupon_id=20)
    twice = replace(GOODS, coupon_id=21, order_limit=2)

    assert why_not_with(once, [twice], MATRIX) == Refusal("not_together", other="goods")
    assert why_not_with(twice, [once], MATRIX) == Refusal("not_together", other="goods")
    assert why_not_with(twice, [replace(twice, coupon_id=22)], MATRIX) is None
    assert (
        why_not_with(replace(GOODS, order_limit=None), [replace(GOODS, coupon_id=9, order_limit=None)], MATRIX) is None
    )


@pytest.mark.parametrize(("rooms", "fits"), [((None, None), True), ((2, 2), True), ((1, 1), False), ((None, 1), False)])
def test_coupons_of_a_template_share_the_uses_that_its_limits_leave(rooms, fits) -> None:
    first, second = (
        replace(CASH, coupon_id=number, order_limit=5, room=room) for number, room in enumerate(rooms, start=1)
    )

    found = {why_not_with(first, [second], MATRIX), why_not_with(second, [first], MATRIX)}

    assert found == {None if fits else Refusal("not_together", other="cash")}


def test_a_class_that_nobody_knows_goes_with_nothing() -> None:
    assert why_not_with(clone(CASH, 8, stack_category="gone"), [CASH], MATRIX) == Refusal("not_together", other="cash")


def test_whether_a_set_fits_does_not_depend_on_who_comes_first() -> None:
    pool = [CASH, clone(CASH, 8), GOODS, clone(GOODS, 9), OTHER, ALONE]

    for group in (pool[:3], pool[1:4], pool[2:5], pool[3:], [*pool[:2], pool[3]]):
        verdicts = {
            all(why_not_with(one, order[:place], MATRIX) is None for place, one in enumerate(order))
            for order in permutations(group)
        }
        assert len(verdicts) == 1
