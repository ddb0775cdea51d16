"""What an order earns and what is left of it when goods come back, by tables (R-P2, R-P5, R-P10)."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.rules import Caps, EarnLine, EarnTerms, Room, RuleTerms, reckon, recompute, room_of

D = Decimal
SHOP = EarnTerms()


def rule(number: int, per_yuan: str, **options: object) -> RuleTerms:
    return RuleTerms(rule_id=number, version_id=number * 10, name=f"R{number}", per_yuan=D(per_yuan), **options)


def lines(*bases: str, rule: RuleTerms | None = None) -> list[EarnLine]:
    return [EarnLine(D(base), rule=rule) for base in bases]


def test_an_order_is_rounded_once_and_not_by_line():
    earned = reckon(lines("0.60", "0.60", "0.60"), SHOP)

    assert (earned.computed, earned.granted, earned.limited_by, earned.per_line) == (1, 1, "", (1, 0, 0))


def test_the_worked_example_earns_127():
    assert reckon(lines("84.99", "42.50", "0.01"), SHOP).per_line == (85, 42, 0)


def test_rates_and_multiples_are_exact():
    assert reckon(lines("99.90"), EarnTerms(multiple=D(5))).granted == 499
    assert reckon(lines("0.10", "0.10", "0.10"), EarnTerms(per_yuan=D("0.1"), multiple=D("33.4"))).granted == 1
    assert reckon([EarnLine(D("10.00"), D("1.5")), EarnLine(D("7.00"), D(0))], EarnTerms(multiple=D(2))).per_line == (
        30,
        0,
    )
    assert reckon([], SHOP).granted == 0
    assert reckon(lines("0.00"), SHOP).per_line == (0,)


def test_a_base_below_zero_is_refused():
    with pytest.raises(ValueError, match="negative"):
        reckon(lines("-0.01"), SHOP)


def test_a_rule_counts_for_its_own_lines_and_0_excludes_them():
    fruit, tobacco = rule(1, "2"), rule(2, "0")
    basket = [*lines("10.50", rule=fruit), *lines("30.00", rule=tobacco), *lines("1.50")]

    earned = reckon(basket, SHOP)

    assert (earned.granted, earned.per_line) == (22, (21, 0, 1))
    assert earned.by_rule == {1: 21, 2: 0}


@pytest.mark.parametrize(("second", "points"), [("9.99", 19), ("10.00", 60)])
def test_below_its_order_minimum_the_shops_own_rate_counts(second, points):
    wine = rule(1, "3", order_minimum=D("20.00"), cap_per_order=999)

    earned = reckon(lines("10.00", second, rule=wine), SHOP)

    assert earned.granted == points
    assert [one is not None for one in earned.rules] == [points == 60] * 2


@pytest.mark.parametrize(
    ("limits", "granted", "limited_by"),
    [
        ({"order": 100}, 100, "order"),
        ({"order": 126, "day": 40, "month": 500}, 40, "day"),
        ({"order": 60, "lifetime": 60}, 60, "order"),
        ({"budget": 0}, 0, "budget"),
        ({"order": 127}, 127, ""),
    ],
)
def test_the_tightest_cap_of_the_order_cuts_and_names_itself(limits, granted, limited_by):
    earned = reckon(lines("84.99", "42.50", "0.01"), SHOP, Room(order=limits))

    assert (earned.computed, earned.granted, earned.limited_by) == (127, granted, limited_by)
    assert sum(earned.per_line) == granted


def test_a_cap_of_a_rule_cuts_only_what_the_rule_gives():
    fruit = rule(1, "2")
    basket = [*lines("30.00", "20.00", rule=fruit), *lines("9.00")]

    earned = reckon(basket, SHOP, Room(by_rule={1: {"rule_day": 40, "rule_budget": 70}}))

    assert (earned.computed, earned.granted, earned.limited_by) == (109, 49, "rule_day")
    assert earned.per_line == (24, 16, 9)
    assert earned.by_rule == {1: 40}


def test_no_rule_gets_more_than_its_cap_leaves_however_the_rest_is_split():
    fruit = rule(1, "1")
    thirds = [EarnLine(D("1.00"), D("0.5"), fruit)] * 3
    basket = [*thirds, *[EarnLine(D("0.10"))] * 10]

    earned = reckon(basket, SHOP, Room(by_rule={1: {"rule_budget": 1}}))

    assert earned.granted == 2
    assert sum(earned.per_line[:3]) == earned.by_rule[1] == 1


def test_ten_small_refunds_take_back_all_ten_points_where_others_take_none():
    sale = reckon(lines("100.00"), EarnTerms(per_yuan=D("0.1")))
    earned, taken = sale.granted, []
    for number in range(1, 11):
        kept = recompute(sale.snapshot, [D("100.00") - D("9.99") * number])
        taken.append(earned - sum(taken) - kept)

    assert (earned, sum(taken)) == (10, 10)
    assert taken == [1] * 10
    # One floor of each refund, as others do it: nothing at all.
    assert sum(int(D("9.99") * D("0.1")) for _number in range(10)) == 0


def test_the_worked_example_returned_piece_by_piece_takes_28_29_28_42_0():
    sale = reckon(lines("84.99", "42.50", "0.01"), SHOP)
    rest = [D("84.99"), D("42.50"), D("0.01")]
    kept, taken = sale.granted, []
    for index, part in [(0, "28.33"), (0, "28.33"), (0, "28.33"), (1, "42.50"), (2, "0.01")]:
        rest[index] -= D(part)
        left = recompute(sale.snapshot, rest)
        taken.append(kept - left)
        kept = left

    assert taken == [28, 29, 28, 42, 0]


def test_a_threshold_that_the_rest_no_longer_reaches_is_lost_or_kept():
    wine = rule(1, "3", order_minimum=D("100.00"))
    sale = reckon(lines("60.00", "50.00", rule=wine), SHOP)

    assert sale.granted == 330
    assert recompute(sale.snapshot, [D("60.00"), D("0.00")]) == 60
    assert recompute(sale.snapshot, [D("60.00"), D("0.00")], keeps_thresholds=True) == 180


def test_a_return_never_reaches_a_threshold_that_the_sale_did_not():
    wine = rule(1, "0", order_minimum=D("100.00"))
    sale = reckon(lines("99.00", rule=wine), SHOP)

    assert recompute(sale.snapshot, [D("50.00")]) == 50


def test_what_the_cap_left_at_the_sale_caps_the_rest_too():
    sale = reckon(lines("100.00", "100.00"), SHOP, Room(order={"day": 120}))

    assert recompute(sale.snapshot, [D("100.00"), D("50.00")]) == 120
    assert recompute(sale.snapshot, [D("100.00"), D("0.00")]) == 100
    assert recompute(sale.snapshot, ()) == 0


def test_an_entry_from_before_rules_had_scopes_is_recomputed_at_its_one_rate():
    assert recompute({"per_yuan": "1", "multiple": "2"}, [D("10.75"), D("0.00")]) == 21


def test_a_snapshot_survives_json_and_says_everything():
    fruit = rule(7, "2.5000", order_minimum=D("5.00"))
    room = Room(order={"order": 500}, by_rule={7: {"rule_month": 30}})
    sale = reckon([*lines("10.00", rule=fruit), *lines("4.00")], EarnTerms(caps=Caps(per_order=500)), room)

    assert json.loads(json.dumps(sale.snapshot)) == {
        "per_yuan": "1",
        "multiple": "1",
        "face": [100, 100],
        "lines": [
            {"base": "10.00", "factor": "1", "rule": 7},
            {"base": "4.00", "factor": "1", "rule": None},
        ],
        "rules": {
            "7": {
                "version": 70,
                "name": "R7",
                "per_yuan": "2.5000",
                "minimum": "5.00",
                "held": True,
                "limits": {"rule_month": 30},
            }
        },
        "limits": {"order": 500},
        "granted": {"7": 25},
    }
    assert room_of(json.loads(json.dumps(sale.snapshot))) == room


RULES = st.sampled_from([None, rule(1, "2"), rule(2, "0"), rule(3, "3", order_minimum=D("50.00")), rule(4, "0.3")])
BASKETS = st.lists(st.tuples(st.integers(0, 10**5), RULES, st.sampled_from([0, 1])), max_size=12)
LIMITS = st.dictionaries(st.sampled_from(["order", "day", "budget"]), st.integers(0, 2000))
RULE_LIMITS = st.dictionaries(
    st.sampled_from([1, 3, 4]), st.dictionaries(st.sampled_from(["rule_order", "rule_budget"]), st.integers(0, 500))
)


@settings(deadline=None)
@given(BASKETS, st.integers(1, 100), LIMITS, RULE_LIMITS)
def test_parts_sum_to_the_whole_and_no_cap_is_exceeded(basket, tenths, limits, rule_limits):
    goods = [EarnLine(D(cents) / 100, D(factor), one) for cents, one, factor in basket]

    earned = reckon(goods, EarnTerms(multiple=D(tenths) / 10), Room(limits, rule_limits))

    assert sum(earned.per_line) == earned.granted <= earned.computed
    assert all(points >= 0 for points in earned.per_line)
    assert all(earned.granted <= limit for limit in limits.values())
    for number, caps in rule_limits.items():
        given_by_rule = sum(
            points
            for points, one in zip(earned.per_line, earned.rules, strict=True)
            if one is not None and one.rule_id == number
        )
        assert given_by_rule == earned.by_rule.get(number, 0)
        assert all(given_by_rule <= limit for limit in caps.values())
    assert (earned.limited_by == "") == (earned.granted == earned.computed)
    exact = sum(
        (
            Fraction(line.base) * Fraction(line.factor) * Fraction(1 if one is None else one.per_yuan)
            for line, one in zip(goods, earned.rules, strict=True)
        ),
        Fraction(0),
    )
    assert earned.computed == exact * tenths // 10


@settings(deadline=None)
@given(BASKETS, LIMITS, RULE_LIMITS, st.data())
def test_any_returns_take_back_exactly_what_was_earned_and_never_less_than_nothing(basket, limits, rule_limits, data):
    goods = [EarnLine(D(cents) / 100, D(factor), one) for cents, one, factor in basket]
    sale = reckon(goods, SHOP, Room(limits, rule_limits))
    snapshot = json.loads(json.dumps(sale.snapshot))
    assert recompute(snapshot, [line.base for line in goods]) == sale.granted
    rest, kept = [cents for cents, _rule, _factor in basket], sale.granted
    for index in data.draw(st.permutations(range(len(rest)))):
        rest[index] = data.draw(st.integers(0, rest[index]))
        left = recompute(snapshot, [D(cents) / 100 for cents in rest])
        kept -= max(kept - left, 0)
        assert kept >= 0

    assert kept - recompute(snapshot, [D(0)] * len(rest)) == kept
