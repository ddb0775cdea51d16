"""Refunds of paid tiers: reckoned by days, agreed by a second person, with the gifts that came with the tier."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

import approvals.services
from approvals.models import Request
from audit.models import Record
from gifts.models import Grant, Pack, PackItem
from gifts.selectors import Part
from gifts.services import save_pack
from members.models import Reminder
from members.services import freeze_member
from tests.factories.ledgers import table_rows
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers.models import Change, MembershipRefund, Period, TierGift
from tiers.paid_proofs import PROOFS
from tiers.selectors import get_benefits
from tiers.services import memberships

TABLES = ("tiers_membership", "tiers_membershiprefund", "tiers_period", "gifts_grant")


@pytest.fixture
def plus(db):
    return create_card("plus")[0]


@pytest.fixture
def month(plus):
    return create_paid_plan(plus, months=1, price="30.00")


@pytest.fixture
def bought(month, member, store, now):
    return buy_membership(month, member, store, at=now)


@pytest.fixture
def ask(store, manager, now):
    def do(bought, *, actor=None, approver=None, at=None):
        return approvals.services.submit(
            kind=memberships.KIND,
            payload=memberships.refund_payload(bought.pk),
            subject=f"membership:{bought.pk}",
            reason="moves away",
            actor=actor or manager,
            store=store,
            at=at or now,
            approver=approver,
        )

    return do


def proofs_hold():
    return [proof.name for proof in PROOFS if proof.check()[1]] == []


def give_on_upgrade(tier, now, *parts):
    pack = save_pack(pack=Pack(name="welcome"), parts=parts, actor=None, at=now)
    return TierGift.objects.create(tier=tier, occasion=TierGift.Occasion.UPGRADE, pack=pack)


def test_a_refund_closes_the_purchase_ends_the_benefits_and_keeps_every_number(ask, bought, member, now, manager):
    at = now + timedelta(days=10)

    outcome = ask(bought, at=at)

    refund = MembershipRefund.objects.get()
    assert outcome.result == f"tier_refund:{refund.pk}"
    # Day 11 of 32 counts as used: 21 are left, 30 x 21 / 32 = 19.6875.
    assert (refund.amount, refund.days_left, refund.days_total) == (D("19.68"), 21, 32)
    assert refund.formula["text"] == "30.00 × 21 / 32 = 19.68"
    assert (refund.parts, refund.by_wallet, refund.in_cash) == ([[bought.pk, "cash", "19.68"]], D("0.00"), D("19.68"))
    bought.refresh_from_db()
    assert (bought.status, bought.closed_at) == ("refunded", at)
    assert get_benefits(member_id=member.pk, at=at).discount_factor == 1
    assert Change.objects.latest("pk").reason == "refunded"
    assert Record.objects.get(action="membership.refunded").data["formula"] == refund.formula["text"]
    assert proofs_hold()


def test_above_the_limit_a_second_person_has_to_agree_and_nothing_moves_before(
    ask, plus, member, store, now, manager, owner
):
    year = buy_membership(create_paid_plan(plus, months=12, price="300.00"), member, store, at=now)
    before = table_rows(*TABLES)

    outcome = ask(year)

    assert not outcome.is_done
    assert table_rows(*TABLES) == before
    with pytest.raises(approvals.services.MayNotApprove):
        approvals.services.approve(
            request_id=outcome.request.pk, seen=outcome.request.fingerprint, actor=manager, at=now
        )
    approvals.services.approve(request_id=outcome.request.pk, seen=outcome.request.fingerprint, actor=owner, at=now)
    refund = MembershipRefund.objects.get()
    assert (refund.amount, refund.actor, refund.approved_by) == (D("299.18"), manager, owner)


def test_an_approval_on_another_day_is_asked_again_because_a_day_has_passed(ask, plus, member, store, now, owner):
    year = buy_membership(create_paid_plan(plus, months=12, price="300.00"), member, store, at=now)
    outcome = ask(year)

    later = approvals.services.approve(
        request_id=outcome.request.pk,
        seen=outcome.request.fingerprint,
        actor=owner,
        at=now + timedelta(days=1),
    )

    assert (later.is_done, later.is_changed) == (False, True)
    assert Request.objects.get().amount == D("298.36")
    assert MembershipRefund.objects.count() == 0


def test_nothing_is_refunded_of_what_is_over_on_its_last_day_or_of_a_frozen_member(
    ask, bought, member, now, owner, store
):
    before = table_rows(*TABLES)
    for at in (bought.ends_at - timedelta(hours=1), bought.ends_at, bought.ends_at + timedelta(days=9)):
        with pytest.raises(memberships.MembershipNotRefundable):
            ask(bought, at=at)
    freeze_member(member_id=member.pk, reason="lost", actor=owner, at=now)
    with pytest.raises(memberships.MembershipNotRefundable):
        ask(bought)

    assert table_rows(*TABLES) == before


def test_refunding_a_renewal_before_it_begins_pays_the_whole_price_and_leaves_the_running_time(
    ask, bought, month, member, store, now
):
    renewed = buy_membership(month, member, store, at=now)

    ask(renewed, at=now + timedelta(days=3))

    assert MembershipRefund.objects.get().amount == D("30.00")
    period = Period.objects.get(member=member, track__kind="paid", ends_at__isnull=True)
    assert (period.valid_until, period.reason) == (bought.ends_at, "refunded")
    assert get_benefits(member_id=member.pk, at=now + timedelta(days=3)).discount_factor == D("0.9")
    assert proofs_hold()


def test_an_unused_upgrade_gift_goes_back_with_the_refund(ask, plus, month, member, store, now):
    give_on_upgrade(plus, now, Part(kind=PackItem.Kind.POINTS, quantity=D(100)))
    bought = buy_membership(month, member, store, at=now)
    assert Grant.objects.get().status == "given"

    ask(bought, at=now + timedelta(days=1))

    assert Grant.objects.get().status == "taken_back"
    assert [one["used"] for one in MembershipRefund.objects.get().formula["issued"]] == [False]


def test_used_gifts_stay_and_are_listed_on_the_paper_of_the_refund(ask, plus, month, member, store, now):
    give_on_upgrade(
        plus,
        now,
        Part(kind=PackItem.Kind.GOODS, quantity=D(1), name="umbrella"),
        Part(kind=PackItem.Kind.POINTS, quantity=D(100)),
    )
    bought = buy_membership(month, member, store, at=now)

    ask(bought, at=now + timedelta(days=1))

    issued = MembershipRefund.objects.get().formula["issued"]
    assert (issued[0]["name"], issued[0]["used"]) == ("umbrella", True)
    assert [one["used"] for one in issued] == [True, False]
    assert Grant.objects.get().status == "settled"


def test_a_sale_whose_gift_was_used_is_not_voided_and_an_unused_one_goes_back(plus, month, member, store, now):
    gift = give_on_upgrade(plus, now, Part(kind=PackItem.Kind.GOODS, quantity=D(1), name="umbrella"))
    bought = buy_membership(month, member, store, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(memberships.MembershipNotVoidable, match="umbrella"):
        memberships.void_membership(
            membership_id=bought.pk, reason="x", idempotency_key="v", at=now, store=store, actor=None
        )

    assert table_rows(*TABLES) == before
    assert gift.is_active


def reminders():
    return list(Reminder.objects.order_by("pk").values_list("member_id", "kind", "details"))


def test_members_are_reminded_thirty_and_seven_days_before_the_end_and_not_again(bought, member, now):
    end = bought.last_day

    def run(days):
        day = end - timedelta(days=days)
        at = bought.ends_at - timedelta(days=days, hours=12)
        return sum(counts["changed"] for counts in memberships.remind_of_memberships(day, at))

    assert [run(31), run(30), run(29), run(8), run(7), run(6), run(0)] == [0, 1, 0, 0, 1, 0, 0]
    assert reminders() == [(member.pk, "paid_tier_ending", {"name": "PLUS 会员", "ends": "2026-04-18"})] * 2
    assert "PLUS 会员" in memberships.describe_reminder(Reminder.objects.first().details)


def test_who_has_renewed_is_not_reminded(bought, month, member, store, now):
    renewed = buy_membership(month, member, store, at=now)

    list(memberships.remind_of_memberships(bought.last_day - timedelta(days=7), bought.ends_at - timedelta(days=7.5)))

    assert reminders() == []
    list(memberships.remind_of_memberships(renewed.last_day - timedelta(days=7), renewed.ends_at - timedelta(days=7.5)))
    assert [details["ends"] for _member, _kind, details in reminders()] == ["2026-05-18"]
