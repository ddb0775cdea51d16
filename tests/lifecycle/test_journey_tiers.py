"""Tier rules run over the real grocery year: the matrix of the run against plain SQL that knows no engine."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from checkout.models import Order
from checkout.selectors.replay.tiers import matrix_of, simulate
from tiers.models import Track, Version
from tiers.rules import Thresholds, Window
from tiers.selectors import list_versions_in_force

FIRST, LAST = date(2017, 1, 1), date(2017, 12, 31)
AT = datetime(2018, 1, 2, tzinfo=UTC)
ENDS = datetime(2017, 12, 31, 16, tzinfo=UTC)
HOUSEHOLDS = 20
LADDERS = (
    (("500", "2000", "5000"), ("60", "120", "400")),
    (("812.37", "1600.01", "3333.33"), ("45", "46", "200")),
)

# Within twelve months nobody's level ends, so that the level at the end of the year is the best that any order reached:
# the highest that the running sums of spend or of orders ever gave.
INDEPENDENT = """
    WITH running AS (
        SELECT o.member_id,
               sum(o.payable) OVER (PARTITION BY o.member_id ORDER BY o.occurred_at, o.id) AS spend,
               count(*) FILTER (WHERE o.payable > 0)
                   OVER (PARTITION BY o.member_id ORDER BY o.occurred_at, o.id) AS orders
        FROM checkout_order o
        WHERE o.member_id IS NOT NULL AND o.occurred_at < %(ends)s
    ), best AS (
        SELECT member_id, max(spend) AS spend, max(orders) AS orders FROM running GROUP BY member_id
    )
    SELECT member_id, CASE {cases} ELSE %(base)s END FROM best
"""


@pytest.fixture
def journey(db: None) -> None:
    call_command("load_journey", "--households", str(HOUSEHOLDS), stdout=StringIO())


def _rules(spend: Sequence[str], orders: Sequence[str]) -> list[Version]:
    """The ladder that ships with other thresholds: spend or orders within twelve months."""
    versions = list_versions_in_force(AT)
    changed = [versions[0]]
    for version, amount, count in zip(versions[1:], spend, orders, strict=True):
        thresholds = Thresholds(
            {"spend": Decimal(amount), "orders": Decimal(count)}, "any", Window("rolling_months", 12)
        )
        changed.append(
            Version(
                tier=version.tier,
                effective_at=AT,
                thresholds=thresholds.to_json(),
                discount_factor=version.discount_factor,
                points_multiple=version.points_multiple,
            )
        )
    return changed


def _independently(versions: Sequence[Version]) -> dict[int, int]:
    """The level of each member at the end of the year by plain SQL."""
    cases, params = [], {"base": versions[0].tier_id, "ends": ENDS}
    for version in reversed(versions[1:]):
        rule = version.rule
        cases.append(
            f"WHEN spend >= {rule.metrics['spend']} OR orders >= {rule.metrics['orders']} THEN {version.tier_id}"
        )
    with connection.cursor() as cursor:
        cursor.execute(INDEPENDENT.format(cases=" ".join(cases)), params)
        return dict(cursor.fetchall())


def _run(versions: Sequence[Version]) -> dict[str, Any]:
    *_, last = simulate(Track.objects.get(code="growth"), versions, first=FIRST, last=LAST, at=AT)
    assert last.result is not None
    return last.result


def test_the_matrix_of_the_real_year_equals_plain_sql(journey: None) -> None:
    today = _independently_by_spend(list_versions_in_force(AT))
    bought = Order.objects.filter(member__isnull=False, occurred_at__lt=ENDS).count()

    for spend, orders in LADDERS:
        tried = _rules(spend, orders)
        result = _run(tried)

        under_draft = _independently(tried)
        expected = Counter((today[member], under_draft[member]) for member in under_draft)
        assert result["members"] == HOUSEHOLDS == len(under_draft)
        assert matrix_of(result) == dict(expected)
        assert len({after for _before, after in expected}) >= 3
        assert (result["orders"], result["orders_imported"]) == (bought, bought)


def _independently_by_spend(versions: Sequence[Version]) -> dict[int, int]:
    """The rules that ship ask for spend or points; imported orders earned no points."""
    best = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, sum(payable) FROM checkout_order "
            "WHERE member_id IS NOT NULL AND occurred_at < %s GROUP BY member_id",
            [ENDS],
        )
        for member_id, spend in cursor.fetchall():
            reached = [one for one in versions if spend >= one.rule.metrics.get("spend", 0)]
            best[member_id] = reached[-1].tier_id
    return best


def test_the_same_rules_cost_nothing_and_a_cheaper_level_what_it_takes_off(journey: None) -> None:
    """The other rules: one level from the first order on, at 10 % off. Every later order costs the lower of its price
    and 90 % of the list amount, line by line."""
    same = _run(list_versions_in_force(AT))
    assert (same["moved"], same["orders_changed"], same["winners"], same["losers"]) == (0, 0, [], [])
    assert same["now"] == same["then"]

    base, silver, *_rest = list_versions_in_force(AT)
    rule = Thresholds({"orders": Decimal(1)}, "any", Window("rolling_months", 12)).to_json()
    tried = [base, Version(tier=silver.tier, effective_at=AT, thresholds=rule, discount_factor=Decimal("0.9"))]

    result = _run(tried)

    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH placed AS (
                SELECT o.id, row_number() OVER (PARTITION BY o.member_id ORDER BY o.occurred_at, o.id) AS place,
                       bool_or(o.payable > 0) OVER (PARTITION BY o.member_id ORDER BY o.occurred_at, o.id
                                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS has_bought
                FROM checkout_order o WHERE o.member_id IS NOT NULL AND o.occurred_at < %s
            )
            SELECT sum(CASE WHEN p.has_bought THEN least(l.net, round(l.list_amount * 0.9, 2)) ELSE l.net END)
            FROM placed p JOIN checkout_orderline l ON l.order_id = p.id
            """,
            [ENDS],
        )
        expected = cursor.fetchone()[0]
    assert Decimal(result["then"]["payable"]) == expected
