"""Services of tiers that are ticked as used."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from members.models import Member
from stores.models import Staff, Store
from tiers import services
from tiers.models import PerkUse, Tier, Version
from tiers.selectors.perks import list_perks

PERKS = (
    {"code": "p1", "name": "Coffee", "per_month": 2, "note": "Any size"},
    {"code": "p2", "name": "Priority queue", "per_month": None, "note": ""},
)


@pytest.fixture
def guest(member: Member, silver: Tier, owner: Staff, store: Store, now: datetime) -> Member:
    """A member whose level gives two coffees a month."""
    services.add_version(
        tier=silver, thresholds=Version.objects.get(tier=silver).rule, perks=PERKS, effective_at=now, actor=None, at=now
    )
    services.set_manually(member_id=member.pk, tier=silver, reason="x", at=now, store=store, actor=owner)
    return member


def tick(member: Member, tier: Tier, staff: Staff, at: datetime, key: str, perk: str = "p1") -> PerkUse:
    return services.use_perk(
        member_id=member.pk, tier_id=tier.pk, perk=perk, idempotency_key=key, store=None, actor=staff, at=at
    )


def left(member: Member, at: datetime) -> dict[str, int | None]:
    return {perk.code: perk.left for perk in list_perks(member_id=member.pk, at=at)}


def test_a_service_is_used_as_often_as_a_month_allows(
    guest: Member, silver: Tier, cashier: Staff, now: datetime
) -> None:
    assert left(guest, now) == {"p1": 2, "p2": None}

    tick(guest, silver, cashier, now, "a")
    tick(guest, silver, cashier, now, "b")

    assert left(guest, now) == {"p1": 0, "p2": None}
    with pytest.raises(services.PerkNotUsable):
        tick(guest, silver, cashier, now, "c")
    assert PerkUse.objects.count() == 2


def test_the_next_month_begins_anew(guest: Member, silver: Tier, cashier: Staff, now: datetime) -> None:
    for key in "ab":
        tick(guest, silver, cashier, now, key)

    later = now + timedelta(days=31)
    tick(guest, silver, cashier, later, "c")

    assert left(guest, later) == {"p1": 1, "p2": None}


def test_the_same_tick_twice_counts_once(guest: Member, silver: Tier, cashier: Staff, now: datetime) -> None:
    first = tick(guest, silver, cashier, now, "a")

    assert tick(guest, silver, cashier, now, "a") == first
    assert PerkUse.objects.count() == 1


def test_a_tick_that_is_taken_back_can_be_used_again_and_not_taken_back_twice(
    guest: Member, silver: Tier, cashier: Staff, now: datetime
) -> None:
    use = tick(guest, silver, cashier, now, "a")

    undone = services.undo_perk_use(use_id=use.pk, store=None, actor=cashier, at=now)

    assert left(guest, now)["p1"] == 2
    for pk in (use.pk, undone.pk):
        with pytest.raises(services.AlreadyUndone):
            services.undo_perk_use(use_id=pk, store=None, actor=cashier, at=now)
    assert PerkUse.objects.count() == 2


def test_a_service_of_a_level_that_is_not_held_cannot_be_ticked(
    guest: Member, gold: Tier, silver: Tier, cashier: Staff, now: datetime
) -> None:
    for tier, perk in ((gold, "p1"), (silver, "p9")):
        with pytest.raises(services.PerkNotUsable):
            tick(guest, tier, cashier, now, "a", perk)

    assert not PerkUse.objects.exists()


def test_services_of_all_tracks_are_there_together(guest: Member, owner: Staff, store: Store, now: datetime) -> None:
    card = services.create_card_type(
        kind="invited", code="black", name="Black", colour="tier-5", discount_factor=Decimal("0.9000"),
        points_multiple=Decimal(1), is_rechargeable=True, valid_months=None, actor=owner, at=now,
    )  # fmt: skip
    services.add_version(tier=card, keep="never_falls", perks=PERKS[1:], effective_at=now, actor=None, at=now)
    services.set_manually(member_id=guest.pk, tier=card, reason="x", at=now, store=store, actor=owner)

    found = [(perk.tier_name, perk.code) for perk in list_perks(member_id=guest.pk, at=now)]

    assert [code for _name, code in found] == ["p1", "p2", "p2"]
    assert found[-1][0] == "Black"


def test_the_cashier_ticks_a_service_on_the_page(guest: Member, silver: Tier, cashier: Staff, client_for: Any) -> None:
    client: Client = client_for(cashier)
    client.cookies["django_language"] = "en"
    form = {"tier": silver.pk, "perk": "p1", "command_key": str(uuid4())}
    use = f"/tiers/members/{guest.pk}/services/use/"

    answers = [client.post(use, form, headers={"HX-Request": "true"}) for _ in range(2)]
    second = client.post(use, {**form, "command_key": str(uuid4())}, headers={"HX-Request": "true"})
    third = client.post(use, {**form, "command_key": str(uuid4())}, headers={"HX-Request": "true"})

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "used 1 of 2 this month" in answers[1].content.decode()
    assert "used 2 of 2 this month" in second.content.decode()
    assert (third.status_code, PerkUse.objects.count()) == (422, 2)
    assert "Coffee was used as often as it can be this month." in third.content.decode()
    assert PerkUse.objects.first().used_on == timezone.localdate()  # type: ignore[union-attr]  # there are two


def test_ticks_are_listed_and_taken_back_on_their_page(
    guest: Member, silver: Tier, cashier: Staff, client_for: Any, now: datetime
) -> None:
    client: Client = client_for(cashier)
    client.cookies["django_language"] = "en"
    use = tick(guest, silver, cashier, now, "a")

    assert "Coffee" in client.get(f"/tiers/members/{guest.pk}/services/used/").content.decode()
    response = client.post(f"/tiers/services/{use.pk}/undo/")
    again = client.post(f"/tiers/services/{use.pk}/undo/", follow=True)

    assert response.status_code == 302
    assert "This was taken back before." in again.content.decode()
    assert PerkUse.objects.count() == 2
