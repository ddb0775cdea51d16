"""Several coupons, coupons against the tier's discount, more points, and prices of categories, without a database."""

from dataclasses import replace
from decimal import Decimal as D  # noqa: N817

import pytest

from checkout.pricing.engine import fingerprint, price
from checkout.pricing.model import (
    BasketLine,
    CategoryFactor,
    CouponContext,
    PriceSource,
    Quote,
    Rules,
    TierName,
    Wishes,
)
from coupons.rules import Circumstances, Conditions, Refusal, Scope, StackClass, Stacking
from tests.pricing.test_worked_examples import AT, COUPON, SILVER, line

MATRIX = Stacking(
    per_order=3,
    classes={code: StackClass(code, order_limit=3) for code in ("general", "goods")},
    pairs=frozenset({frozenset({"general", "goods"})}),
)
TEN = replace(COUPON, threshold=D(0))
TENTH = replace(TEN, coupon_id=8, template_id=8, name="tenth", kind="percent_off", factor=D("0.9000"))
FREE = replace(TEN, coupon_id=9, template_id=9, name="free", kind="exchange", stack_category="goods")
TRIPLE = replace(TEN, coupon_id=10, template_id=10, name="triple", kind="points_multiple", multiple=D(3))
ALONE = replace(TEN, coupon_id=11, template_id=11, name="alone", stacks_with_tier=False, amount=D("8.00"))


def sold(lines, *coupons, member=SILVER, rules=None, context=None, at=AT, **wishes) -> Quote:
    return price(
        lines,
        member=member,
        coupons=coupons,
        rules=rules or Rules(),
        wishes=Wishes(**wishes),
        at=at,
        context=context or CouponContext(MATRIX),
    )


def used(quote: Quote) -> list[tuple[str, D]]:
    return [(one.source, one.amount) for one in quote.adjustments]


NO_TIER = replace(SILVER, discount_factor=D(1))


def test_goods_first_then_amounts_then_percents_each_an_adjustment_of_its_own():
    quote = sold([line(1, "100.00"), line(2, "30.00", "2")], TENTH, TEN, FREE, member=NO_TIER)

    # 160.00; the dearest piece (100.00) free; 10.00 off 60.00; a tenth of 50.00
    assert used(quote) == [("coupon:9", D("100.00")), ("coupon:7", D("10.00")), ("coupon:8", D("5.00"))]
    assert [(one.terms.coupon_id, one.amount) for one in quote.coupons] == [
        (9, D("100.00")), (7, D("10.00")), (8, D("5.00")),
    ]  # fmt: skip
    assert quote.payable == D("45.00")
    assert [one.net for one in quote.lines] == [D("0.00"), D("45.00")]


def test_a_lower_priority_number_is_reckoned_first_whatever_its_kind():
    quote = sold([line(1, "100.00")], replace(TENTH, priority=-1), TEN, member=NO_TIER)

    assert used(quote) == [("coupon:8", D("10.00")), ("coupon:7", D("10.00"))]


def test_percent_of_the_initial_amount_is_not_lowered_by_what_came_before():
    quote = sold([line(1, "100.00")], replace(TENTH, base="initial"), TEN, member=NO_TIER)

    assert used(quote) == [("coupon:7", D("10.00")), ("coupon:8", D("10.00"))]


def test_the_threshold_counts_the_scope_after_item_prices_and_before_all_coupons():
    scoped = replace(TENTH, threshold=D("95.00"), scope=Scope(products=frozenset({1})))

    quote = sold([line(1, "100.00"), line(2, "500.00")], scoped, TEN)
    # 95.00 by the tier: exactly the threshold, though the other coupon lowers it before the tenth is taken.
    assert used(quote)[1:] == [("coupon:7", D("10.00")), ("coupon:8", D("9.33"))]
    missing = sold([line(1, "99.98"), line(2, "500.00")], replace(scoped, threshold=D("95.00")))
    assert [one.refusal.missing for one in missing.refused_coupons] == [D("0.02")]


def test_a_coupon_against_the_tier_switches_it_off_only_where_the_order_gets_cheaper_by_that():
    lines = [line(1, "100.00")]

    # 95.00 - 10 = 85.00 with the tier; 100.00 - 8 - 10 = 82.00 without it.
    both = sold(lines, TEN, ALONE)
    assert (both.payable, used(both)) == (D("82.00"), [("coupon:7", D("10.00")), ("coupon:11", D("8.00"))])
    # 95.00 - 10 = 85.00 against 100.00 - 4 - 10 = 86.00
    little = replace(ALONE, amount=D("4.00"))
    tier = sold(lines, TEN, little)
    assert (tier.payable, [source for source, _amount in used(tier)]) == (D("85.00"), ["tier:silver:2", "coupon:7"])
    assert [(one.terms.name, one.saves, one.refusal and one.refusal.reason) for one in tier.usable_coupons] == [
        ("100-10", D("10.00"), None),
        ("alone", D("-1.00"), "tier_better"),
    ]


def test_without_the_tier_discount_another_coupon_may_reach_its_threshold():
    near = replace(TEN, threshold=D("100.00"))

    quote = sold([line(1, "100.00")], near, ALONE)

    assert quote.payable == D("82.00")
    assert quote.refused_coupons == ()
    assert [one.terms.coupon_id for one in quote.usable_coupons] == [7, 11]


