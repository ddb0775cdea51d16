"""What a coupon of each kind takes off, to the fen, and which pieces it takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons.rules import Bench, CouponTerms, Goods, Scope, job_of, may_have_taken, missing_pieces, take

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
TERMS = CouponTerms(
    coupon_id=1, template_id=1, kind="amount_off", amount=D("10.00"), valid_from=AT,
    valid_until=AT + timedelta(days=30), issued_at=AT, name="c",
)  # fmt: skip


def terms(kind: str, **figures: object) -> CouponTerms:
    return replace(TERMS, kind=kind, **figures)  # type: ignore[arg-type]  # fields of the dataclass under test


def goods(*lines: tuple[int, int], **options: object) -> tuple[tuple[Goods, ...], Bench]:
    """Lines as (amount in fen, pieces); products are numbered from 1."""
    made = tuple(
        Goods(product_id=number, pieces=pieces, **options)  # type: ignore[arg-type]  # as above
        for number, (_amount, pieces) in enumerate(lines, start=1)
    )
    return made, Bench.of([amount for amount, _pieces in lines], made)


def parts(coupon: CouponTerms, *lines: tuple[int, int], **options: object) -> list[int] | None:
    made, bench = goods(*lines, **options)
    taken = take(job_of(coupon, made), bench)
    return None if taken is None else taken[0]


def chain(coupons: list[CouponTerms], *lines: tuple[int, int]) -> list[list[int]]:
    """Several coupons one after the other."""
    made, bench = goods(*lines)
    found = []
    for coupon in coupons:
        taken = take(job_of(coupon, made), bench)
        found.append([] if taken is None else taken[0])
        bench = bench if taken is None else taken[1]
    return found


def test_an_amount_is_split_by_what_is_left_and_never_more_than_that() -> None:
    assert parts(TERMS, (9499, 3), (4750, 1), (1, 1)) == [667, 333, 0]
    assert parts(TERMS, (600, 1), (300, 1)) == [600, 300]
    assert parts(TERMS, (0, 1)) is None


@pytest.mark.parametrize(
    ("factor", "cap", "amount", "off"),
    [
        ("0.9000", None, 10_000, 1000),
        ("0.8500", None, 9999, 1499),
        ("0.9999", None, 9999, None),
        ("0.9999", None, 10_000, 1),
        ("0.8000", "15.00", 10_000, 1500),
        ("0.8000", "20.00", 9999, 1999),
        ("0.0000", None, 9999, 9999),
    ],
)
def test_percent_is_floored_to_the_fen_and_ends_at_its_cap(factor, cap, amount, off) -> None:
    coupon = terms("percent_off", factor=D(factor), cap=None if cap is None else D(cap))

    assert parts(coupon, (amount, 1)) == (None if off is None else [off])


def test_percent_of_what_is_left_or_of_the_amount_before_all_coupons() -> None:
    tenth = terms("percent_off", factor=D("0.9000"))

    assert chain([tenth, tenth], (10_000, 1)) == [[1000], [900]]
    assert chain([tenth, replace(tenth, base="initial")], (10_000, 1)) == [[1000], [1000]]


def test_a_free_piece_is_the_dearest_one_that_is_eligible() -> None:
    free = terms("exchange", pieces=1)

    assert parts(free, (1000, 1), (3000, 2), (1200, 1)) == [0, 1500, 0]
    assert parts(replace(free, scope=Scope(products=frozenset({1, 3}))), (1000, 1), (3000, 2), (1200, 1)) == [
        0, 0, 1200,
    ]  # fmt: skip
    assert parts(replace(free, pieces=3), (1000, 1), (3000, 2), (1200, 1)) == [0, 3000, 1200]
    assert parts(free, (1000, 1), (1000, 1)) == [1000, 0]


def test_two_free_pieces_of_one_line_cost_the_line_no_fen_more_than_it_has() -> None:
    free = terms("exchange", pieces=1)

    assert chain([free, free, free, free], (1000, 3)) == [[333], [333], [334], []]


def test_weighed_goods_are_pieces_only_where_the_weight_is_whole() -> None:
    free = terms("exchange", pieces=1)

    assert parts(free, (1896, 0), (500, 1)) == [0, 500]
    assert parts(free, (1896, 0)) is None
    assert parts(free, (2000, 2)) == [1000]


def test_a_fixed_price_reaches_the_dearest_pieces_and_never_raises_one() -> None:
    nine = terms("fixed_price", price=D("9.90"), pieces=2)

    assert parts(nine, (1000, 1), (6000, 3)) == [0, 2020]
    assert parts(nine, (1000, 1), (2500, 1)) == [10, 1510]
    assert parts(nine, (900, 1)) is None
    assert parts(nine, (900, 1), (2500, 1)) == [0, 1510]


def test_the_second_piece_at_half_price_is_the_cheaper_of_the_dearest_two() -> None:
    half = terms("nth_item", buy_pieces=1, factor=D("0.5000"))

    assert parts(half, (1000, 1), (800, 1), (300, 1)) == [0, 400, 0]
    assert parts(half, (3000, 3)) == [500]
    assert parts(half, (999, 1), (999, 1)) == [0, 499]
    assert parts(half, (1000, 1)) is None
    assert chain([half, half], (4000, 4)) == [[500], [500]]
    assert chain([half, half], (3000, 3)) == [[500], []]


def test_of_three_for_two_the_cheapest_of_the_dearest_three_is_free() -> None:
    three = terms("buy_get", buy_pieces=2, pieces=1)

    assert parts(three, (1000, 1), (800, 1), (300, 1), (100, 1)) == [0, 0, 300, 0]
    assert parts(three, (2000, 2)) is None
    assert parts(replace(three, buy_pieces=1, pieces=2), (1000, 1), (800, 1), (300, 1)) == [0, 800, 300]
    assert parts(replace(three, buy_pieces=1, pieces=2), (1000, 1), (800, 1)) == [0, 800]


def test_a_voucher_pays_one_service_of_its_scope_and_without_scope_services_only() -> None:
    voucher = terms("voucher", uses=5, uses_left=3)

    assert parts(voucher, (3000, 2), is_service=True) == [1500]
    assert parts(voucher, (3000, 2)) is None
    assert parts(replace(voucher, scope=Scope(products=frozenset({1}))), (3000, 2)) == [1500]


def test_a_group_says_how_many_pieces_are_missing() -> None:
    made, bench = goods((1000, 1))

    assert missing_pieces(job_of(terms("nth_item", buy_pieces=1, factor=D(0)), made), bench) == 1
    assert missing_pieces(job_of(terms("buy_get", buy_pieces=3, pieces=1), made), bench) == 3
    assert missing_pieces(job_of(terms("exchange", pieces=4), made), bench) == 0
    assert missing_pieces(job_of(terms("exchange", pieces=1), goods((500, 0))[0]), goods((500, 0))[1]) == 1
    assert missing_pieces(job_of(TERMS, made), bench) == 0


def test_goods_that_take_no_coupons_or_are_out_of_scope_keep_their_price() -> None:
    assert parts(TERMS, (5000, 1), takes_coupons=False) is None
    assert parts(replace(TERMS, scope=Scope(products=frozenset({2}))), (5000, 1), (400, 1)) == [0, 400]


def test_more_points_and_recharges_take_nothing_off() -> None:
    assert parts(terms("points_multiple", multiple=D(3)), (5000, 1)) is None
    assert parts(terms("recharge"), (5000, 1)) is None


def test_what_an_order_can_have_got_from_a_coupon() -> None:
    assert may_have_taken(TERMS, D("10.00"))
    assert not may_have_taken(TERMS, D("10.01"))
    assert not may_have_taken(TERMS, D("0.00"))
    assert not may_have_taken(terms("percent_off", factor=D("0.9"), cap=D("5.00")), D("5.01"))
    assert may_have_taken(terms("exchange"), D("500.00"))
    assert may_have_taken(terms("points_multiple"), D("0.00"))
    assert not may_have_taken(terms("points_multiple"), D("0.01"))


KINDS = st.sampled_from(["amount_off", "percent_off", "fixed_price", "exchange", "nth_item", "buy_get", "voucher"])


@st.composite
def any_coupon(draw: st.DrawFn) -> CouponTerms:
    return terms(
        draw(KINDS),
        amount=D(draw(st.integers(1, 5000))) / 100,
        factor=D(draw(st.integers(0, 9999))).scaleb(-4),
        cap=draw(st.none() | st.integers(1, 3000).map(lambda fen: D(fen) / 100)),
        price=D(draw(st.integers(0, 3000))) / 100,
        pieces=draw(st.integers(1, 4)),
        buy_pieces=draw(st.integers(1, 3)),
        base=draw(st.sampled_from(["remaining", "initial"])),
        scope=Scope(not_products=frozenset(draw(st.sets(st.integers(1, 6), max_size=2)))),
    )


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 5)), min_size=1, max_size=6),
    st.lists(any_coupon(), min_size=1, max_size=5),
)
def test_whatever_is_used_no_line_goes_below_zero_and_no_coupon_saves_more_in_company(lines, coupons) -> None:
    made, bench = goods(*lines)
    alone = {id(coupon): take(job_of(coupon, made), bench) for coupon in coupons}

    for done, coupon in enumerate(coupons):
        taken = take(job_of(coupon, made), bench)
        if taken is None:
            continue
        off, after = taken
        assert sum(off) > 0
        assert all(0 <= part <= left for part, left in zip(off, bench.left, strict=True))
        assert all(left - part == now for left, part, now in zip(bench.left, off, after.left, strict=True))
        assert all(0 <= worth <= left for worth, left in zip(after.open_worth, after.left, strict=True))
        first = alone[id(coupon)]
        # Fen that are lost when pieces of one line go to several coupons may turn up at the last of them.
        slack = (coupon.pieces + 1) * done if coupon.is_of_pieces else 0
        assert first is not None
        assert sum(off) <= sum(first[0]) + slack
        bench = after
