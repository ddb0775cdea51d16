"""Levels that people give and take by hand on any track (R-T8)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from audit.models import Record
from gifts.models import Grant
from members.models import Member
from stores.models import Staff
from tests.factories.levels import buy, code, create_level, happen, history, open_codes
from tests.factories.packs import create_pack
from tiers import services
from tiers.models import Period, Tier, TierGift, Track
from tiers.rules import Thresholds
from tiers.selectors import get_benefits


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Refusals are told apart by their words."""
    with translation.override("en"):
        yield


@pytest.fixture
def friend(db: None, now: datetime) -> Tier:
    return create_level("invited", "friend", now, discount_factor=Decimal("0.9"))


def test_an_invited_level_lasts_through_the_day_that_was_chosen(
    member: Member, friend: Tier, manager: Staff, now: datetime
) -> None:
    happen(member, now, "a", spend="500.00")

    change = services.set_manually(
        member_id=member.pk, tier=friend, reason="guest", at=now, store=None, actor=manager,
        valid_through=date(2026, 6, 30),
    )  # fmt: skip

    assert change.period.valid_until == datetime(2026, 6, 30, 16, 0, tzinfo=UTC)
    assert open_codes(member) == {"growth": "silver", "invited": "friend"}
    assert Record.objects.get(action="tier.set_by_hand").data["valid_through"] == "2026-06-30"


def test_an_invited_level_gives_its_benefits_as_long_as_it_is_locked(
    member: Member, friend: Tier, manager: Staff, now: datetime
) -> None:
    lock = now + timedelta(days=60)

    change = services.set_manually(
        member_id=member.pk, tier=friend, reason="guest", at=now, store=None, actor=manager,
        valid_through=date(2026, 3, 31), locked_until=lock,
    )  # fmt: skip

    assert change.period.valid_until == lock
    last = lock - timedelta(microseconds=1)
    assert [get_benefits(member_id=member.pk, at=at).discount_factor for at in (last, lock)] == [Decimal("0.9"), 1]


def test_a_member_is_taken_off_a_track(member: Member, friend: Tier, manager: Staff, now: datetime) -> None:
    services.set_manually(member_id=member.pk, tier=friend, reason="guest", at=now, store=None, actor=manager)

    services.take_off(member_id=member.pk, track=friend.track, reason="left", at=now, store=None, actor=manager)

    assert history(member) == [("no_invited", "friend", "manual"), ("friend", "no_invited", "manual")]
    with pytest.raises(services.InvalidTierChange, match="does not have"):
        services.take_off(member_id=member.pk, track=friend.track, reason="x", at=now, store=None, actor=manager)
    with pytest.raises(services.InvalidTierChange, match="Every member"):
        services.take_off(
            member_id=member.pk, track=Track.objects.get(kind="growth"), reason="x", at=now, store=None, actor=manager
        )
    assert Period.objects.count() == 2


def test_a_paid_level_is_not_given_by_hand(member: Member, manager: Staff, now: datetime) -> None:
    plus = create_level("paid", "plus", now)

    with pytest.raises(services.InvalidTierChange, match="sold at the till"):
        services.set_manually(member_id=member.pk, tier=plus, reason="x", at=now, store=None, actor=manager)

    assert not Period.objects.exists()


def test_a_retired_level_is_given_to_nobody_new(member: Member, gold: Tier, manager: Staff, now: datetime) -> None:
    services.set_retired(tier_id=gold.pk, retired=True, actor=None, at=now)

    with pytest.raises(services.InvalidTierChange, match="retired"):
        services.set_manually(member_id=member.pk, tier=gold, reason="x", at=now, store=None, actor=manager)

    assert not Period.objects.exists()
    assert not Record.objects.filter(action="tier.set_by_hand").exists()


def test_a_holder_of_a_retired_level_can_be_locked_in_it(
    member: Member, gold: Tier, manager: Staff, now: datetime
) -> None:
    happen(member, now, "a", spend="2000.00")
    services.set_retired(tier_id=gold.pk, retired=True, actor=None, at=now)

    change = services.set_manually(
        member_id=member.pk, tier=gold, reason="promised", at=now, store=None, actor=manager,
        locked_until=now + timedelta(days=30),
    )  # fmt: skip

    assert change.to_tier == gold


def test_the_end_by_hand_is_not_in_the_past(member: Member, friend: Tier, manager: Staff, now: datetime) -> None:
    with pytest.raises(services.InvalidTierChange, match="past"):
        services.set_manually(
            member_id=member.pk, tier=friend, reason="x", at=now, store=None, actor=manager,
            valid_through=date(2026, 3, 17),
        )  # fmt: skip

    assert not Period.objects.exists()


