"""The monthly gift of a level, which members ask for at the counter (T09)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

import gifts.services
from core.database import joining_atomic
from core.days import local_day, start_of
from core.errors import DomainError
from gifts.models import Grant
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Period, Tier, TierGift, Track
from tiers.selectors import list_merged


class MonthlyGiftRefused(DomainError):
    """Had already this month, or not a gift of a level that the member holds."""


@dataclass(frozen=True)
class Monthly:
    """A monthly gift of a level that a member holds. ``month`` is the first day of the month that it is for, ``grant``
    what was taken for it, ``refusal`` why it cannot be taken now.
    """

    gift: TierGift
    month: date
    grant: Grant | None = None
    refusal: str = ""


def list_monthly(*, member_id: int, at: datetime) -> list[Monthly]:
    """The monthly gifts of the levels that a member holds now: this month's, and the unused one of the month before
    where the gift rolls over and the member held the level when that month ended. One statement where no level has any.
    """
    wanted = list(
        TierGift.objects.filter(occasion=TierGift.Occasion.MONTHLY, is_active=True, pack__is_active=True)
        .select_related("tier__track", "pack")
        .order_by("tier__rank", "pk")
    )
    if not wanted:
        return []
    this_month = local_day(at).replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    tiers = {gift.tier_id: gift.tier for gift in wanted}
    now = _held(member_id, tiers.values(), at)
    before = _held(member_id, tiers.values(), start_of(this_month) - timedelta(microseconds=1))
    taken = _taken(member_id)
    found = []
    for gift in wanted:
        if gift.tier_id not in now:
            continue
        months = [last_month, this_month] if gift.rolls_over and gift.tier_id in before else [this_month]
        found += [_monthly(gift, month, taken) for month in months]
    return [one for one in found if one.month == this_month or not one.grant]


def _held(member_id: int, tiers: Iterable[Tier], at: datetime) -> set[int]:
    """Which of the levels the member held at an instant; what was bought or given for a time ends with its validity."""
    asked = list(tiers)
    rows = Period.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at), member_id=member_id, starts_at__lte=at
    ).select_related("track")
    by_track = {
        period.track_id: period.tier_id
        for period in rows
        if period.track.kind in {Track.Kind.GROWTH, Track.Kind.STORED}
        or period.valid_until is None
        or at < period.valid_until
    }
    lowest = {tier.track_id: tier.pk for tier in Tier.objects.filter(track__kind=Track.Kind.GROWTH).order_by("-rank")}
    held = {**lowest, **by_track}
    return {tier.pk for tier in asked if held.get(tier.track_id) == tier.pk}


def _taken(member_id: int) -> dict[tuple[int, str], Grant]:
    """Monthly gifts that the member has had, by gift and month; what was taken back counts as had, and what somebody
    had who was merged into this member."""
    owners = [member_id, *list_merged(member_id)]
    rows = Grant.objects.filter(member_id__in=owners, source__startswith="tier-monthly:")
    found = {}
    for grant in rows.order_by("pk"):
        gift_id, month = grant.source.split(":")[2:4]
        found[int(gift_id), month] = grant
    return found


def _monthly(gift: TierGift, month: date, taken: dict[tuple[int, str], Grant]) -> Monthly:
    text = month.strftime("%Y-%m")
    grant = taken.get((gift.pk, text))
    if grant is not None:
        return Monthly(gift, month, grant, _("Already taken for %(month)s.") % {"month": text})
    others = [had for had, taken_for in taken if taken_for == text]
    # Who rises in the middle of a month does not get the gift of the new level on top of that of the old one.
    if others and (
        TierGift.objects.filter(pk__in=others, tier__track_id=gift.tier.track_id).exclude(tier_id=gift.tier_id).exists()
    ):
        return Monthly(gift, month, None, _("The gift of another tier was taken for %(month)s.") % {"month": text})
    return Monthly(gift, month)


@joining_atomic
def give_monthly(*, member_id: int, gift_id: int, month: date, at: datetime, store: Store, actor: Staff) -> Grant:
    """Give a level's gift of a month, which a member asks for at the counter: once per member and calendar month (T09).

    MonthlyGiftRefused where it was taken before or is none of the member's; PackNotGiven where something of it is not
    given out at the moment. Nothing moves then.
    """
    lock_member(member_id)
    for one in list_monthly(member_id=member_id, at=at):
        if one.gift.pk == gift_id and one.month == month:
            if one.refusal:
                raise MonthlyGiftRefused(one.refusal)
            grant = gifts.services.give_pack(
                pack_id=one.gift.pack_id,
                member_id=member_id,
                source=f"tier-monthly:{member_id}:{gift_id}:{month:%Y-%m}",
                at=at,
                store=store,
                actor=actor,
                is_strict=True,
            )
            if grant is not None:
                return grant
    raise MonthlyGiftRefused(_("This gift does not belong to a tier of this member."))
