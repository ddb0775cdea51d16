"""Two events at one threshold, many clicks on one gift, two copies of the night: each gift once (T10, invariant 11)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

import points.selectors
import tiers.services
from campaigns.models import Giveaway
from campaigns.services import VisitRefused, give_visit, save_giveaway
from gifts.models import Grant
from gifts.proofs import PROOFS
from gifts.services import give_pack, packs, release_due
from members.models import Member
from stores.models import Staff, Store
from tests.factories.ledgers import assert_ledgers_agree
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tests.factories.threads import at_once, meet_before
from tiers.models import Change, Tier, TierGift
from tiers.services import giving

pytestmark = pytest.mark.django_db(transaction=True)
TILLS = 8


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


def prove() -> None:
    assert_ledgers_agree()
    for proof in PROOFS:
        assert proof.check()[1] == [], proof.name


def balance(member: Member, at: datetime) -> int:
    return points.selectors.get_balance(member_id=member.pk, at=at).balance


def spend(member: Member, amount: str, key: str, store: Store, at: datetime) -> Change | None:
    """As the last step of a sale."""
    with transaction.atomic():
        where: dict[str, Any] = {"member_id": member.pk, "source": "order:1", "at": at, "store": store, "actor": None}
        tiers.services.record_progress(
            metrics={"spend": Decimal(amount)}, business_on=at.date(), idempotency_key=key, **where
        )
        return tiers.services.reevaluate(**where)


def test_two_orders_reaching_a_threshold_at_once_give_one_upgrade_and_one_gift(
    member: Member, store: Store, now: datetime
) -> None:
    silver = Tier.objects.get(code="silver")
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(points=50))

    at_once(TILLS, lambda till: spend(member, "500.00", f"t:{till}", store, now))

    assert Grant.objects.filter(source__startswith=f"tier-upgrade:{member.pk}:{silver.pk}:").count() == 1
    reached = Change.objects.filter(member=member, to_tier=silver).count()
    assert reached <= 1
    prove()


def test_one_occasion_by_many_threads_gives_one_pack(member: Member, store: Store, now: datetime) -> None:
    pack = create_pack(points=50)

    results = at_once(
        TILLS,
        lambda _till: give_pack(pack_id=pack.pk, member_id=member.pk, source="x:1", at=now, store=store, actor=None),
    )

    assert {grant.pk for grant in results} == {Grant.objects.get().pk}
    assert balance(member, now) == 50
    prove()


def test_without_the_member_s_lock_the_race_for_one_occasion_is_real(
    member: Member, store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = create_pack(points=50)
    monkeypatch.setattr(packs, "lock_member", lambda member_id: None)
    monkeypatch.setattr(packs, "get_pack_terms", meet_before(TILLS, packs.get_pack_terms))

    results = at_once(
        TILLS,
        lambda _till: give_pack(pack_id=pack.pk, member_id=member.pk, source="x:1", at=now, store=store, actor=None),
        Exception,
    )

    # Everybody believed to be the first; only the unique source stopped the others.
    assert sum(isinstance(result, Exception) for result in results) == TILLS - 1
    assert Grant.objects.count() == 1


def test_the_monthly_gift_clicked_by_many_at_once_is_given_once(
    member: Member, store: Store, manager: Staff, now: datetime
) -> None:
    normal = Tier.objects.get(code="normal")
    gift = TierGift.objects.create(tier=normal, occasion="monthly", pack=create_pack(points=5))

    results = at_once(
        TILLS,
        lambda _till: giving.give_monthly(
            member_id=member.pk, gift_id=gift.pk, month=date(2026, 3, 1), at=now, store=store, actor=manager
        ),
        giving.MonthlyGiftRefused,
    )

    assert sum(isinstance(result, Grant) for result in results) == 1
    assert balance(member, now) == 5


def test_the_gift_of_a_visit_clicked_by_many_at_once_is_given_once(
    member: Member, store: Store, manager: Staff, now: datetime
) -> None:
    row = Giveaway(name="到店礼", trigger="visit", repeats="daily", pack=create_pack(points=5))
    giveaway = save_giveaway(giveaway=row, stores=[], actor=None, at=now)

    results = at_once(
        TILLS,
        lambda _till: give_visit(giveaway_id=giveaway.pk, member_id=member.pk, at=now, store=store, actor=manager),
        VisitRefused,
    )

    assert sum(isinstance(result, Grant) for result in results) == 1
    assert balance(member, now) == 5


def hold_back(people: Sequence[Member], store: Store, now: datetime) -> datetime:
    pack = create_pack(points=50)
    for person in people:
        give_pack(
            pack_id=pack.pk, member_id=person.pk, source=f"x:{person.pk}", at=now, store=store, actor=None,
            pending_until=now + timedelta(days=1),
        )  # fmt: skip
    return now + timedelta(days=2)


def test_two_copies_of_the_night_give_every_held_back_pack_once(store: Store, now: datetime) -> None:
    people = [create_member(store) for _ in range(12)]
    later = hold_back(people, store, now)

    at_once(3, lambda _copy: list(release_due(later.date(), later)))

    assert [balance(person, later) for person in people] == [50] * 12
    assert Grant.objects.filter(status="given").count() == 12
    prove()


def test_a_night_that_is_killed_half_way_goes_on_where_it_stopped(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [create_member(store) for _ in range(6)]
    later = hold_back(people, store, now)
    release, done = packs._release, []

    def dying(grant_id: int, member_id: int, at: datetime) -> str:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(grant_id)
        return release(grant_id, member_id, at)

    with monkeypatch.context() as patch:
        patch.setattr(packs, "_release", dying)
        with pytest.raises(KeyboardInterrupt):
            list(release_due(later.date(), later))
    assert Grant.objects.filter(status="given").count() == 3

    assert list(release_due(later.date(), later)) == [{"changed": 3, "given": 3, "cancelled": 0}]

    assert [balance(person, later) for person in people] == [50] * 6
    prove()


def test_a_held_back_pack_is_either_given_or_cancelled_when_both_happen_at_once(
    member: Member, store: Store, now: datetime
) -> None:
    later = hold_back([member], store, now)
    where: dict[str, Any] = {"at": later, "store": store, "actor": None}

    at_once(
        2,
        lambda who: (
            list(release_due(later.date(), later))
            if who
            else packs.cancel_or_take_back(source=f"x:{member.pk}", idempotency_key="c", **where)
        ),
    )

    assert Grant.objects.get().status in {"cancelled", "taken_back"}
    assert balance(member, later) == 0
    prove()
