"""What tags and filters can ask about points."""

from datetime import UTC, datetime, timedelta

import pytest

from core.facts import compile_rule, validate
from members.models import Member
from points import services
from tests.factories.ledgers import make_member

END_OF_TOMORROW = datetime(2026, 3, 19, 16, 0, tzinfo=UTC)


@pytest.fixture
def members(store, now):
    """One without points, one with 50 that end tomorrow, one with 80 that end the day after and 20 that never do."""
    found = [make_member(store) for _number in range(3)]
    for index, points, ends_at in (
        (1, 50, END_OF_TOMORROW),
        (2, 80, END_OF_TOMORROW + timedelta(days=1)),
        (2, 20, None),
    ):
        services.earn(
            member_id=found[index].pk,
            points=points,
            source="o:1",
            idempotency_key=f"e{points}",
            at=now,
            store=store,
            actor=None,
            expires_at=ends_at,
        )
    return found


@pytest.mark.parametrize(
    ("fact", "params", "figures"),
    [
        ("points.balance", {}, [0, 50, 100]),
        ("points.expiring", {"days": 1}, [0, 0, 0]),
        ("points.expiring", {"days": 2}, [0, 50, 0]),
        ("points.expiring", {"days": 3}, [0, 50, 80]),
    ],
)
def test_a_fact_counts_what_its_label_says(members, now, fact, params, figures):
    for index, figure in enumerate(figures):
        rule = {"fact": fact, "op": "eq", "value": figure, "params": params}
        validate(rule)
        annotations, condition = compile_rule(rule, now)
        assert members[index] in Member.objects.annotate(**annotations).filter(condition)
