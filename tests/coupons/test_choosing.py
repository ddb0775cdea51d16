"""The best set of coupons: equal to looking at every set, quick for twenty, greedy with a notice beyond."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817
from itertools import combinations

import pytest

from coupons.rules import (
    Bench,
    CouponTerms,
    Goods,
    Scope,
    StackClass,
    Stacking,
    World,
    best_set,
    eligible,
    job_of,
    take,
)
from tests.factories import brute_coupons as brute

AT = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
TERMS = CouponTerms(
    coupon_id=1, template_id=1, kind="amount_off", amount=D("10.00"), valid_from=AT,
    valid_until=AT + timedelta(days=30), issued_at=AT, name="c",
)  # fmt: skip
KINDS = ("amount_off", "percent_off", "fixed_price", "exchange", "nth_item", "buy_get", "voucher")
CODES = ("general", "goods", "points", "alone")


def worlds_of(coupons, goods, with_tier, without_tier) -> list[World]:
    """As the price makes them: coupons that take something alone; those that exclude the tier only in the second."""
    found = []
    needs = frozenset(one.coupon_id for one in coupons if not one.stacks_with_tier)
    for amounts, taken, needed in (
        (with_tier, [one for one in coupons if one.stacks_with_tier], frozenset()),
        (without_tier, coupons, needs),
    ):
        bench = Bench.of(amounts, goods)
        jobs = [job_of(one, goods) for one in taken]
        usable = tuple(
            job
            for job in jobs
            if 0 < eligible(job, bench) >= job.terms.threshold * 100 and take(job, bench) is not None
        )
        if not needed or needs:
            found.append(World(bench, usable, needed))
    return found if needs else found[:1]


def random_case(dice: random.Random):
    goods = tuple(
        Goods(
            product_id=number,
            pieces=dice.choice([0, 1, 1, 1, 2, 3, 5]),
            category_ids=frozenset(dice.sample([10, 11, 12], dice.randint(0, 2))),
            brand_id=dice.choice([None, 5, 6]),
            takes_coupons=dice.random() > 0.1,
            is_service=dice.random() < 0.2,
        )
        for number in range(1, dice.randint(1, 5) + 1)
    )
    without = [dice.choice([dice.randint(1, 300), dice.randint(100, 20_000), 1000]) for _line in goods]
    factor = dice.choice([100, 95, 80])
    with_tier = [(amount * factor + 50) // 100 for amount in without]
    stacking = Stacking(
        per_order=dice.randint(1, 4),
        classes={
            code: StackClass(code, is_exclusive=code == "alone", order_limit=dice.randint(1, 3)) for code in CODES
        },
        pairs=frozenset(frozenset(pair) for pair in combinations(CODES, 2) if dice.random() < 0.7),
    )
    coupons = [random_coupon(dice, number) for number in range(dice.randint(0, 8))]
    rooms = {template_id: dice.choice([None, None, 1, 2]) for template_id in range(1, 6)}
    return goods, with_tier, without, stacking, [replace(one, room=rooms[one.template_id]) for one in coupons]


def random_coupon(dice: random.Random, number: int) -> CouponTerms:
    return replace(
        TERMS,
        coupon_id=number,
        template_id=dice.randint(1, 5),
        kind=dice.choice(KINDS),
        amount=D(dice.choice([1, 200, 500, 500, 1000])) / 100,
        threshold=D(dice.choice([0, 0, 0, 50, 100])),
        factor=D(dice.choice([0, 5000, 8800, 9000, 9000])).scaleb(-4),
        cap=dice.choice([None, None, D("5.00")]),
        price=D(dice.choice([0, 100, 990])) / 100,
        pieces=dice.randint(1, 3),
        buy_pieces=dice.randint(1, 2),
        stack_category=dice.choice(CODES),
        priority=dice.choice([0, 0, 0, 1, -1]),
        base=dice.choice(["remaining", "remaining", "initial"]),
        order_limit=dice.choice([None, 1, 1, 2]),
        stacks_with_tier=dice.random() > 0.25,
        valid_until=AT + timedelta(days=dice.choice([1, 5, 5, 30])),
        issued_at=AT - timedelta(days=dice.choice([0, 0, 3])),
        scope=dice.choice(
            [
                Scope(),
                Scope(),
                Scope(products=frozenset({1, 3})),
                Scope(categories=frozenset({10})),
                Scope(not_brands=frozenset({5})),
            ]
        ),
    )


@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_random_baskets_get_the_set_that_looking_at_every_one_finds(seed: int) -> None:
    dice = random.Random(seed)
    several = 0
    for _case in range(500):
        goods, with_tier, without_tier, stacking, coupons = random_case(dice)

        found = best_set(worlds_of(coupons, goods, with_tier, without_tier), stacking=stacking)

        payable, ids = brute.best(coupons, goods, with_tier, without_tier, stacking)
        assert (found.payable, sorted(one.coupon_id for one in found.chosen)) == (payable, ids)
        assert found.is_exact
        several += len(ids) > 1
    assert several > 30


WIDE = Stacking(
    per_order=3,
    classes={"general": StackClass("general", order_limit=20), "goods": StackClass("goods", order_limit=20)},
    pairs=frozenset({frozenset({"general", "goods"})}),
)


def many(count: int) -> tuple[list[World], Stacking]:
    """Ten lines and so many coupons of all kinds that all go together: the worst that a till meets."""
    dice = random.Random(7)
    goods = tuple(Goods(product_id=number, pieces=dice.randint(1, 4)) for number in range(1, 11))
    amounts = [dice.randint(500, 20_000) for _line in goods]
    coupons = [
        replace(random_coupon(dice, number), template_id=number, stack_category="general", threshold=D(0))
        for number in range(count)
    ]
    return worlds_of(coupons, goods, [amount * 95 // 100 for amount in amounts], amounts), WIDE


def test_twenty_usable_coupons_need_few_sets_to_be_looked_at() -> None:
    worlds, stacking = many(20)

    found = best_set(worlds, stacking=stacking)

    # All sets of up to three of twenty in two ways of pricing are 2,702.
    assert found.is_exact
    assert len(found.chosen) == 3
    assert found.evaluated < 700


def test_beyond_twenty_the_choice_is_greedy_and_says_so() -> None:
    worlds, stacking = many(30)

    found = best_set(worlds, stacking=stacking)

    assert not found.is_exact
    assert len(found.chosen) == 3
    assert found.payable < worlds[0].total


def one_world(*coupons: CouponTerms, amount: int = 12_000) -> list[World]:
    goods = (Goods(product_id=1, pieces=1),)
    return worlds_of(list(coupons), goods, [amount], [amount])


def ids(*coupons: CouponTerms, amount: int = 12_000) -> list[int]:
    found = best_set(one_world(*coupons, amount=amount), stacking=Stacking(3, {"general": StackClass("general")}))
    return [one.coupon_id for one in found.chosen]


def test_the_lowest_payable_wins() -> None:
    assert ids(TERMS, replace(TERMS, coupon_id=2, amount=D("12.00"))) == [2]


def test_ties_go_to_the_sooner_end_then_the_earlier_receipt_then_the_smaller_id() -> None:
    sooner = replace(TERMS, coupon_id=9, valid_until=AT + timedelta(days=1))
    earlier = replace(TERMS, coupon_id=8, issued_at=AT - timedelta(days=1))

    assert ids(TERMS, earlier, sooner) == [9]
    assert ids(TERMS, earlier) == [8]
    assert ids(replace(TERMS, coupon_id=3), replace(TERMS, coupon_id=2)) == [2]


def test_fewer_coupons_win_where_the_amount_is_the_same() -> None:
    half = replace(TERMS, coupon_id=2, template_id=2, amount=D("60.00"), valid_until=AT + timedelta(days=1))
    other = replace(half, coupon_id=3, template_id=3)
    whole = replace(TERMS, coupon_id=4, template_id=4, amount=D("120.00"))
    stacking = Stacking(3, {"general": StackClass("general", order_limit=3)})

    found = best_set(one_world(half, other, whole), stacking=stacking)

    assert (found.payable, [one.coupon_id for one in found.chosen]) == (0, [4])


def test_without_a_coupon_that_saves_something_none_is_used() -> None:
    assert ids() == []
    assert ids(replace(TERMS, kind="points_multiple", multiple=D(3))) == []
