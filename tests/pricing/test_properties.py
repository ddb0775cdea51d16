"""Generated baskets keep the invariants 3 and 4: parts sum to the whole and no line goes below zero."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D  # noqa: N817

from hypothesis import given, settings
from hypothesis import strategies as st

from checkout.pricing.engine import earned_points, fingerprint, price, tender_shares
from checkout.pricing.model import BasketLine, CouponContext, MemberState, PriceSource, Rounding, Rules, Wishes
from core.money import half_up
from coupons.rules import CouponTerms, Scope, StackClass, Stacking
from passes.rules import Use

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def random_amount(dice: random.Random) -> D:
    return D(dice.choice([0, dice.randint(1, 500), dice.randint(1, 200_000)])).scaleb(-2)


def random_goods(dice: random.Random) -> BasketLine:
    """Pieces or a weight at any price; one in four may be paid by one of three passes, up to its list amount."""
    quantity = D(dice.randint(1, 5)) if dice.random() < 0.5 else D(dice.randint(1, 20_000)).scaleb(-3)
    list_price = random_amount(dice)
    pays = min(random_amount(dice), half_up(quantity * list_price))
    return BasketLine(
        product_id=0,
        sku="",
        name="",
        quantity=quantity,
        list_price=list_price,
        by_pass=Use(dice.randint(1, 3), "pass", 1, pays, pays) if dice.random() < 0.25 else None,
        member_price=random_amount(dice) if dice.random() < 0.5 else None,
        takes_tier_discount=dice.random() < 0.5,
        takes_coupons=dice.random() < 0.5,
        takes_points=dice.random() < 0.5,
    )


# Made beforehand: drawing each field of each line would take most of the time.
GOODS = [random_goods(random.Random(f"goods:{number}")) for number in range(5000)]


def _basket(places: list[int]) -> list[BasketLine]:
    goods = [GOODS[place] for place in places]
    return [replace(line, product_id=index, sku=str(index), name=str(index)) for index, line in enumerate(goods)]


baskets = st.lists(st.integers(0, len(GOODS) - 1), min_size=1, max_size=12).map(_basket)


@st.composite
def members(draw):
    if draw(st.integers(0, 4)) == 0:
        return None
    return MemberState(
        member_id=1,
        tier_code="gold",
        tier_name="gold",
        tier_version_id=1,
        discount_factor=D(draw(st.integers(1000, 10_000))).scaleb(-4),
        points_multiple=D(draw(st.sampled_from(["1", "1.5", "2", "5"]))),
        spendable_points=draw(st.integers(0, 100_000)),
    )


KINDS = (
    "amount_off",
    "percent_off",
    "fixed_price",
    "exchange",
    "nth_item",
    "buy_get",
    "voucher",
    "points_multiple",
    "recharge",
)


def random_coupon(dice: random.Random, number: int) -> CouponTerms:
    def amount():
        return D(dice.choice([0, dice.randint(1, 2000), dice.randint(1, 200_000)])).scaleb(-2)

    return CouponTerms(
        coupon_id=number,
        template_id=number,
        kind=dice.choice(KINDS),
        amount=amount(),
        threshold=amount(),
        factor=D(dice.randint(0, 9999)).scaleb(-4),
        cap=dice.choice([None, amount()]),
        price=amount(),
        pieces=dice.randint(1, 3),
        buy_pieces=dice.randint(1, 3),
        multiple=D(dice.randint(2, 5)),
        base=dice.choice(["remaining", "initial"]),
        scope=Scope(products=frozenset(dice.sample(range(12), dice.choice([0, 0, 3])))),
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2026, dice.randint(1, 12), 1, tzinfo=UTC),
        issued_at=datetime(2025, 1, 1, tzinfo=UTC),
        stacks_with_tier=dice.random() < 0.5,
        stacks_with_points=dice.random() < 0.5,
        name=str(number),
    )


# Made beforehand: drawing each field of each coupon would take most of the time.
POOL = [random_coupon(random.Random(number), number) for number in range(500)]
coupon_sets = st.lists(st.sampled_from(POOL), max_size=3, unique_by=lambda terms: terms.coupon_id)
ALL_TOGETHER = CouponContext(Stacking(3, {"general": StackClass("general", order_limit=3)}))


@settings(max_examples=10_000, deadline=None)
@given(
    baskets,
    members(),
    coupon_sets,
    st.sampled_from(Rounding),
    st.integers(0, 50_000),
    st.booleans(),
    st.integers(0, 100),
)
def test_ten_thousand_baskets_add_up_to_the_fen(lines, member, coupons, rounding, wish, use_coupon, cut):
    rules = Rules(rounding=rounding)
    wishes = Wishes(points=wish, use_coupons=use_coupon)

    quote = price(lines, member=member, coupons=coupons, rules=rules, wishes=wishes, at=AT, context=ALL_TOGETHER)

    assert all(one.amount > 0 or one.terms.kind == "points_multiple" for one in quote.coupons)
    assert quote.list_total - sum(a.amount for a in quote.adjustments) == quote.payable
    assert sum(line.net for line in quote.lines) == quote.payable
    for adjustment in quote.adjustments:
        assert sum(adjustment.parts) == adjustment.amount
        assert all(part >= 0 for part in adjustment.parts)
    for index, line in enumerate(quote.lines):
        assert line.net >= 0
        assert line.list_amount - sum(a.parts[index] for a in quote.adjustments) == line.net
        if line.line.by_pass is not None:
            assert (line.net, line.price_source) == (line.line.by_pass.pays, PriceSource.PASS)
            assert {a.source for a in quote.adjustments if a.parts[index]} <= {f"pass:{line.line.pass_id}"}
    assert quote.due == sum(line.net for line in quote.lines if line.line.by_pass is None)
    assert quote.points_used <= (member.spendable_points if member else 0)
    first = quote.due * cut / 100 // D("0.01") * D("0.01")
    tenders = [("pass", quote.pass_paid), ("wallet", first), ("cash", quote.due - first)]
    shares = tender_shares(quote, tenders)
    assert [sum(parts, D(0)) for parts in shares] == [amount for _kind, amount in tenders]
    assert [sum(parts) for parts in zip(*shares, strict=True)] == [line.net for line in quote.lines]
    assert all(part >= 0 for parts in shares for part in parts)
    nets = quote.earning_nets
    assert sum(earned_points([line.line for line in quote.lines], nets, member, rules, quote.multiple)) == quote.earns
    again = price(lines, member=member, coupons=coupons, rules=rules, wishes=wishes, at=AT, context=ALL_TOGETHER)
    assert fingerprint(again) == fingerprint(quote)
    best = min(
        (
            price(lines, member=member, coupons=[one], rules=rules, wishes=Wishes(coupon_ids=(one.coupon_id,)), at=AT)
            for one in coupons
        ),
        key=lambda other: other.payable,
        default=None,
    )
    if use_coupon and not wish and rounding is Rounding.NONE and best is not None:
        assert quote.payable <= best.payable
