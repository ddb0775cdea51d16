"""What the levels of several tracks give together, and which of them gives it (R-T9, M02, M13, M14)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from stores.models import Staff
from tests.factories.levels import create_level, happen, set_rule
from tiers import selectors, services
from tiers.models import Period, Reason, Tier, Track
from tiers.rules import Thresholds
from tiers.selectors import Benefits, get_open_period, list_versions_in_force
from tiers.services.moving import Decision, move

PERK = {"code": "parking", "name": "Parking", "per_month": 2, "note": ""}


def benefits(member: Member, at: datetime) -> Benefits:
    return selectors.get_benefits(member_id=member.pk, at=at)


def hold(member: Member, tier: Tier, at: datetime, until: datetime | None = None) -> None:
    """A period on a paid track as a sale of it would open it."""
    track = Track.objects.get(pk=tier.track_id)
    versions = list_versions_in_force(at, track)
    version = next(one for one in versions if one.tier_id == tier.pk)
    move(
        member_id=member.pk, period=get_open_period(member.pk, track), base=versions[0],
        decision=Decision(version, Reason.PURCHASED, [], until), source="test", at=at, store=None, actor=None,
    )  # fmt: skip


@pytest.fixture
def plus(db: None, now: datetime) -> Tier:
    return create_level(
        "paid", "plus", now, discount_factor=Decimal("0.9"), points_multiple=Decimal(3),
        category_factors={"7": "0.5", "9": "0.85"}, perks=(PERK,),
    )  # fmt: skip


def test_each_benefit_is_the_best_of_all_levels_held(member: Member, silver: Tier, plus: Tier, now: datetime) -> None:
    set_rule(
        silver, now, thresholds=Thresholds({"spend": Decimal(500)}), discount_factor=Decimal("0.88"),
        points_multiple=Decimal(2), category_factors={"7": "0.6", "8": "0.8"},
    )  # fmt: skip
    happen(member, now, "a", spend="500.00")
    hold(member, plus, now)

    found = benefits(member, now)

    assert (found.tier_code, found.discount_factor, found.points_multiple) == (
        "silver", Decimal("0.8800"), Decimal("3.00"),
    )  # fmt: skip
    assert found.category_factors == ((7, Decimal("0.5000")), (8, Decimal("0.8000")), (9, Decimal("0.8500")))
    assert [(one.track_kind, one.code) for one in found.held] == [("growth", "silver"), ("paid", "plus")]
    assert found.held[1].perks == (PERK,)
    assert [(one.benefit, one.tier_code, one.category_id) for one in found.sources] == [
        ("discount", "silver", None), ("points", "plus", None),
        ("category", "plus", 7), ("category", "silver", 8), ("category", "plus", 9),
    ]  # fmt: skip


def test_a_member_of_the_base_level_has_nothing_to_name_a_source_of(member: Member, now: datetime) -> None:
    found = benefits(member, now)

    assert [one.code for one in found.held] == ["normal"]
    assert found.sources == ()
    assert found.is_rechargeable


def test_the_lowest_level_of_another_track_means_not_on_it(member: Member, plus: Tier, now: datetime) -> None:
    hold(member, plus, now)
    hold(member, Tier.objects.get(code="no_paid"), now + timedelta(hours=1))

    assert [one.code for one in benefits(member, now + timedelta(hours=1)).held] == ["normal"]
    assert [one.code for one in benefits(member, now).held] == ["normal", "plus"]


def test_a_paid_level_counts_until_its_last_instant_whatever_the_night_does(
    member: Member, plus: Tier, now: datetime
) -> None:
    until = datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    hold(member, plus, now, until)

    assert benefits(member, until - timedelta(microseconds=1)).points_multiple == Decimal(3)
    assert [one.code for one in benefits(member, until).held] == ["normal"]
    assert Period.objects.get().ends_at is None


def test_a_growth_level_is_held_until_the_night_moves_it(member: Member, now: datetime) -> None:
    happen(member, now, "a", spend="500.00")
    over = datetime(2027, 4, 1, tzinfo=UTC)

    assert benefits(member, over).tier_code == "silver"


def test_cards_that_cannot_be_recharged_say_which_one_forbids_it(member: Member, manager: Staff, now: datetime) -> None:
    gift_card = create_level("invited", "gift_card", now, rechargeable=False)
    services.set_manually(member_id=member.pk, tier=gift_card, reason="a present", at=now, store=None, actor=manager)

    found = benefits(member, now)

    assert not found.is_rechargeable
    assert found.not_rechargeable_by == gift_card.label


def test_a_card_type_of_the_shop_brings_its_own_ratio_and_discount(
    member: Member, manager: Staff, owner: Staff, now: datetime
) -> None:
    card = services.create_card_type(
        kind="invited", code="staff_card", name="Staff card", colour="tier-5", discount_factor=Decimal("0.7"),
        points_multiple=Decimal("1.5"), is_rechargeable=True, valid_months=3, actor=owner, at=now,
    )  # fmt: skip

    services.set_manually(member_id=member.pk, tier=card, reason="works here", at=now, store=None, actor=manager)

    found = benefits(member, now)
    assert (found.tier_code, found.discount_factor, found.points_multiple) == (
        "normal", Decimal("0.7000"), Decimal("1.50"),
    )  # fmt: skip
    assert found.held[1].valid_until == datetime(2026, 6, 18, 16, 0, tzinfo=UTC)
    assert [one.code for one in benefits(member, datetime(2026, 6, 18, 16, 0, tzinfo=UTC)).held] == ["normal"]


def test_benefits_change_for_everybody_on_the_day_of_a_new_version(member: Member, plus: Tier, now: datetime) -> None:
    hold(member, plus, now)
    later = now + timedelta(days=5)

    set_rule(plus, later, discount_factor=Decimal("0.6"))

    assert benefits(member, later - timedelta(seconds=1)).discount_factor == Decimal("0.9000")
    assert benefits(member, later).discount_factor == Decimal("0.6000")


def test_all_tracks_cost_one_statement(
    member: Member, plus: Tier, now: datetime, django_assert_num_queries: Any
) -> None:
    happen(member, now, "a", spend="5000.00")
    hold(member, plus, now)

    with django_assert_num_queries(1):
        found = benefits(member, now)

    assert [one.code for one in found.held] == ["diamond", "plus"]
