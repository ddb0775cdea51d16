"""How payments and refunds are split, in fen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.rules import SPENDING_ORDERS, LotState, split_payment, split_refund

AT = datetime(2026, 3, 18, tzinfo=UTC)
LOTS = [
    LotState(1, 10, False, 10000, AT),
    LotState(2, 10, True, 2000, AT, AT + timedelta(days=90)),
    LotState(3, 20, False, 5000, AT + timedelta(days=1)),
    LotState(4, 20, True, 1000, AT + timedelta(days=1), AT + timedelta(days=30)),
    LotState(5, 20, True, 500, AT + timedelta(days=1)),
]


@pytest.mark.parametrize(
    ("order", "amount", "parts"),
    [
        ("proportional", 12000, {1: 10000, 2: 2000}),
        ("proportional", 1, {2: 1}),
        ("proportional", 6001, {1: 5000, 2: 1001}),
        ("proportional", 13301, {1: 10000, 2: 2000, 3: 1000, 4: 301}),
        ("proportional", 18400, {1: 10000, 2: 2000, 3: 4923, 4: 1000, 5: 477}),
        ("bonus_first", 3200, {4: 1000, 2: 2000, 5: 200}),
        ("bonus_first", 4000, {4: 1000, 2: 2000, 5: 500, 1: 500}),
        ("principal_first", 16000, {1: 10000, 3: 5000, 2: 1000}),
        ("principal_first", 18400, {1: 10000, 3: 5000, 2: 2000, 4: 1000, 5: 400}),
    ],
)
def test_a_payment_eats_the_lots_in_the_order_of_the_setting(order, amount, parts):
    assert {lot.lot_id: part for lot, part in split_payment(LOTS, amount, order)} == parts


def test_an_unknown_order_is_refused():
    with pytest.raises(LookupError):
        split_payment(LOTS, 1, "newest_first")


@st.composite
def some_lots(draw):
    rows = draw(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(1, 10**6)), max_size=12))
    return [
        LotState(index, recharge, is_bonus, remaining, AT + timedelta(days=recharge))
        for index, (recharge, is_bonus, remaining) in enumerate(rows)
    ]


@given(some_lots(), st.integers(1, 10**7), st.sampled_from(SPENDING_ORDERS))
def test_a_payment_never_takes_more_than_a_lot_holds_and_all_it_can(lots, amount, order):
    parts = split_payment(lots, amount, order)

    assert all(0 < part <= lot.remaining for lot, part in parts)
    assert len({lot.lot_id for lot, _part in parts}) == len(parts)
    assert sum(part for _lot, part in parts) == min(amount, sum(lot.remaining for lot in lots))


@given(st.lists(st.integers(0, 10**5), min_size=1, max_size=8), st.data())
def test_any_parts_of_a_refund_give_every_lot_back_what_it_gave(gave, data):
    owed = list(gave)
    while sum(owed):
        amount = data.draw(st.integers(max(1, sum(owed) // 3), sum(owed)))
        parts = split_refund(owed, amount)
        assert sum(parts) == amount
        assert all(0 <= part <= left for part, left in zip(parts, owed, strict=True))
        owed = [left - part for left, part in zip(owed, parts, strict=True)]

    assert owed == [0] * len(gave)
    with pytest.raises(ValueError, match="more"):
        split_refund(owed, 1)
