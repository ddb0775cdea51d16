"""What levels give: on reaching one, monthly, on birthdays; taken back with a revoked upgrade (R-T12, T09, T10)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

import points.selectors
from gifts.models import Grant
from gifts.services import PackNotGiven
from members.models import Member
from members.rules import celebrations
from stores.services import change_setting
from tests.factories.coupons import create_template
from tests.factories.members import create_member
from tests.factories.packs import create_pack, pause
from tiers import services
from tiers.models import Change, Period, Tier, TierGift
from tiers.services import giving

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def where(store, now):
    return {"at": now, "store": store, "actor": None}


def offer(tier, pack, occasion="upgrade", **options):
    return TierGift.objects.create(tier=tier, pack=pack, occasion=occasion, **options)


def move(member, tier, at, store, manager):
    """Set by hand; an upgrade gives what it gives, a downgrade says so itself."""
    change = services.set_manually(member_id=member.pk, tier=tier, reason="test", at=at, store=store, actor=manager)
    giving.give_upgrade(change=change, at=at, store=store, actor=manager)
    return change


def balance(member, at):
    return points.selectors.get_balance(member_id=member.pk, at=at).balance


def sources():
    return list(Grant.objects.order_by("pk").values_list("source", "status"))


def test_reaching_a_level_gives_its_pack_once_ever(member, silver, gold, store, manager, now):
    normal = Tier.objects.get(code="normal")
    gift = offer(silver, create_pack(points=50))

    move(member, silver, now, store, manager)
    move(member, normal, now + timedelta(days=30), store, manager)
    move(member, silver, now + timedelta(days=400), store, manager)

    assert sources() == [(f"tier-upgrade:{member.pk}:{silver.pk}:{gift.pk}", "given")]
    assert balance(member, now + timedelta(days=400)) == 50


def test_a_yearly_gift_comes_again_in_another_calendar_year(member, silver, store, manager, now):
    normal = Tier.objects.get(code="normal")
    gift = offer(silver, create_pack(points=50), is_yearly=True)

    for days in (0, 20, 400):
        move(member, silver, now + timedelta(days=days), store, manager)
        move(member, normal, now + timedelta(days=days + 10), store, manager)

    base = f"tier-upgrade:{member.pk}:{silver.pk}:{gift.pk}"
    assert sources() == [(f"{base}:2026", "given"), (f"{base}:2027", "given")]


def test_skipped_levels_give_theirs_too_unless_the_setting_says_only_the_highest(
    store, silver, gold, diamond, manager, owner, now
):
    for tier, number in ((silver, 10), (gold, 20), (diamond, 40)):
        offer(tier, create_pack(points=number))
    first, second = create_member(store), create_member(store)

    move(first, gold, now, store, manager)
    code = "tiers.gifts_of_skipped_levels"
    change_setting(code=code, value=False, effective_at=now, actor=owner, at=now)
    move(second, gold, now, store, manager)

    assert (balance(first, now), balance(second, now)) == (30, 20)


def test_a_retired_level_gives_nothing(member, silver, gold, store, manager, now):
    offer(silver, create_pack(points=10))
    offer(gold, create_pack(points=20))
    Tier.objects.filter(pk=silver.pk).update(retired_at=now)

    move(member, gold, now, store, manager)

    assert balance(member, now) == 20


def test_a_held_back_gift_waits_until_no_refund_can_revoke_the_upgrade(member, silver, store, manager, now):
    offer(silver, create_pack(points=50), is_pending=True)

    move(member, silver, now, store, manager)

    grant = Grant.objects.get()
    assert (grant.status, balance(member, now)) == ("pending", 0)
    assert grant.due_at == datetime(2026, 3, 26, tzinfo=SHANGHAI)


def revoke(change, base, at):
    """What a revocation leaves: a change down to the level before."""
    Period.objects.filter(pk=change.period_id).update(ends_at=at)
    opened = Period.objects.create(
        member_id=change.member_id, track_id=base.track_id, tier=base, version=base.versions.first(), starts_at=at,
        reason="revoked", previous=change.period,
    )  # fmt: skip
    return Change.objects.create(
        member_id=change.member_id, period=opened, from_tier=change.to_tier, to_tier=base, reason="revoked",
        source="test:1", occurred_at=at,
    )  # fmt: skip


def test_a_revoked_upgrade_cancels_what_waits_and_takes_back_what_is_unused(member, silver, store, manager, where, now):
    normal = Tier.objects.get(code="normal")
    offer(silver, create_pack(points=50), is_pending=True)
    offer(silver, create_pack(points=70))
    change = move(member, silver, now, store, manager)
    assert balance(member, now) == 70

    giving.cancel_upgrade(change=revoke(change, normal, now), **where)

    assert sorted(status for _source, status in sources()) == ["cancelled", "taken_back"]
    assert balance(member, now) == 0


def test_who_climbs_again_after_a_revocation_gets_the_pack_that_went_back_whole(
    member, silver, store, manager, where, now
):
    normal = Tier.objects.get(code="normal")
    gift = offer(silver, create_pack(points=50))
    giving.cancel_upgrade(change=revoke(move(member, silver, now, store, manager), normal, now), **where)

    move(member, silver, now + timedelta(days=1), store, manager)

    base = f"tier-upgrade:{member.pk}:{silver.pk}:{gift.pk}"
    assert sources() == [(base, "taken_back"), (f"{base}:again-1", "given")]
    assert balance(member, now + timedelta(days=1)) == 50


def test_a_revocation_leaves_the_gift_of_an_earlier_climb(member, silver, store, manager, where, now):
    normal = Tier.objects.get(code="normal")
    offer(silver, create_pack(points=50))
    move(member, silver, now, store, manager)
    move(member, normal, now + timedelta(days=30), store, manager)
    later = now + timedelta(days=60)
    change = move(member, silver, later, store, manager)

    giving.cancel_upgrade(change=revoke(change, normal, later), **{**where, "at": later})

    assert [status for _source, status in sources()] == ["given"]
    assert balance(member, later) == 50


# The monthly gift (T09).


def monthly(member, at):
    return [(one.month, one.refusal) for one in giving.list_monthly(member_id=member.pk, at=at)]


def take(member, gift, month, at, store, manager):
    return giving.give_monthly(member_id=member.pk, gift_id=gift.pk, month=month, at=at, store=store, actor=manager)


def test_the_monthly_gift_is_given_once_in_a_calendar_month_and_a_second_attempt_is_refused(
    member, silver, store, manager, now
):
    gift = offer(silver, create_pack(points=5), "monthly")
    move(member, silver, now, store, manager)
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    next_month = datetime(2026, 4, 1, tzinfo=SHANGHAI)

    take(member, gift, march, now, store, manager)
    with pytest.raises(giving.MonthlyGiftRefused, match="2026-03"):
        take(member, gift, march, next_month - timedelta(microseconds=1), store, manager)
    assert balance(member, now) == 5
    take(member, gift, april, next_month, store, manager)

    assert balance(member, next_month) == 10
    assert sources() == [
        (f"tier-monthly:{member.pk}:{gift.pk}:2026-03", "given"),
        (f"tier-monthly:{member.pk}:{gift.pk}:2026-04", "given"),
    ]


def test_an_unused_monthly_gift_does_not_roll_over_unless_set(member, silver, store, manager, now):
    gift = offer(silver, create_pack(points=5), "monthly")
    move(member, silver, now, store, manager)
    april = datetime(2026, 4, 2, tzinfo=SHANGHAI)

    assert monthly(member, april) == [(date(2026, 4, 1), "")]
    with pytest.raises(giving.MonthlyGiftRefused):
        take(member, gift, date(2026, 3, 1), april, store, manager)
    TierGift.objects.update(rolls_over=True)
    assert monthly(member, april) == [(date(2026, 3, 1), ""), (date(2026, 4, 1), "")]
    take(member, gift, date(2026, 3, 1), april, store, manager)
    take(member, gift, date(2026, 4, 1), april, store, manager)

    assert balance(member, april) == 10
    assert monthly(member, datetime(2026, 5, 2, tzinfo=SHANGHAI)) == [(date(2026, 5, 1), "")]


def test_who_did_not_hold_the_level_last_month_rolls_nothing_over(member, silver, store, manager, now):
    offer(silver, create_pack(points=5), "monthly", rolls_over=True)
    move(member, silver, now, store, manager)

    assert monthly(member, now) == [(date(2026, 3, 1), "")]


def test_rising_in_the_middle_of_a_month_gives_no_second_gift(member, silver, gold, store, manager, now):
    first = offer(silver, create_pack(points=5), "monthly")
    second = offer(gold, create_pack(points=9), "monthly")
    move(member, silver, now, store, manager)
    take(member, first, date(2026, 3, 1), now, store, manager)
    move(member, gold, now, store, manager)

    with pytest.raises(giving.MonthlyGiftRefused):
        take(member, second, date(2026, 3, 1), now, store, manager)

    assert balance(member, now) == 5


def test_a_gift_of_a_level_that_is_not_held_is_refused(member, silver, store, manager, now):
    gift = offer(silver, create_pack(points=5), "monthly")

    with pytest.raises(giving.MonthlyGiftRefused):
        take(member, gift, date(2026, 3, 1), now, store, manager)

    assert not Grant.objects.exists()


def test_a_monthly_gift_whose_coupon_ran_out_is_refused_and_can_be_taken_later(member, silver, store, manager, now):
    template = create_template()
    gift = offer(silver, create_pack(coupons={template.pk: 1}), "monthly")
    move(member, silver, now, store, manager)
    pause(template)

    with pytest.raises(PackNotGiven):
        take(member, gift, date(2026, 3, 1), now, store, manager)

    assert monthly(member, now) == [(date(2026, 3, 1), "")]


# Birthdays (invariant 22).


def celebrate(day):
    return list(giving.give_birthday_gifts(day, datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)))[-1]["given"]


def test_a_birthday_gives_what_the_level_gives_once_a_year(store, silver, manager, now):
    offer(silver, create_pack(points=88), "birthday")
    person = create_member(store, birth_month=5, birth_day=20)
    move(person, silver, now, store, manager)
    create_member(store, birth_month=5, birth_day=20)

    assert [celebrate(date(2026, 5, day)) for day in (19, 20, 20, 21)] == [0, 1, 0, 0]
    assert celebrate(date(2027, 5, 20)) == 1

    assert Grant.objects.filter(member=person).count() == 2


def test_the_lowest_level_celebrates_too(store):
    offer(Tier.objects.get(code="normal"), create_pack(points=8), "birthday")
    create_member(store, birth_month=5, birth_day=20)

    assert celebrate(date(2026, 5, 20)) == 1


@pytest.mark.parametrize(("month", "day"), [(1, 1), (6, 15), (12, 1), (12, 30)])
def test_a_lunar_birthday_gives_exactly_once_in_each_lunar_year(store, month, day):
    offer(Tier.objects.get(code="normal"), create_pack(points=8), "birthday")
    person = create_member(store, birth_calendar=Member.Calendar.LUNAR, birth_month=month, birth_day=day)
    first, last = date(2024, 2, 10), date(2027, 2, 5)  # lunar years 2024, 2025 (leap month 6) and 2026
    asked = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]

    for one in asked:
        if any(c.calendar == "lunar" and (c.month, c.day) == (month, day) for c in celebrations(one)):
            celebrate(one)

    assert list(Grant.objects.order_by("pk").values_list("source", flat=True)) == [
        f"tier-birthday:{person.pk}:{TierGift.objects.get().pk}:{year}" for year in (2024, 2025, 2026)
    ]


def test_frozen_members_and_stopped_gifts_get_nothing_on_the_birthday(store):
    gift = offer(Tier.objects.get(code="normal"), create_pack(points=8), "birthday")
    person = create_member(store, birth_month=5, birth_day=20)
    Member.objects.filter(pk=person.pk).update(status=Member.Status.FROZEN)
    assert celebrate(date(2026, 5, 20)) == 0
    Member.objects.filter(pk=person.pk).update(status=Member.Status.ACTIVE)
    TierGift.objects.filter(pk=gift.pk).update(is_active=False)

    assert celebrate(date(2026, 5, 20)) == 0


def test_growth_points_of_a_gift_count_as_progress_and_not_as_points_earned(member, silver, store, manager, now):
    offer(silver, create_pack(growth=30), "upgrade")

    move(member, silver, now, store, manager)

    from tiers.models import ProgressEntry

    assert list(ProgressEntry.objects.values_list("metric", "amount")) == [("growth", Decimal("30.00"))]
