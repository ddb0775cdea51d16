"""Gifts of levels come once and go back with the level, on the crooked ways too (R-T12, R-T6, T09, T10)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

import gifts.services
import points.selectors
from core.days import start_of
from gifts.models import Grant
from members.models import Member
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tiers import services
from tiers.models import Change, Period, Tier, TierGift, Version
from tiers.rules import Thresholds
from tiers.services import giving

BEGINNING = "2020-01-01T00:00:00+00:00"


def offer(tier, occasion="upgrade", *, points=50, **options):
    return TierGift.objects.create(tier=tier, pack=create_pack(points=points), occasion=occasion, **options)


def buy(member, at, key, **metrics):
    services.record_progress(
        member_id=member.pk, metrics={name: Decimal(amount) for name, amount in metrics.items()}, source=f"order:{key}",
        business_on=at.date(), idempotency_key=key, at=at, store=None, actor=None,
    )  # fmt: skip
    return services.reevaluate(member_id=member.pk, at=at, source=f"order:{key}")


def take_back(member, at, key):
    services.reverse_progress(
        idempotency_key_of_original=key, idempotency_key=f"back:{key}", at=at, store=None, actor=None
    )
    return services.reevaluate(member_id=member.pk, at=at, source=f"order:{key}")


def set_level(member, tier, at, store, manager):
    return services.set_manually(
        member_id=member.pk, tier=tier, reason="test", at=at, store=store, actor=manager, gives_gifts=True
    )


def merge(gone, stays, at):
    services.merge(
        from_member_id=gone.pk, into_member_id=stays.pk, idempotency_key="merge", source="merge:1", at=at, store=None,
        actor=None,
    )  # fmt: skip


def statuses():
    return [status for _source, status in Grant.objects.order_by("pk").values_list("source", "status")]


def test_one_refund_that_takes_two_levels_takes_the_gifts_of_both_climbs(member, silver, gold, now):
    Version.objects.create(
        tier=gold,
        effective_at=BEGINNING,
        thresholds=Thresholds({"orders": Decimal(3)}, window=silver_window()).to_json(),
    )
    offer(silver, points=50)
    offer(silver, points=30, is_pending=True)
    offer(gold, points=70)
    buy(member, now, "a", spend="600", orders="1")
    buy(member, now + timedelta(hours=1), "b", spend="1", orders="1")
    assert buy(member, now + timedelta(days=1), "c", spend="1", orders="1").to_tier == gold
    assert statuses() == ["given", "pending", "given"]

    change = take_back(member, now + timedelta(days=2), "a")

    assert (change.from_tier, change.to_tier.code, change.reason) == (gold, "normal", "revoked")
    assert statuses() == ["taken_back", "cancelled", "taken_back"]
    assert points.selectors.get_balance(member_id=member.pk, at=now + timedelta(days=2)).balance == 0


def silver_window():
    return Tier.objects.get(code="silver").versions.latest("pk").rule.window


@pytest.mark.parametrize("first", [False, True])
def test_a_gift_that_became_yearly_or_not_is_not_given_again_for_that(member, silver, store, manager, now, first):
    normal = Tier.objects.get(code="normal")
    gift = offer(silver, is_yearly=first)
    set_level(member, silver, now, store, manager)
    set_level(member, normal, now + timedelta(days=1), store, manager)

    TierGift.objects.filter(pk=gift.pk).update(is_yearly=not first)
    set_level(member, silver, now + timedelta(days=2), store, manager)

    assert statuses() == ["given"]


def test_a_gift_that_became_yearly_comes_in_another_year(member, silver, store, manager, now):
    gift = offer(silver)
    set_level(member, silver, now, store, manager)
    set_level(member, Tier.objects.get(code="normal"), now + timedelta(days=1), store, manager)

    TierGift.objects.filter(pk=gift.pk).update(is_yearly=True)
    set_level(member, silver, now + timedelta(days=300), store, manager)

    assert statuses() == ["given", "given"]


def test_a_level_without_rules_in_force_gives_nothing_to_who_skips_it(member, silver, gold, store, manager, now):
    planned = Tier.objects.create(track=silver.track, rank=(silver.rank + gold.rank) // 2, code="rose", name="Rose")
    Version.objects.create(
        tier=planned, effective_at=now + timedelta(days=30), thresholds=Thresholds({"spend": Decimal(900)}).to_json()
    )
    offer(planned)
    offer(gold, points=70)

    set_level(member, gold, now, store, manager)

    assert [grant.source.split(":")[2] for grant in Grant.objects.all()] == [str(gold.pk)]


def test_who_took_the_gift_of_this_month_takes_none_after_a_merge(member, silver, store, manager, now):
    gone = create_member(store)
    gift = offer(silver, "monthly", points=5)
    set_level(gone, silver, now, store, manager)
    taking = {"gift_id": gift.pk, "month": date(2026, 3, 1), "store": store, "actor": manager}
    giving.give_monthly(member_id=gone.pk, at=now, **taking)

    later = now + timedelta(hours=1)
    merge(gone, member, later)

    assert Period.objects.get(member=member, ends_at=None).tier == silver
    with pytest.raises(giving.MonthlyGiftRefused, match="2026-03"):
        giving.give_monthly(member_id=member.pk, at=later, **taking)
    assert statuses() == ["given"]
    assert Change.objects.filter(member=member).count() == 1


def test_a_receipt_names_the_gift_though_the_tills_clock_is_behind(member, silver, gold, store, manager, now):
    offer(gold, points=70)
    set_level(member, silver, now + timedelta(minutes=3), store, manager)

    change = buy(member, now, "a", spend="2000")

    assert (change.to_tier, change.occurred_at) == (gold, now + timedelta(minutes=3))
    assert len(giving.gifts_of_upgrade(change)) == 1


def release(day):
    return list(gifts.services.release_due(day, start_of(day) + timedelta(hours=1)))[-1]


@pytest.mark.parametrize("both", [False, True])
def test_a_gift_that_waits_goes_along_with_a_merge_and_is_given_once(member, silver, store, manager, now, both):
    gone = create_member(store)
    offer(silver, is_pending=True)
    for one in (gone, member) if both else (gone,):
        set_level(one, silver, now, store, manager)

    merge(gone, member, now + timedelta(hours=1))
    Member.objects.filter(pk=gone.pk).update(status=Member.Status.MERGED)

    assert release(date(2026, 3, 26))["given"] == 1
    assert points.selectors.get_balance(member_id=member.pk, at=now + timedelta(days=9)).balance == 50
    set_level(member, Tier.objects.get(code="normal"), now + timedelta(days=10), store, manager)
    set_level(member, silver, now + timedelta(days=11), store, manager)
    assert points.selectors.get_balance(member_id=member.pk, at=now + timedelta(days=12)).balance == 50


def test_a_gift_that_waits_is_cancelled_by_a_refund_after_a_merge(member, silver, store, now):
    gone = create_member(store)
    offer(silver, is_pending=True)
    buy(gone, now, "a", spend="600")

    merge(gone, member, now + timedelta(hours=1))
    services.reverse_progress(
        idempotency_key_of_original="a", idempotency_key="back", at=now + timedelta(hours=2), store=None, actor=None
    )
    change = services.reevaluate(member_id=member.pk, at=now + timedelta(hours=2), source="order:a")

    assert change.reason == "revoked"
    assert statuses() == ["cancelled"]
