"""A decision depends on what counts in the window, not on the order in which it was told (invariant 23, T04)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.models import Member
from tests.factories.levels import happen, open_codes, record
from tests.factories.members import create_member
from tiers import services
from tiers.models import Change

TODAY = date(2026, 3, 18)
# The example of the sources (T04): silver for 500 yuan or 500 points, at the boundary fen and point, in three sales.
EXAMPLES = [
    ([("199.99", "100"), ("150.00", "200"), ("150.00", "199")], {}),
    ([("199.99", "100"), ("150.00", "200"), ("150.01", "199")], {"growth": "silver"}),
    ([("199.99", "100"), ("150.00", "200"), ("150.00", "200")], {"growth": "silver"}),
    ([("200.00", "100"), ("150.00", "199"), ("150.00", "200")], {"growth": "silver"}),
]


@pytest.mark.parametrize(("sales", "reached"), EXAMPLES)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1), (2, 0, 1)])
def test_500_yuan_or_500_points_to_the_fen_and_point_in_any_order(
    member: Member, now: datetime, sales: Any, reached: dict[str, str], order: tuple[int, ...]
) -> None:
    for index in order:
        spend, points = sales[index]
        happen(member, now, f"sale:{index}", spend=spend, points=points)

    assert open_codes(member) == reached


events = st.lists(
    st.tuples(
        st.sampled_from(["spend", "points", "orders", "recharge", "growth"]),
        st.integers(1, 300_000),
        # Days ago: in the window of twelve months, at its edge, and before it.
        st.sampled_from([0, 1, 30, 364, 365, 400]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=events, data=st.data())
def test_shuffled_events_give_the_same_level(member: Member, now: datetime, happened: Any, data: Any) -> None:
    shuffled = data.draw(st.permutations(list(enumerate(happened))))
    told, retold = create_member(member.store), create_member(member.store)
    for who, story in ((told, list(enumerate(happened))), (retold, shuffled)):
        for index, (metric, fen, ago) in story:
            amounts: dict[str, Any] = {metric: f"{Decimal(fen) / 100}"}
            record(who, now, f"{who.pk}:{index}", on=TODAY - timedelta(days=ago), **amounts)
            services.reevaluate(member_id=who.pk, at=now, source="x")

    assert open_codes(told) == open_codes(retold)
    spent = sum(Decimal(fen) / 100 for metric, fen, ago in happened if metric == "spend" and ago <= 364)
    points = sum(Decimal(fen) / 100 for metric, fen, ago in happened if metric == "points" and ago <= 364)
    best = max(spent, points)
    expected = "diamond" if best >= 5000 else "gold" if best >= 2000 else "silver" if best >= 500 else None
    assert open_codes(told).get("growth") == expected
    last = [Change.objects.filter(member=who).order_by("pk").last() for who in (told, retold)]
    assert [None if change is None else change.to_tier.code for change in last] == [expected, expected]
