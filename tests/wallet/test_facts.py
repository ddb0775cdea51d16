"""What tags and filters can ask about stored value."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.facts import compile_rule, validate
from members.models import Member
from tests.factories.ledgers import make_member
from wallet import services


@pytest.fixture
def members(store, now):
    """One without money, one who recharged 100 + 10 today and 50 a month ago, one whose recharge was voided."""
    found = [make_member(store) for _number in range(3)]
    where = {"store": store, "actor": None, "source": "r:1"}
    for index, principal, bonus, ago in ((1, 100, 10, 0), (1, 50, 0, 30), (2, 70, 0, 0)):
        made = services.recharge(
            member_id=found[index].pk,
            principal=Decimal(principal),
            bonus=Decimal(bonus),
            idempotency_key=f"r{principal}",
            at=now - timedelta(days=ago),
            **where,
        )
    services.void_recharge(recharge_id=made.pk, idempotency_key="v", reason="x", at=now, store=store, actor=None)
    return found


@pytest.mark.parametrize(
    ("fact", "params", "figures"),
    [
        ("wallet.balance", {}, ["0.00", "160.00", "0.00"]),
        ("wallet.recharged", {"days": 30}, ["0.00", "100.00", "0.00"]),
        ("wallet.recharged", {"days": 31}, ["0.00", "150.00", "0.00"]),
    ],
)
def test_a_fact_counts_what_its_label_says(members, now, fact, params, figures):
    for index, figure in enumerate(figures):
        rule = {"fact": fact, "op": "eq", "value": figure, "params": params}
        validate(rule)
        annotations, condition = compile_rule(rule, now)
        assert members[index] in Member.objects.annotate(**annotations).filter(condition)
