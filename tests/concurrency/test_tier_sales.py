"""A paid tier renewed at two tills, and refunded twice, at the same moment: real threads, real transactions."""

from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError

from members.models import Member
from tests.factories.members import create_member
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tests.factories.threads import meet_before
from tests.threads import run_together
from tiers.models import Membership, MembershipRefund, Period
from tiers.paid_proofs import PROOFS
from tiers.services import memberships
from tiers.services.memberships import selling

pytestmark = pytest.mark.django_db(transaction=True)
TILLS = 8


@pytest.fixture
def member(store):
    return create_member(store)


@pytest.fixture
def month(db):
    return create_paid_plan(create_card("plus")[0], months=1, price="30.00")


def kinds(outcomes: list[Any]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def assert_proved() -> None:
    assert [(proof.name, proof.check()[1]) for proof in PROOFS if proof.check()[1]] == []


def test_renewals_at_several_tills_follow_one_another_without_gap_or_overlap(month, member, store, now):
    outcomes = run_together(TILLS, lambda number: buy_membership(month, member, store, at=now, key=f"k{number}"))

    assert kinds(outcomes) == {"Membership": TILLS}
    bought = list(Membership.objects.order_by("starts_at"))
    assert [one.starts_at for one in bought[1:]] == [one.ends_at for one in bought[:-1]]
    period = Period.objects.get(member=member, track=month.tier.track, ends_at__isnull=True)
    assert period.valid_until == bought[-1].ends_at
    assert_proved()


def test_without_the_lock_both_would_start_at_once_and_the_database_refuses_one(month, member, store, now, monkeypatch):
    monkeypatch.setattr(selling, "lock_member", lambda member_id: Member.objects.get(pk=member_id))
    monkeypatch.setattr(selling, "_purchase", meet_before(2, selling._purchase))

    outcomes = run_together(2, lambda number: buy_membership(month, member, store, at=now, key=f"k{number}"))

    assert sorted(kinds(outcomes).values()) == [1, 1]
    assert any(isinstance(outcome, IntegrityError) for outcome in outcomes)
    assert Membership.objects.count() == 1


def test_two_refunds_of_one_purchase_pay_once(month, member, store, now, owner):
    bought = buy_membership(month, member, store, at=now)

    def refund(number: int) -> Any:
        return memberships.execute_refund(
            memberships.refund_payload(bought.pk),
            key=f"r{number}",
            reason="moves away",
            actor=owner,
            approver=None,
            store=store,
            at=now,
        )

    outcomes = run_together(TILLS, refund)

    assert kinds(outcomes) == {"str": 1, "MembershipNotRefundable": TILLS - 1}
    assert MembershipRefund.objects.count() == 1
    assert_proved()
