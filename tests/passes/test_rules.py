"""What a use is worth and what a refund pays: tables and properties, without a database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D  # noqa: N817

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes import rules
from passes.rules import Terms

TEN = Terms(
    pass_id=1,
    name="10 washes",
    member_id=1,
    product_ids=frozenset({1}),
    price=D("200.00"),
    total_uses=12,
    remaining=12,
    unused_value=D("200.00"),
    unit_list_price=D("30.00"),
    is_unlimited=False,
    starts_on=date(2026, 3, 18),
    last_on=None,
)
MONTH = replace(
    TEN,
    price=D("300.00"),
    unused_value=D("300.00"),
    total_uses=0,
    remaining=0,
    is_unlimited=True,
    last_on=date(2026, 4, 16),
)


def after(terms, used):
    taken = sum(rules.use_values(terms.price, terms.total_uses)[:used], D(0))
    return replace(terms, remaining=terms.total_uses - used, unused_value=terms.price - taken)


def test_the_price_is_spread_over_paid_and_free_uses_by_largest_remainder():
    assert rules.use_values(D("100.00"), 3) == [D("33.34"), D("33.33"), D("33.33")]
    assert rules.use_values(D("200.00"), 12) == [D("16.67")] * 8 + [D("16.66")] * 4


@given(st.integers(1, 500_000), st.integers(1, 400), st.data())
def test_uses_taken_and_undone_in_any_order_sum_exactly_to_the_price(fen, uses, data):
    price = D(fen).scaleb(-2)
    left, unused, taken = uses, price, []
    assert sum(rules.use_values(price, uses)) == price

    while left:
        if taken and data.draw(st.integers(0, 3)) == 0:
            number, value = taken.pop(data.draw(st.integers(0, len(taken) - 1)))
            left, unused = left + number, unused + value
            if data.draw(st.booleans()):
                continue
        number = data.draw(st.integers(1, left))
        value = sum(rules.next_values(unused, left, number), D(0))
        assert value >= 0
        taken.append((number, value))
        left, unused = left - number, unused - value

    assert unused == 0
    assert sum(value for _number, value in taken) == price


@given(st.integers(1, 500_000), st.integers(1, 400))
def test_uses_one_after_the_other_are_the_shares_of_the_new_pass(fen, uses):
    price = D(fen).scaleb(-2)
    unused, found = price, []
    for left in range(uses, 0, -1):
        value = rules.next_values(unused, left, 1)[0]
        unused -= value
        found.append(value)

    assert found == rules.use_values(price, uses)


def test_more_uses_than_remain_are_an_error():
    with pytest.raises(ValueError, match="remain"):
        rules.next_values(D("10.00"), 1, 2)


@pytest.mark.parametrize(
    ("used", "ground", "article", "amount", "formula"),
    [
        (4, "merchant", "18", "133.34", "200.00 - 4 × 200.00 / 12 = 133.34"),
        (4, "customer", "19", "80.00", "200.00 - 4 × 30.00 = 80.00"),
        (7, "customer", "19", "0.00", "200.00 - 7 × 30.00 = -10.00, 0 (Art. 20)"),
        (0, "cooling_off", "14, 15", "200.00", "200.00 - 0 × 200.00 / 12 = 200.00"),
        (12, "merchant", "18", "0.00", "200.00 - 12 × 200.00 / 12 = 0.00"),
    ],
)
def test_a_refund_follows_the_article_of_its_ground(used, ground, article, amount, formula):
    quote = rules.lawful_refund(after(TEN, used), ground, date(2026, 3, 20))

    assert (quote.article, quote.amount, quote.formula) == (article, D(amount), formula)


def test_within_seven_days_a_pass_by_days_that_was_never_used_comes_back_whole():
    unused = rules.lawful_refund(MONTH, "cooling_off", date(2026, 3, 20))
    used = rules.lawful_refund(replace(MONTH, unused_value=D("290.00")), "cooling_off", date(2026, 3, 20))

    assert (unused.article, unused.amount) == ("14", D("300.00"))
    assert (used.article, used.amount) == ("14, 22", D("270.00"))


@pytest.mark.parametrize(
    ("on", "amount"), [("2026-03-18", "290.00"), ("2026-03-27", "200.00"), ("2026-04-16", "0.00"), ("2026-05-01", "0")]
)
def test_a_pass_by_days_is_refunded_by_the_days_that_are_left(on, amount):
    quote = rules.lawful_refund(MONTH, "customer", date.fromisoformat(on))

    assert (quote.article, quote.amount) == ("22", D(amount))


@given(st.integers(1, 500_000), st.integers(1, 100), st.integers(1, 500_000), st.data())
def test_a_refund_is_never_negative_never_above_the_price_and_falls_with_use(fen, uses, unit_fen, data):
    terms = replace(TEN, price=D(fen).scaleb(-2), total_uses=uses, unit_list_price=D(unit_fen).scaleb(-2))
    used = data.draw(st.integers(0, uses))
    for ground in ("merchant", "customer"):
        amounts = [
            rules.lawful_refund(replace(terms, remaining=uses - one), ground, date(2026, 3, 20)).amount
            for one in (0, used, uses)
        ]
        assert amounts[0] == terms.price
        assert amounts[0] >= amounts[1] >= amounts[2] >= 0
    package = rules.refund_at_package_price(replace(terms, remaining=uses - used)).amount
    # The rounding is the customer's: never less than the exact share, never a fen more.
    assert 0 <= package * uses - terms.price * (uses - used) < D("0.01") * uses


def test_the_seven_days_of_the_law_are_counted_from_the_day_of_payment():
    assert rules.in_cooling_off(TEN, date(2026, 3, 24)) is True
    assert rules.in_cooling_off(TEN, date(2026, 3, 25)) is False


def test_the_promise_pays_every_unused_share_or_nothing_of_its_own():
    assert rules.promised_refund(after(TEN, 7), "package", date(2026, 3, 20)) == D("83.34")
    assert rules.promised_refund(after(TEN, 7), "law", date(2026, 3, 20)) == D("0.00")
    assert rules.promised_refund(MONTH, "package", date(2026, 3, 27)) == D("200.00")


def test_a_use_by_days_takes_the_days_since_the_last_one_but_not_more_than_the_goods_cost():
    first = rules.value_by_days(MONTH, date(2026, 3, 18), D("50.00"))
    again = rules.value_by_days(replace(MONTH, unused_value=D("290.00")), date(2026, 3, 18), D("50.00"))
    late = rules.value_by_days(replace(MONTH, unused_value=D("290.00")), date(2026, 3, 27), D("50.00"))
    last = rules.value_by_days(replace(MONTH, unused_value=D("20.00")), date(2026, 4, 16), D("50.00"))

    assert (first, again, late, last) == (D("10.00"), D("0.00"), D("50.00"), D("20.00"))


def test_lines_share_a_pass_in_their_order_and_goods_that_became_cheaper_are_never_paid_above_their_price():
    plan = rules.plan_uses(TEN, [(2, D("60.00")), (1, D("12.00"))], date(2026, 3, 18))

    assert [(use.uses, use.value, use.pays) for use in plan] == [
        (2, D("33.34"), D("33.34")),
        (1, D("16.67"), D("12.00")),
    ]


def test_passes_are_offered_by_their_end_and_those_without_end_last():
    early = replace(TEN, pass_id=5, last_on=date(2026, 4, 1))
    same = replace(TEN, pass_id=4, last_on=date(2026, 4, 1))

    assert [terms.pass_id for terms in rules.fifo([TEN, early, MONTH, same])] == [4, 5, 1, 1]
    assert rules.fifo([TEN, MONTH])[-1] is TEN