def test_the_cashier_s_ticks_are_taken_in_their_order_as_far_as_they_go_together():
    apart = CouponContext(Stacking(3, MATRIX.classes))
    lines = [line(1, "100.00")]

    first = sold(lines, TEN, FREE, context=apart, coupon_ids=(7, 9))
    assert [one.terms.coupon_id for one in first.coupons] == [7]
    assert [(one.terms.name, one.refusal) for one in first.usable_coupons] == [
        ("100-10", None),
        ("free", Refusal("not_together", other="100-10")),
    ]
    assert [one.terms.coupon_id for one in sold(lines, TEN, FREE, context=apart, coupon_ids=(9, 7)).coupons] == [9]
    assert sold(lines, TEN, FREE, context=apart, coupon_ids=(999,)).coupons == ()
    assert sold(lines, TEN, FREE, use_coupons=False).coupons == ()


def test_a_coupon_that_would_find_nothing_left_is_not_used_up():
    quote = sold([line(1, "100.00")], FREE, TEN, member=NO_TIER, coupon_ids=(9, 7))

    assert [one.terms.coupon_id for one in quote.coupons] == [9]
    assert {one.terms.coupon_id: one.refusal and one.refusal.reason for one in quote.usable_coupons} == {
        9: None,
        7: "saves_nothing",
    }


@pytest.mark.parametrize(
    ("mode", "tier", "cap", "multiple", "earns"),
    [
        ("max", "2", "10", "3", 300),
        ("add", "2", "10", "4", 400),
        ("multiply", "2", "10", "6", 600),
        ("multiply", "5", "10", "10", 1000),
        ("max", "5", "10", "5", 500),
    ],
)
def test_more_points_join_the_tier_s_as_a_campaign_does(mode, tier, cap, multiple, earns):
    member = replace(NO_TIER, points_multiple=D(tier))
    rules = Rules(multiple_mode=mode, multiple_cap=D(cap))
    lines = [line(1, "100.00")]

    assert sold(lines, TRIPLE, member=member, rules=rules).multiple == D(tier)
    quote = sold(lines, TRIPLE, member=member, rules=rules, coupon_ids=(10,))

    assert (quote.multiple, quote.earns, quote.payable) == (D(multiple), earns, D("100.00"))
    assert [(one.terms.coupon_id, one.amount) for one in quote.coupons] == [(10, D("0.00"))]


def test_more_points_are_nothing_to_a_walk_in_customer():
    quote = sold([line(1, "100.00")], TRIPLE, member=None, coupon_ids=(10,))

    assert (quote.coupons, quote.multiple) == ((), D(1))
    assert [one.refusal.reason for one in quote.refused_coupons] == ["member_only"]


def test_a_coupon_of_the_set_that_does_not_go_with_points_keeps_them_off():
    strict = replace(TENTH, stacks_with_points=False)

    assert sold([line(1, "100.00")], TEN, strict, points=500).points_used == 0
    assert sold([line(1, "100.00")], TEN, strict, points=500, coupon_ids=(7,)).points_used == 500


def test_the_fingerprint_tells_a_coupon_that_only_gives_points():
    lines = [line(1, "100.00")]

    assert fingerprint(sold(lines, TRIPLE)) != fingerprint(sold(lines, TRIPLE, coupon_ids=(10,)))


def test_conditions_are_asked_of_the_circumstances():
    here = replace(TEN, conditions=Conditions(stores=frozenset({3})))

    assert sold([line(1, "100.00")], here).refused_coupons[0].refusal.reason == "store"
    there = CouponContext(MATRIX, Circumstances(store_id=3))
    assert [one.terms.coupon_id for one in sold([line(1, "100.00")], here, context=there).coupons] == [7]


GOLD = TierName("gold", "金卡", 5)
CARD = TierName("card", "酒卡", 9)


def in_category(product_id: int, amount: str, *categories: int) -> BasketLine:
    return line(product_id, amount, category_ids=frozenset(categories))


def test_a_line_takes_the_lowest_factor_of_the_tier_and_its_categories_and_says_whose():
    member = replace(
        SILVER, category_factors=(CategoryFactor(20, D("0.8000"), CARD), CategoryFactor(30, D("0.9900"), GOLD))
    )
    lines = [
        in_category(1, "100.00", 21, 20),
        in_category(2, "100.00", 30),
        line(3, "100.00"),
        line(4, "100.00", category_ids=frozenset({20}), takes_tier_discount=False),
        line(5, "100.00", category_ids=frozenset({20}), member_price=D("79.00")),
    ]

    quote = sold(lines, member=member)

    assert [one.net for one in quote.lines] == [D("80.00"), D("95.00"), D("95.00"), D("100.00"), D("79.00")]
    assert [(one.source, one.label, one.amount) for one in quote.adjustments] == [
        ("member_price", "", D("21.00")),
        ("tier:card:9:category", "酒卡", D("20.00")),
        ("tier:silver:2", "银卡", D("10.00")),
    ]
    assert quote.lines[0].price_source == PriceSource.TIER


def test_the_overall_factor_of_another_tier_is_named_after_it():
    member = replace(SILVER, discount_factor=D("0.9000"), discount_tier=CARD)

    assert [(one.source, one.label) for one in sold([line(1, "100.00")], member=member).adjustments] == [
        ("tier:card:9", "酒卡")
    ]


def test_a_coupon_against_the_tier_switches_the_prices_of_categories_off_too():
    member = replace(SILVER, category_factors=(CategoryFactor(20, D("0.8000"), CARD),))
    strong = replace(ALONE, amount=D("30.00"))

    quote = sold([in_category(1, "100.00", 20)], strong, member=member)

    assert (quote.payable, used(quote)) == (D("70.00"), [("coupon:11", D("30.00"))])
