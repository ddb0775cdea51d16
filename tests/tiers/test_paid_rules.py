"""The arithmetic of paid tiers alone: days, refunds to the fen, conversions."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiers.rules.paid import (
    Remainder,
    Term,
    converted_days,
    converted_term,
    new_term,
    renewed_term,
    share_left,
    split,
)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
prices = st.decimals("0.01", "20000.00", places=2)
lengths = st.sampled_from([1, 3, 6, 12, 24])


def test_a_quarter_bought_on_31_january_ends_with_april_and_its_renewals_with_july_and_october():
    bought = new_term(date(2026, 1, 31), 3)

    assert bought == Term(date(2026, 1, 31), date(2026, 4, 30))
    renewed = renewed_term(bought.last, 3, 31)
    assert renewed == Term(date(2026, 5, 1), date(2026, 7, 31))
    assert renewed_term(renewed.last, 3, 31) == Term(date(2026, 8, 1), date(2026, 10, 31))


@pytest.mark.parametrize(
    ("today", "months", "last", "total"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28), 29),
        (date(2028, 1, 31), 1, date(2028, 2, 29), 30),
        (date(2026, 3, 18), 1, date(2026, 4, 18), 32),
        (date(2026, 3, 18), 12, date(2027, 3, 18), 366),
        (date(2028, 2, 29), 12, date(2029, 2, 28), 366),
    ],
)
def test_a_purchase_runs_through_the_same_day_of_the_month_or_the_last_one(today, months, last, total):
    assert (new_term(today, months).last, new_term(today, months).total) == (last, total)


def test_monthly_renewals_of_a_card_bought_on_the_31st_keep_the_31st():
    last = date(2026, 1, 31)
    ends = []
    for _month in range(4):
        last = renewed_term(last, 1, 31).last
        ends.append(last)

    assert ends == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_the_day_of_the_refund_counts_as_used_and_a_later_purchase_is_whole():
    term = Term(date(2026, 3, 18), date(2026, 4, 18))

    assert [term.left(term.first), term.left(term.last), term.left(term.last + timedelta(days=9))] == [31, 0, 0]
    assert term.left(date(2026, 3, 1)) == 32


@pytest.mark.parametrize(
    ("price", "left", "total", "pays"),
    [
        ("30.00", 31, 32, "29.06"),
        ("365.00", 365, 366, "364.00"),
        ("100.00", 2, 3, "66.66"),
        ("0.01", 31, 32, "0.00"),
        ("99.99", 90, 90, "99.99"),
        ("30.00", 0, 32, "0.00"),
    ],
)
def test_a_refund_is_price_times_days_left_over_days_in_all_down_to_the_fen(price, left, total, pays):
    assert share_left(D(price), left, total) == D(pays)


@given(price=prices, first=days, months=lengths, today=days)
def test_a_refund_is_never_above_the_price_nor_negative_and_less_than_a_fen_below_the_exact_share(
    price, first, months, today
):
    term = new_term(first, months)
    left = term.left(today)

    paid = share_left(price, left, term.total)

    assert D(0) <= paid <= price
    exact = price * left / term.total
    assert D(0) <= exact - paid < D("0.01")


@given(price=prices, first=days, months=lengths, count=st.integers(1, 6), later=st.integers(0, 900))
def test_refunding_all_of_a_chain_of_renewals_never_pays_more_than_the_days_left_cost(
    price, first, months, count, later
):
    terms = [new_term(first, months)]
    for _renewal in range(count):
        terms.append(renewed_term(terms[-1].last, months, first.day))
    today = first + timedelta(days=later)

    paid = sum(share_left(price, term.left(today), term.total) for term in terms)

    assert all(term.first == before.last + timedelta(days=1) for before, term in pairwise(terms))
    assert paid <= sum(price for term in terms if term.last > today)
    exact = sum(price * term.left(today) / term.total for term in terms)
    assert D(0) <= exact - paid < D("0.01") * len(terms)


def test_half_a_month_converts_into_a_year_by_the_ratio_of_the_prices_rounded_up_for_the_member():
    # 15 of 30 days of 30 yuan are worth 15.00; a year of 366 days for 300 costs 0.8197 a day: 18.3 days.
    assert converted_days([Remainder(D("30.00"), 15, 30)], D("300.00"), 366) == 19
    # 150 days' worth exactly is not rounded at all.
    assert converted_days([Remainder(D("30.00"), 15, 30)], D("36.60"), 366) == 150
    assert converted_term(date(2026, 3, 18), 12, D("300.00"), [Remainder(D("30.00"), 15, 30)]) == Term(
        date(2026, 3, 18), date(2027, 4, 6)
    )


@given(
    worths=st.lists(st.tuples(prices, st.integers(0, 400), st.integers(1, 400)), min_size=0, max_size=4),
    price=prices,
    total=st.integers(28, 370),
)
def test_converted_days_are_worth_at_least_what_was_left_and_less_than_a_day_more(worths, price, total):
    remainders = [Remainder(worth, min(left, whole), whole) for worth, left, whole in worths]

    found = converted_days(remainders, price, total)

    exact = sum(one.worth * one.left / one.total for one in remainders) * total / price
    assert found - 1 < exact + D("1e-9")
    assert found >= exact - D("1e-9")


def test_a_refund_is_split_over_the_payments_that_it_came_from():
    assert split(D("10.00"), [D("20.00"), D("10.00")]) == [D("6.67"), D("3.33")]
    assert split(D("0.00"), [D("20.00")]) == [D("0.00")]
