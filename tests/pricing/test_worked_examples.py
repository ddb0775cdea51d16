"""The worked example of docs/pricing.md and the other fixed figures, without a database."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D  # noqa: N817

from checkout.pricing.engine import price
from checkout.pricing.model import BasketLine, MemberState, Rounding, Rules, Wishes
from coupons.rules import CouponTerms

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
SILVER = MemberState(
    member_id=1,
    tier_code="silver",
    tier_name="银卡",
    tier_version_id=2,
    discount_factor=D("0.9500"),
    points_multiple=D(1),
    spendable_points=500,
)
COUPON = CouponTerms(
    coupon_id=7,
    template_id=1,
    kind="amount_off",
    amount=D("10.00"),
    threshold=D("100.00"),
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    valid_until=datetime(2027, 1, 1, tzinfo=UTC),
    issued_at=datetime(2026, 1, 1, tzinfo=UTC),
    stacks_with_tier=True,
    stacks_with_points=True,
    name="100-10",
)
RULES = Rules(rounding=Rounding.DOWN_TO_TENTH)


def line(product_id: int, price_text: str, quantity: str = "1", **options: object) -> BasketLine:
    return BasketLine(
        product_id=product_id,
        sku=f"P{product_id}",
        name=f"Product {product_id}",
        quantity=D(quantity),
        list_price=D(price_text),
        **options,  # type: ignore[arg-type]  # keyword fields of the dataclass under test
    )


EXAMPLE = (line(1, "33.33", "3"), line(2, "50.00"), line(3, "0.01", takes_tier_discount=False))


def quote_example(**wishes: object):
    return price(
        EXAMPLE,
        member=SILVER,
        coupons=[COUPON],
        rules=RULES,
        wishes=Wishes(points=500, **wishes),  # type: ignore[arg-type]  # as above
        at=AT,
    )


def test_the_worked_example_comes_out_to_the_fen():
    quote = quote_example()

    assert [line.list_amount for line in quote.lines] == [D("99.99"), D("50.00"), D("0.01")]
    assert [(int(a.layer), a.source, a.amount, a.parts) for a in quote.adjustments] == [
        (1, "tier:silver:2", D("7.50"), (D("5.00"), D("2.50"), D("0.00"))),
        (5, "coupon:7", D("10.00"), (D("6.67"), D("3.33"), D("0.00"))),
        (7, "points", D("5.00"), (D("3.33"), D("1.67"), D("0.00"))),
    ]
    assert [line.net for line in quote.lines] == [D("84.99"), D("42.50"), D("0.01")]
    assert quote.payable == D("127.50")
    assert quote.points_used == 500
    assert quote.points_value == D("5.00")
    assert quote.earns == 127


def test_rounding_takes_the_odd_fen_off_and_is_split_over_the_lines():
    quote = price([line(1, "10.03"), line(2, "20.04")], member=None, coupons=[], rules=RULES, wishes=Wishes(), at=AT)

    assert quote.payable == D("30.00")
    assert [(a.source, a.amount, a.parts) for a in quote.adjustments] == [
        ("rounding", D("0.07"), (D("0.02"), D("0.05")))
    ]


def test_ties_go_to_the_larger_weight_then_the_earlier_line():
    cheap = replace(COUPON, amount=D("0.10"), threshold=D("0.00"))
    quote = price(
        [line(1, "10.00"), line(2, "30.00")],
        member=replace(SILVER, discount_factor=D(1)),
        coupons=[cheap],
        rules=Rules(),
        wishes=Wishes(),
        at=AT,
    )

    assert quote.adjustments[0].parts == (D("0.02"), D("0.08"))


def test_the_lowest_of_list_member_and_tier_price_wins_and_only_one_applies():
    quote = price(
        [
            line(1, "100.00", member_price=D("94.00")),
            line(2, "100.00", member_price=D("96.00")),
            line(3, "100.00", member_price=D("95.00")),
            line(4, "100.00", takes_tier_discount=False),
        ],
        member=SILVER,
        coupons=[],
        rules=Rules(),
        wishes=Wishes(),
        at=AT,
    )

    assert [(one.net, one.price_source.value) for one in quote.lines] == [
        (D("94.00"), "member"),
        (D("95.00"), "tier"),
        (D("95.00"), "member"),
        (D("100.00"), "list"),
    ]


def test_a_walk_in_customer_pays_list_and_earns_nothing():
    quote = price(
        [line(1, "100.00", member_price=D("90.00"))], member=None, coupons=[], rules=Rules(), wishes=Wishes(), at=AT
    )

    assert quote.payable == D("100.00")
    assert quote.earns == 0
    assert quote.adjustments == ()


def test_three_lines_of_sixty_fen_earn_one_point_together():
    lines = [line(1, "0.60"), line(2, "0.60"), line(3, "0.60")]
    quote = price(
        lines,
        member=replace(SILVER, discount_factor=D(1)),
        coupons=[],
        rules=Rules(),
        wishes=Wishes(),
        at=AT,
    )

    assert quote.earns == 1


def test_the_cashier_may_leave_the_coupon_out():
    quote = quote_example(use_coupons=False)

    assert quote.coupons == ()
    assert quote.payable == D("137.50")


def test_a_coupon_below_its_threshold_is_not_used_and_says_what_is_missing():
    quote = price([line(1, "104.00")], member=SILVER, coupons=[COUPON], rules=Rules(), wishes=Wishes(), at=AT)

    assert quote.coupons == ()
    assert quote.payable == D("98.80")
    assert [(one.refusal.reason, one.refusal.missing) for one in quote.refused_coupons] == [("threshold", D("1.20"))]


def test_a_coupon_that_excludes_the_tier_discount_is_priced_without_it():
    alone = replace(COUPON, stacks_with_tier=False, amount=D("20.00"))
    quote = price([line(1, "200.00")], member=SILVER, coupons=[alone], rules=Rules(), wishes=Wishes(), at=AT)

    assert quote.payable == D("180.00")
    assert [a.source for a in quote.adjustments] == ["coupon:7"]


def test_a_coupon_that_would_cost_more_than_the_tier_discount_is_not_chosen():
    alone = replace(COUPON, stacks_with_tier=False, amount=D("9.00"))
    quote = price([line(1, "200.00")], member=SILVER, coupons=[alone], rules=Rules(), wishes=Wishes(), at=AT)

    assert quote.coupons == ()
    assert quote.payable == D("190.00")


def test_a_coupon_above_the_order_takes_no_more_than_the_order():
    free = replace(COUPON, amount=D("500.00"), threshold=D("0.00"))
    quote = price(
        [line(1, "33.33", "3")], member=SILVER, coupons=[free], rules=Rules(), wishes=Wishes(points=500), at=AT
    )

    assert quote.payable == D("0.00")
    assert quote.points_used == 0
    assert quote.earns == 0


def test_points_are_cut_to_the_share_of_the_order_in_whole_steps():
    rich = replace(SILVER, spendable_points=100_000, discount_factor=D(1))
    quote = price([line(1, "25.50")], member=rich, coupons=[], rules=Rules(), wishes=Wishes(points=5000), at=AT)

    assert quote.points_maximum == 1200
    assert quote.points_used == 1200
    assert quote.points_wish_cut is True
    assert quote.points_value == D("12.00")
    assert quote.payable == D("13.50")


def test_a_coupon_that_does_not_go_with_points_keeps_them_off():
    alone = replace(COUPON, stacks_with_points=False)
    quote = price(EXAMPLE, member=SILVER, coupons=[alone], rules=Rules(), wishes=Wishes(points=500), at=AT)

    assert quote.points_used == 0
    assert quote.payable == D("132.50")


def test_weighed_goods_round_half_up_per_line():
    quote = price([line(1, "11.96", "1.264")], member=None, coupons=[], rules=Rules(), wishes=Wishes(), at=AT)

    assert quote.payable == D("15.12")
