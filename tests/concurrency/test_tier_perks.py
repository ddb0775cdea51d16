"""One use left and two cashiers who tick it, a tick taken back twice at once, two people who activate one draft."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import transaction

from members.models import Member
from stores.models import Staff, Store
from tests.factories.members import create_member
from tests.factories.threads import at_once, meet_before
from tiers import services
from tiers.models import PerkUse, Tier, Version
from tiers.rules import Thresholds
from tiers.services import perks
from tiers.terms import Terms

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def silver() -> Tier:
    return Tier.objects.get(code="silver")


@pytest.fixture
def guest(store: Store, silver: Tier, owner: Staff, now: datetime) -> Member:
    """A member whose level gives one coffee a month."""
    services.add_version(
        tier=silver, thresholds=Version.objects.get(tier=silver).rule, effective_at=now, actor=None, at=now,
        perks=({"code": "p1", "name": "Coffee", "per_month": 1, "note": ""},),
    )  # fmt: skip
    member = create_member(store)
    services.set_manually(member_id=member.pk, tier=silver, reason="x", at=now, store=store, actor=owner)
    return member


def tick(guest: Member, silver: Tier, staff: Staff, now: datetime, key: str) -> PerkUse:
    with transaction.atomic():
        return services.use_perk(
            member_id=guest.pk, tier_id=silver.pk, perk="p1", idempotency_key=key, store=None, actor=staff, at=now
        )


def test_the_last_use_of_a_month_is_ticked_once(guest: Member, silver: Tier, cashier: Staff, now: datetime) -> None:
    results = at_once(6, lambda index: tick(guest, silver, cashier, now, f"t{index}"), services.PerkNotUsable)

    assert sum(isinstance(result, PerkUse) for result in results) == 1
    assert PerkUse.objects.count() == 1


def test_without_the_lock_the_race_is_real(
    guest: Member, silver: Tier, cashier: Staff, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perks, "lock_member", lambda _member_id: None)
    monkeypatch.setattr(PerkUse.objects, "create", meet_before(2, PerkUse.objects.create))

    at_once(2, lambda index: tick(guest, silver, cashier, now, f"t{index}"), services.PerkNotUsable)

    assert PerkUse.objects.count() == 2


def test_one_key_from_six_threads_ticks_once(guest: Member, silver: Tier, cashier: Staff, now: datetime) -> None:
    results = at_once(6, lambda _index: tick(guest, silver, cashier, now, "same"))

    assert {result.pk for result in results} == {PerkUse.objects.get().pk}


def test_a_tick_is_taken_back_once_by_two_people(guest: Member, silver: Tier, cashier: Staff, now: datetime) -> None:
    use = tick(guest, silver, cashier, now, "t")

    def undo(_index: int) -> PerkUse:
        with transaction.atomic():
            return services.undo_perk_use(use_id=use.pk, store=None, actor=cashier, at=now)

    results = at_once(2, undo, services.AlreadyUndone)

    assert sorted(isinstance(result, PerkUse) for result in results) == [False, True]
    assert PerkUse.objects.count() == 2


def test_two_people_activate_one_draft_once(silver: Tier, owner: Staff, now: datetime) -> None:
    draft = services.open_draft(track_id=silver.track_id, actor=owner, at=now)
    terms = Terms(thresholds=Thresholds({"spend": Decimal(400)}), discount_factor=Decimal("0.9400"))
    services.save_level(draft_id=draft.pk, tier=silver, terms=terms, actor=owner, at=now)

    def activate(_index: int) -> list[Version]:
        return services.activate_draft(draft_id=draft.pk, effective_at=now, reason="x", actor=owner, at=now)

    results = at_once(2, activate, services.DraftClosed)

    assert sorted(isinstance(result, list) for result in results) == [False, True]
    assert Version.objects.filter(tier=silver).count() == 2


def test_two_people_open_one_draft(silver: Tier, owner: Staff, now: datetime) -> None:
    drafts = at_once(4, lambda _index: services.open_draft(track_id=silver.track_id, actor=owner, at=now))

    assert len({draft.pk for draft in drafts}) == 1
