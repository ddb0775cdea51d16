"""Two members turn out to be one: progress, levels and gifts (rules.md 1 and 10)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gifts.models import Grant
from members.models import Member
from stores.models import Staff, Store
from tests.factories.levels import create_level, happen, history, open_codes, record, take_back
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Tier, TierGift
from tiers.paid_proofs import PROOFS as PAID_PROOFS
from tiers.proofs import PROOFS
from tiers.selectors import get_benefits, get_open_period, get_sums, list_merged


@pytest.fixture
def other(store: Store) -> Member:
    return create_member(store)


def unite(gone: Member, stays: Member, at: datetime, key: str = "merge:1") -> list[Change]:
    return services.merge(
        from_member_id=gone.pk, into_member_id=stays.pk, idempotency_key=key, at=at, store=None, actor=None, source=key
    )


def sums(member: Member) -> dict[str, Decimal]:
    found = get_sums(member_id=member.pk, since=[None])[None]
    return {metric: amount for metric, amount in found.items() if amount}


def differences() -> list[Any]:
    return [difference for proof in PROOFS for difference in proof.check()[1]]


def test_members_merged_mid_window_have_the_union_of_their_progress(
    member: Member, other: Member, now: datetime
) -> None:
    happen(other, now, "a", on=date(2026, 1, 5), spend="300.00", points="20")
    happen(member, now, "b", on=date(2026, 2, 5), spend="199.99", orders="1")

    assert unite(other, member, now) == []
    assert (sums(other), sums(member)) == (
        {}, {"spend": Decimal("499.99"), "orders": Decimal(1), "points": Decimal(20)},
    )  # fmt: skip
    days = ProgressEntry.objects.filter(member=member, metric="spend").order_by("business_on")
    assert list(days.values_list("business_on", "amount")) == [
        (date(2026, 1, 5), Decimal("300.00")), (date(2026, 2, 5), Decimal("199.99")),
    ]  # fmt: skip
    happen(member, now, "c", spend="0.01")
    assert open_codes(member) == {"growth": "silver"}
    assert differences() == []


def test_what_both_reached_together_is_reached_by_the_merge(member: Member, other: Member, now: datetime) -> None:
    record(other, now, "a", spend="300.00")
    record(member, now, "b", spend="200.00")

    changes = unite(other, member, now)

    assert [(change.to_tier.code, change.reason) for change in changes] == [("silver", "upgraded")]


@pytest.mark.parametrize(("gone_spend", "stays_spend"), [("2000.00", "500.00"), ("500.00", "2000.00")])
def test_the_higher_tier_stays(member: Member, other: Member, now: datetime, gone_spend: str, stays_spend: str) -> None:
    happen(other, now, "a", spend=gone_spend)
    happen(member, now, "b", spend=stays_spend)

    unite(other, member, now + timedelta(hours=1))

    assert open_codes(member) == {"growth": "gold"}
    assert open_codes(other) == {"growth": "normal"}
    assert history(other)[-1][2] == history(member)[-1][2] == "merged"
    assert list_merged(member.pk) == [other.pk]
    assert list_merged(other.pk) == []
    assert differences() == []


def test_a_lock_and_counting_that_restarted_go_along(
    member: Member, other: Member, gold: Tier, manager: Staff, now: datetime
) -> None:
    lock = now + timedelta(days=30)
    services.set_manually(
        member_id=other.pk, tier=gold, reason="x", at=now, store=None, actor=manager, locked_until=lock,
        joins_auto_upgrade=False, restart_counting=True,
    )  # fmt: skip
    record(member, now, "b", spend="9000.00")

    unite(other, member, now)

    period = get_open_period(member.pk)
    assert period is not None
    assert (period.tier, period.locked_until, period.joins_auto_upgrade, period.counts_after) == (
        gold, lock, False, date(2026, 3, 18),
    )  # fmt: skip


def test_levels_of_other_tracks_go_along(member: Member, other: Member, manager: Staff, now: datetime) -> None:
    friend = create_level("invited", "friend", now)
    services.set_manually(member_id=other.pk, tier=friend, reason="x", at=now, store=None, actor=manager)

    unite(other, member, now)

    assert open_codes(member) == {"invited": "friend"}


def test_neither_is_given_the_pack_of_a_level_twice(member: Member, other: Member, silver: Tier, now: datetime) -> None:
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(points=50))
    happen(other, now, "a", spend="500.00")
    assert Grant.objects.count() == 1

    unite(other, member, now)
    take_back(member, now + timedelta(hours=1), "a")
    assert open_codes(member) == {"growth": "normal"}
    happen(member, now + timedelta(days=1), "again", spend="500.00")

    assert open_codes(member) == {"growth": "silver"}
    assert Grant.objects.count() == 1


def test_a_chain_of_merges_remembers_every_pack(
    store: Store, member: Member, other: Member, silver: Tier, now: datetime
) -> None:
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(points=50))
    third = create_member(store)
    happen(third, now, "a", spend="500.00")

    unite(third, other, now, "merge:1")
    unite(other, member, now, "merge:2")
    change = services.set_manually(
        member_id=member.pk, tier=Tier.objects.get(code="normal"), reason="x", at=now, store=None,
        actor=Staff.objects.create_user(username="boss", password="river-stone-42"), restart_counting=True,
    )  # fmt: skip
    assert change.to_tier.code == "normal"
    happen(member, now + timedelta(days=1), "b", spend="500.00")

    assert list_merged(member.pk) == [other.pk, third.pk]
    assert Grant.objects.count() == 1


def test_a_return_of_the_first_member_s_order_finds_the_progress_where_it_is(
    store: Store, member: Member, other: Member, now: datetime
) -> None:
    third = create_member(store)
    happen(other, now, "a", spend="500.00", orders="1")
    unite(other, third, now, "merge:1")
    unite(third, member, now, "merge:2")
    assert open_codes(member) == {"growth": "silver"}

    change = take_back(other, now + timedelta(hours=1), "a")

    assert change is not None
    assert (change.member_id, change.to_tier.code, change.reason) == (member.pk, "normal", "revoked")
    assert sums(member) == sums(other) == sums(third) == {}
    assert take_back(other, now + timedelta(hours=1), "a") is None
    assert differences() == []


def test_the_same_merge_again_moves_nothing_more(member: Member, other: Member, now: datetime) -> None:
    happen(other, now, "a", spend="500.00")
    unite(other, member, now)
    counts = Period.objects.count(), ProgressEntry.objects.count(), Change.objects.count()

    assert unite(other, member, now) == []

    assert (Period.objects.count(), ProgressEntry.objects.count(), Change.objects.count()) == counts


def test_a_member_is_not_merged_into_themselves(member: Member, now: datetime) -> None:
    with pytest.raises(ValueError, match="themselves"):
        unite(member, member, now)


def test_time_that_was_bought_goes_along_with_its_purchase(
    store: Store, member: Member, other: Member, now: datetime
) -> None:
    (card,) = create_card()
    bought = buy_membership(create_paid_plan(card, months=3), other, store)

    unite(other, member, now + timedelta(hours=1))

    bought.refresh_from_db()
    held = get_benefits(member_id=member.pk, at=now + timedelta(hours=1)).held
    assert bought.member_id == member.pk
    assert [(one.code, one.valid_until) for one in held] == [("normal", None), (card.code, bought.ends_at)]
    assert [one.code for one in get_benefits(member_id=other.pk, at=now + timedelta(hours=1)).held] == ["normal"]
    assert [proof.name for proof in (*PROOFS, *PAID_PROOFS) if proof.check()[1]] == []