@pytest.mark.parametrize(("gives_gifts", "given"), [(False, 0), (True, 1)])
def test_gifts_of_a_level_by_hand_are_given_only_when_asked_for(
    member: Member, gold: Tier, manager: Staff, now: datetime, gives_gifts: bool, given: int
) -> None:
    TierGift.objects.create(tier=gold, occasion="upgrade", pack=create_pack(points=10))

    services.set_manually(
        member_id=member.pk, tier=gold, reason="x", at=now, store=None, actor=manager, gives_gifts=gives_gifts
    )

    assert Grant.objects.count() == given


def test_counting_restarts_on_the_track_it_was_chosen_for(
    member: Member, silver: Tier, manager: Staff, now: datetime
) -> None:
    create_level("stored", "vip", now, thresholds=Thresholds({"recharge": Decimal(1000)}))
    happen(member, now, "a", spend="6000.00", recharge="900.00")
    services.set_manually(
        member_id=member.pk, tier=silver, reason="misuse", at=now, store=None, actor=manager, restart_counting=True
    )

    tomorrow = now + timedelta(days=1)
    happen(member, tomorrow, "b", spend="1999.99", recharge="100.00")

    assert open_codes(member) == {"growth": "silver", "stored": "vip"}
    happen(member, tomorrow, "c", spend="0.01")
    assert open_codes(member) == {"growth": "gold", "stored": "vip"}


def test_what_is_set_by_hand_stays_through_a_refund_while_it_is_locked(
    member: Member, gold: Tier, manager: Staff, now: datetime
) -> None:
    happen(member, now, "a", spend="500.00")
    services.set_manually(
        member_id=member.pk, tier=gold, reason="pilot", at=now, store=None, actor=manager,
        locked_until=now + timedelta(days=30),
    )  # fmt: skip

    services.reverse_progress(idempotency_key_of_original="a", idempotency_key="back", at=now, store=None, actor=None)

    assert services.reevaluate(member_id=member.pk, at=now, source="back") is None
    assert open_codes(member) == {"growth": "gold"}


def test_a_level_set_by_hand_is_audited(member: Member, gold: Tier, manager: Staff, now: datetime) -> None:
    services.set_manually(
        member_id=member.pk, tier=gold, reason="Friend of the house", at=now, store=None, actor=manager
    )

    assert code(member, now) == "gold"
    row = Record.objects.get(action="tier.set_by_hand")
    assert (row.reason, row.data["before"], row.data["after"]) == ("Friend of the house", "normal", "gold")


@pytest.mark.parametrize(("reason", "hours"), [("  ", 1), ("because", 0), ("because", -1)])
def test_a_level_by_hand_needs_a_reason_and_a_lock_in_the_future(
    member: Member, gold: Tier, manager: Staff, now: datetime, reason: str, hours: int
) -> None:
    with pytest.raises(services.InvalidTierChange):
        services.set_manually(
            member_id=member.pk, tier=gold, reason=reason, at=now, store=None, actor=manager,
            locked_until=now + timedelta(hours=hours),
        )  # fmt: skip

    assert not Period.objects.exists()
    assert not Record.objects.filter(action="tier.set_by_hand").exists()


def test_a_member_set_lower_comes_back_up_unless_counting_restarts(
    member: Member, silver: Tier, manager: Staff, now: datetime
) -> None:
    buy(member, now, spend="6000.00", key="big")
    lower: dict[str, Any] = {
        "member_id": member.pk,
        "tier": silver,
        "reason": "misuse",
        "store": None,
        "actor": manager,
    }

    services.set_manually(**lower, at=now)
    assert services.reevaluate(member_id=member.pk, at=now, source="x") is not None
    services.set_manually(**lower, at=now, restart_counting=True)

    assert services.reevaluate(member_id=member.pk, at=now, source="x") is None
    tomorrow = now + timedelta(days=1)
    buy(member, tomorrow, spend="2000.00", key="fresh", on=date(2026, 3, 19))
    assert code(member, tomorrow) == "gold"
    assert Period.objects.get(ends_at__isnull=True).counts_after == date(2026, 3, 18)


def test_a_locked_level_rises_only_where_that_was_allowed(
    member: Member, silver: Tier, manager: Staff, now: datetime
) -> None:
    lock = now + timedelta(days=30)
    services.set_manually(
        member_id=member.pk, tier=silver, reason="pilot", at=now, store=None, actor=manager, locked_until=lock,
        joins_auto_upgrade=False,
    )  # fmt: skip

    assert buy(member, now, spend="9000.00") is None
    assert services.reevaluate(member_id=member.pk, at=lock, source="x") is not None
    assert code(member, lock) == "diamond"
