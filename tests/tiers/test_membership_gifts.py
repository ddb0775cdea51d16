"""Gifts that come with cards of several levels, through conversions, voids and refunds (R-T10)."""

from datetime import timedelta

import pytest

import points.selectors
from gifts.models import Grant
from tests.factories.packs import create_pack
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers.models import Membership, MembershipRefund, TierGift
from tiers.services import memberships


@pytest.fixture
def card(db):
    """A card with two levels."""
    return create_card("plus", names=("PLUS", "PLUS gold"))


@pytest.fixture
def month(card):
    return create_paid_plan(card[0], months=1, price="30.00")


@pytest.fixture
def year(card):
    return create_paid_plan(card[0], months=12, price="300.00")


@pytest.fixture
def better(card):
    return create_paid_plan(card[1], months=12, price="600.00")


def offer(tier, **pack):
    return TierGift.objects.create(tier=tier, pack=create_pack(**pack), occasion="upgrade")


def void(sold, store, at):
    return memberships.void_membership(
        membership_id=sold.pk, reason="mistake", idempotency_key="void", at=at, store=store, actor=None
    )


def refund(bought, store, manager, at):
    memberships.execute_refund(
        memberships.refund_payload(bought.pk), key="refund", reason="moves away", actor=manager, approver=None,
        store=store, at=at,
    )  # fmt: skip
    return MembershipRefund.objects.get(membership=bought)


def statuses():
    return [status for _pk, status in Grant.objects.order_by("pk").values_list("pk", "status")]


def balance(member, at):
    return points.selectors.get_balance(member_id=member.pk, at=at).balance


def test_a_refund_takes_back_the_gifts_of_levels_that_were_skipped(card, better, member, store, manager, now):
    offer(card[0], points=50)
    offer(card[1], points=70)
    bought = buy_membership(better, member, store, at=now)
    assert balance(member, now) == 120

    paper = refund(bought, store, manager, now + timedelta(days=1))

    assert statuses() == ["taken_back", "taken_back"]
    assert balance(member, now + timedelta(days=1)) == 0
    assert [one["quantity"] for one in paper.formula["issued"]] == ["50", "70"]


def test_a_refund_takes_back_the_gifts_of_all_that_was_converted_one_into_the_other(
    card, month, year, better, member, store, manager, now
):
    offer(card[0], points=50)
    offer(card[1], points=70)
    buy_membership(month, member, store, at=now)
    buy_membership(year, member, store, at=now + timedelta(days=1), how="convert")
    bought = buy_membership(better, member, store, at=now + timedelta(days=2), how="convert")
    assert balance(member, bought.starts_at) == 120

    refund(bought, store, manager, now + timedelta(days=3))

    assert statuses() == ["taken_back", "taken_back"]
    assert balance(member, now + timedelta(days=3)) == 0


def test_a_refund_leaves_the_gifts_of_time_that_was_used(card, month, member, store, manager, now):
    offer(card[0], points=50)
    first = buy_membership(month, member, store, at=now)
    renewal = buy_membership(month, member, store, at=now + timedelta(days=9))

    refund(renewal, store, manager, first.ends_at + timedelta(days=1))

    assert statuses() == ["given"]
    assert balance(member, first.ends_at + timedelta(days=1)) == 50


@pytest.mark.parametrize("used", ["points", "goods"])
def test_voiding_a_conversion_leaves_the_gifts_of_what_stands_again(card, month, year, member, store, now, used):
    offer(card[0], **({"points": 50} if used == "points" else {"goods": "umbrella"}))
    first = buy_membership(month, member, store, at=now - timedelta(days=9))

    void(buy_membership(year, member, store, at=now, how="convert"), store, now)

    first.refresh_from_db()
    assert first.status == Membership.Status.ACTIVE
    assert statuses() == ["given"]


def test_voiding_a_conversion_to_a_better_level_takes_back_what_came_with_that(card, month, better, member, store, now):
    offer(card[0], points=50)
    offer(card[1], points=70)
    buy_membership(month, member, store, at=now - timedelta(days=9))

    void(buy_membership(better, member, store, at=now, how="convert"), store, now)

    assert statuses() == ["given", "taken_back"]
    assert balance(member, now) == 50
