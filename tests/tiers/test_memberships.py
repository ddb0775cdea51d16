"""Paid tiers: bought, renewed, converted, taken back and refunded (R-T10, M02, T07)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from core.days import end_of, local_day, start_of
from members.services import freeze_member
from tests.factories.ledgers import table_rows
from tests.factories.members import create_member
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers.models import Change, Membership, PaidPlan, Period, ProgressEntry
from tiers.paid_proofs import PROOFS as PAID_PROOFS
from tiers.proofs import PROOFS
from tiers.selectors import get_benefits
from tiers.selectors.memberships import list_offered, list_running, total_unused
from tiers.services import evaluate_due, memberships

TABLES = ("tiers_membership", "tiers_period", "tiers_change", "tiers_membershiprefund")


def noon(year, month, day):
    """Noon in Shanghai."""
    return datetime(year, month, day, 4, 0, tzinfo=UTC)


def factor(member, at):
    return get_benefits(member_id=member.pk, at=at).discount_factor


def proofs_hold():
    return [proof.name for proof in (*PROOFS, *PAID_PROOFS) if proof.check()[1]] == []


def held(member):
    """The open period of the paid card."""
    period = Period.objects.get(member=member, track__kind="paid", ends_at__isnull=True)
    return period.tier.code, period.reason, period.valid_until


@pytest.fixture
def plus(db, now):
    return create_card("plus")[0]


@pytest.fixture
def month(plus, now):
    return create_paid_plan(plus, months=1, price="30.00")


@pytest.fixture
def year(plus, now):
    return create_paid_plan(plus, months=12, price="300.00")


def test_a_paid_tier_starts_on_payment_and_its_benefits_stop_at_the_instant_it_ends_whatever_the_night_does(
    plus, member, store
):
    quarter = create_paid_plan(plus, months=3, price="81.00")
    at = noon(2026, 1, 31)

    bought = buy_membership(quarter, member, store, at=at)

    end = datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    assert (bought.starts_at, bought.ends_at) == (at, end)
    assert end == start_of(local_day(end))
    assert held(member) == ("plus_1", "purchased", end)
    assert factor(member, at - timedelta(microseconds=1)) == 1
    assert factor(member, at) == D("0.9")
    assert factor(member, end - timedelta(microseconds=1)) == D("0.9")
    assert factor(member, end) == 1
    assert ProgressEntry.objects.count() == 0
    assert proofs_hold()


def test_a_renewal_is_appended_to_the_old_end_and_keeps_the_anchor_day(plus, member, store):
    quarter = create_paid_plan(plus, months=3, price="81.00")
    first = buy_membership(quarter, member, store, at=noon(2026, 1, 31))

    second = buy_membership(quarter, member, store, at=noon(2026, 4, 2))

    assert second.starts_at == first.ends_at
    assert second.ends_at == end_of(datetime(2026, 7, 31, tzinfo=UTC).date())
    assert second.anchor_day == 31
    assert held(member) == ("plus_1", "renewed", second.ends_at)
    assert [change.reason for change in Change.objects.order_by("pk")] == ["purchased", "renewed"]
    assert factor(member, second.ends_at - timedelta(seconds=1)) == D("0.9")


def test_the_same_key_buys_once_and_other_content_under_it_is_refused(month, year, member, store):
    first = buy_membership(month, member, store, key="k")

    assert buy_membership(month, member, store, key="k") == first
    with pytest.raises(memberships.MembershipKeyReused):
        buy_membership(year, member, store, key="k")
    assert Membership.objects.count() == 1


def test_after_it_ended_a_new_purchase_starts_from_its_own_payment_though_the_night_never_ran(month, member, store):
    first = buy_membership(month, member, store, at=noon(2026, 3, 18))
    at = noon(2026, 6, 1)

    second = buy_membership(month, member, store, at=at)

    assert second.starts_at == at
    assert second.ends_at == end_of(datetime(2026, 7, 1, tzinfo=UTC).date())
    assert [c.reason for c in Change.objects.order_by("pk")] == ["purchased", "expired", "purchased"]
    assert first.ends_at < at
    assert proofs_hold()


def test_a_month_is_appended_to_or_converted_into_a_year_as_the_member_chooses(month, year, member, store):
    first = buy_membership(month, member, store, at=noon(2026, 3, 18))
    at = noon(2026, 4, 2)

    longer = buy_membership(year, member, store, at=at, how="convert")

    # 16 of 32 days of 30 yuan are worth 15.00, at 300 for 366 days 18.3 days: 19 for the member.
    assert longer.starts_at == at
    assert longer.ends_at == end_of(datetime(2027, 4, 21, tzinfo=UTC).date())
    assert (longer.credit, longer.credits) == (D("15.00"), [[first.pk, "cash", "15.00"]])
    first.refresh_from_db()
    assert (first.status, first.closed_at, first.converted_into) == ("converted", at, longer)
    assert list_running(member_id=member.pk, track_id=year.tier.track_id, at=at) == [longer]
    assert held(member) == ("plus_1", "renewed", longer.ends_at)


def test_appending_the_year_to_the_month_leaves_the_month_as_it_is(month, year, member, store):
    first = buy_membership(month, member, store, at=noon(2026, 3, 18))

    longer = buy_membership(year, member, store, at=noon(2026, 4, 2))

    assert (longer.starts_at, longer.credit) == (first.ends_at, D("0.00"))
    assert longer.ends_at == end_of(datetime(2027, 4, 18, tzinfo=UTC).date())


def test_another_tier_of_the_card_starts_at_once_and_is_never_appended(member, store):
    plus, black = create_card("plus", names=("PLUS", "BLACK"), discount_factor=D("0.8"))
    month = create_paid_plan(plus)
    best = create_paid_plan(black, price="300.00")
    buy_membership(month, member, store, at=noon(2026, 3, 18))
    before = table_rows(*TABLES)

    with pytest.raises(memberships.NotSellable):
        buy_membership(best, member, store, at=noon(2026, 4, 2), how="append")
    with pytest.raises(memberships.NotSellable):
        buy_membership(month, member, store, at=noon(2026, 4, 2), how="later")
    assert table_rows(*TABLES) == before

    bought = buy_membership(best, member, store, at=noon(2026, 4, 2), how="convert")
    assert held(member) == ("plus_2", "purchased", bought.ends_at)


def test_what_is_not_offered_any_more_is_not_sold(plus, month, member, store, now):
    with pytest.raises(memberships.OfferChanged):
        buy_membership(month, member, store, price=D("29.00"))
    month.is_active = False
    memberships.save_paid_plan(plan=month, actor=None, at=now)
    with pytest.raises(memberships.OfferChanged):
        buy_membership(month, member, store)
    year = create_paid_plan(plus, months=12, price="300.00")
    plus.retired_at = now
    plus.save()
    with pytest.raises(memberships.OfferChanged):
        buy_membership(year, member, store)

    assert Membership.objects.count() == Period.objects.count() == 0
    assert list(list_offered()) == []


def test_a_frozen_member_buys_nothing(month, member, store, owner, now):
    freeze_member(member_id=member.pk, reason="lost", actor=owner, at=now)

    with pytest.raises(memberships.NotSellable):
        buy_membership(month, member, store)

    assert Membership.objects.count() == 0


def test_what_is_left_of_a_dear_card_cannot_become_centuries_of_a_cheap_one(plus, member, store):
    dear = create_paid_plan(plus, months=120, price="90000.00")
    cheap = create_paid_plan(plus, months=1, price="1.00")
    buy_membership(dear, member, store)
    before = table_rows(*TABLES)

    with pytest.raises(memberships.NotSellable):
        buy_membership(cheap, member, store, how="convert")

    assert table_rows(*TABLES) == before


def void(bought, store, at, reason="wrong member"):
    return memberships.void_membership(
        membership_id=bought.pk, reason=reason, idempotency_key="v", at=at, store=store, actor=None
    )


def test_a_mistaken_sale_is_taken_back_the_same_day_and_the_member_has_what_was_before(month, member, store, now):
    bought = buy_membership(month, member, store, at=now)

    void(bought, store, now + timedelta(hours=2))
    void(bought, store, now + timedelta(hours=3))

    bought.refresh_from_db()
    assert (bought.status, bought.closed_at) == ("voided", now + timedelta(hours=2))
    assert factor(member, now + timedelta(hours=2)) == 1
    assert held(member) == ("no_plus", "refunded", None)
    assert Change.objects.latest("pk").memo == "wrong member"
    assert proofs_hold()


def test_voiding_a_renewal_leaves_the_purchase_before_it(month, member, store, now):
    first = buy_membership(month, member, store, at=now)
    second = buy_membership(month, member, store, at=now)
    with pytest.raises(memberships.MembershipNotVoidable):
        void(first, store, now)

    void(second, store, now)

    assert held(member) == ("plus_1", "refunded", first.ends_at)


def test_voiding_a_conversion_brings_back_what_had_been_converted(month, year, member, store, now):
    first = buy_membership(month, member, store, at=now - timedelta(days=9))
    bought = buy_membership(year, member, store, at=now, how="convert")

    void(bought, store, now)

    first.refresh_from_db()
    assert (first.status, first.closed_at, first.converted_into) == ("active", None, None)
    assert held(member) == ("plus_1", "refunded", first.ends_at)


def test_a_sale_of_yesterday_or_of_another_store_is_not_voided(month, member, store, other_store, now):
    bought = buy_membership(month, member, store, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(memberships.MembershipNotVoidable):
        void(bought, store, now + timedelta(days=1))
    with pytest.raises(memberships.MembershipNotVoidable):
        void(bought, other_store, now)

    assert table_rows(*TABLES) == before


def test_what_was_agreed_is_fixed_in_the_database(month, member, store):
    bought = buy_membership(month, member, store)

    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("UPDATE tiers_membership SET price = 1 WHERE id = %s", [bought.pk])


def test_an_offer_needs_a_tier_of_a_paid_card_a_price_and_a_name_of_its_own(plus, month, member, store, silver, now):
    def save(**data):
        data = {"tier": plus, "months": 1, "price": D("1.00"), "name": "x", **data}
        memberships.save_paid_plan(plan=PaidPlan(**data), actor=None, at=now)

    base = plus.track.tiers.get(rank=0)
    for wrong in (
        {"tier": silver},
        {"tier": base},
        {"price": D("0.00")},
        {"months": 0},
        {"months": 121},
        {"name": month.name},
    ):
        with pytest.raises(memberships.InvalidPaidPlan):
            save(**wrong)
    assert PaidPlan.objects.count() == 1

    buy_membership(month, member, store)
    month.tier = create_card("other")[0]
    with pytest.raises(memberships.InvalidPaidPlan):
        memberships.save_paid_plan(plan=month, actor=None, at=now)


def test_what_is_owed_on_paid_tiers_is_every_day_after_today(month, year, member, store, now):
    buy_membership(month, member, store, at=now)
    buy_membership(month, member, store, at=now)

    # 31 of 32 days of the running month (29.06), all 30 of the next.
    assert total_unused(now) == D("59.06")
    assert total_unused(now + timedelta(days=400)) == 0


def test_the_night_closes_what_has_ended_once_and_what_was_renewed_goes_on(month, member, store):
    other = create_member(store)
    first = buy_membership(month, member, store, at=noon(2026, 3, 18))
    buy_membership(month, other, store, at=noon(2026, 3, 18))
    renewed = buy_membership(month, other, store, at=noon(2026, 4, 1))
    night = first.ends_at + timedelta(minutes=30)

    for _run in range(2):
        for _counts in evaluate_due(local_day(night), night):
            pass

    assert held(member) == ("no_plus", "expired", None)
    assert held(other) == ("plus_1", "renewed", renewed.ends_at)
    assert Change.objects.filter(reason="expired").count() == 1
    assert proofs_hold()
    buy_membership(month, member, store, at=night)
    assert [change.reason for change in Change.objects.filter(member=member).order_by("pk")] == [
        "purchased",
        "expired",
        "purchased",
    ]
    assert proofs_hold()
