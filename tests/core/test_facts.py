"""Rules over facts: what is refused, and three-valued logic in every nesting."""

import itertools
from datetime import UTC, datetime

import pytest
from django.db.models import F

from core import facts
from core.facts import Fact, InvalidRule, Param
from members.models import Member
from tests.factories.members import create_member

NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
MONTH = {"fact": "test.month", "op": "gte", "value": 6}


@pytest.fixture(autouse=True)
def _facts(monkeypatch):
    monkeypatch.setattr(facts, "_facts", {})
    facts.register(
        Fact("test.month", "Month", "integer", lambda now, params: F("birth_month")),
        Fact("test.money", "Spent", "money", lambda now, params: F("birth_month"), (Param("days", "Days", 30),)),
        Fact("test.day", "Day", "date", lambda now, params: F("registered_at__date")),
        Fact("test.kind", "Kind", "choice", lambda now, params: F("gender"), choices=lambda: [("male", "Male")]),
        Fact("test.yes", "Named", "boolean", lambda now, params: F("is_named")),
    )


@pytest.mark.parametrize(
    "node",
    [
        MONTH,
        {"fact": "test.month", "op": "in", "value": "1, 2"},
        {"fact": "test.month", "op": "in", "value": [1, 2]},
        {"fact": "test.money", "op": "gt", "value": "12.50", "params": {"days": "90"}},
        {"fact": "test.day", "op": "lte", "value": "2026-03-01"},
        {"fact": "test.kind", "op": "ne", "value": "male"},
        {"fact": "test.yes", "op": "eq", "value": "true"},
        {"fact": "test.kind", "op": "empty", "value": "true"},
        {"none": [{"any": [MONTH]}]},
    ],
)
def test_whole_rules_are_taken_and_compile(db, node):
    facts.validate(node)
    annotations, condition = facts.compile_rule(node, NOW)

    assert Member.objects.alias(**annotations).filter(condition).count() == 0


@pytest.mark.parametrize(
    "node",
    [
        None,
        "x",
        {"fact": "test.month", "op": "gte"},
        {"fact": "test.month", "op": "gte", "value": "1.5"},
        {"fact": "test.money", "op": "gt", "value": "NaN"},
        {"fact": "test.money", "op": "gt", "value": "1", "params": {"days": 0}},
        {"fact": "test.money", "op": "gt", "value": "1", "params": {"days": "x"}},
        {"fact": "test.money", "op": "gt", "value": "1", "params": {"weeks": 1}},
        {"fact": "test.money", "op": "in", "value": "1"},
        {"fact": "test.day", "op": "lte", "value": "yesterday"},
        {"fact": "test.kind", "op": "lt", "value": "male"},
        {"fact": "test.yes", "op": "ne", "value": "true"},
    ],
)
def test_rules_that_mean_nothing_are_refused(node):
    with pytest.raises(InvalidRule):
        facts.validate(node)


def test_every_nesting_of_joints_keeps_three_valued_logic(store):
    """Compared with Kleene's logic in Python, for members born in June, in January and on an unknown day."""
    months = {
        create_member(store, birth_month=month, birth_day=1 if month else None).pk: month for month in (6, 1, None)
    }

    def truth(node, month):
        if "fact" in node:
            return None if month is None else (month >= 6) != (node["op"] == "lt")
        values = [truth(child, month) for child in next(iter(node.values()))]
        if "all" in node:
            return False if False in values else None if None in values else True
        found = True if True in values else None if None in values else False
        return found if "any" in node or found is None else not found

    below = {"fact": "test.month", "op": "lt", "value": 6}
    for outer, middle, inner in itertools.product(("all", "any", "none"), repeat=3):
        rule = {outer: [{middle: [{inner: [MONTH, below]}, MONTH]}, {inner: [below]}]}
        annotations, condition = facts.compile_rule(rule, NOW)
        found = set(Member.objects.alias(**annotations).filter(condition).values_list("pk", flat=True))
        assert found == {pk for pk, month in months.items() if truth(rule, month) is True}, rule
