"""Packs on reaching a level, and their undoing (R-T12, T10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product

from django.db.models import Q

import gifts.services
from core import settings
from core.database import joining_atomic
from core.days import end_of, local_day
from gifts.models import Grant
from gifts.wording import promised_texts
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Change, Period, Tier, TierGift, Version
from tiers.selectors import list_merged

RETURN_DAYS = "tiers.revoke_within_days"
SKIPPED = "tiers.gifts_of_skipped_levels"
Occasion = TierGift.Occasion
_LEFT = {Member.Status.CLOSED, Member.Status.MERGED}
_UNDONE = {Grant.Status.CANCELLED, Grant.Status.TAKEN_BACK}


def give_upgrade(*, change: Change, at: datetime, store: Store | None, actor: Staff | None) -> list[Grant]:
    """Give what the levels that a member has just reached give on the way up, in the upgrade's own transaction.

    Each gift once per member, level and gift, whatever version the level has, and once per calendar year where the
    gift says so; another climb gives it again only if the first one was taken back whole. Skipped levels give theirs
    too unless the setting says that only the highest does; those that are only planned give nothing yet. Held-back
    gifts wait until no refund can revoke the upgrade. Who left gets none, and stops neither the night nor a refund.
    """
    if not change.is_upgrade:
        return []
    reached = Q(tier__rank=change.to_tier.rank)
    if settings.value(SKIPPED, at):
        reached = Q(tier__rank__gt=change.from_tier.rank, tier__rank__lte=change.to_tier.rank)
    wanted = TierGift.objects.filter(
        reached,
        tier__track_id=change.to_tier.track_id,
        tier__retired_at__isnull=True,
        tier__in=Version.objects.filter(effective_at__lte=at).values("tier"),
        occasion=Occasion.UPGRADE,
        is_active=True,
    )
    due_at = end_of(local_day(at) + timedelta(days=settings.value(RETURN_DAYS, at)))
    given = []
    for gift in wanted.order_by("tier__rank", "pk"):
        if lock_member(change.member_id).status in _LEFT:
            break
        grant = gifts.services.give_pack(
            pack_id=gift.pack_id,
            member_id=change.member_id,
            source=_next_source(change.member_id, gift, local_day(at).year),
            at=at,
            store=store,
            actor=actor,
            pending_until=due_at if gift.is_pending else None,
        )
        if grant is not None:
            given.append(grant)
    return given


def _next_source(member_id: int, gift: TierGift, year: int) -> str:
    """The source of an occasion; a further one where all that was given for it went back as if it had never been."""
    earlier = _list_given(member_id, gift, year)
    standing = _standing(earlier)
    # What a member was given who has been merged into this one is given to neither again.
    for merged_id in [] if standing else list_merged(member_id):
        standing += _standing(_list_given(merged_id, gift, year))
    if standing:
        return standing[-1]
    source = f"tier-upgrade:{member_id}:{gift.tier_id}:{gift.pk}"
    if gift.is_yearly:
        source = f"{source}:{year}"
    return f"{source}:again-{len(earlier)}" if earlier else source


def _standing(given: Iterable[Grant]) -> list[str]:
    return [grant.source for grant in given if grant.status not in _UNDONE]


def _list_given(member_id: int, gift: TierGift, year: int) -> list[Grant]:
    """What a member was given by a gift before, oldest first: ever, or in this year by a yearly one, whichever of the
    two the gift was then."""
    base = f"tier-upgrade:{member_id}:{gift.tier_id}:{gift.pk}"
    given = Grant.objects.filter(Q(source=base) | Q(source__startswith=f"{base}:")).order_by("pk")
    return [grant for grant in given if not gift.is_yearly or local_day(grant.granted_at).year == year]


def hand_over_pending(*, from_member_id: int, into_member_id: int) -> None:
    """Upgrade gifts that still wait go along with a merge, but for those that the other one, or somebody merged before,
    has had or waits for. The caller holds both members and has recorded the merge."""
    waiting = Grant.objects.filter(
        member_id=from_member_id, status=Grant.Status.PENDING, source__startswith="tier-upgrade:"
    )
    for grant in waiting.order_by("pk"):
        gift, year = TierGift.objects.get(pk=grant.source.split(":")[3]), local_day(grant.granted_at).year
        had = [one for owner in _owners(into_member_id) for one in _list_given(owner, gift, year)]
        if not _standing(one for one in had if one.pk != grant.pk):
            grant.member_id = into_member_id
            grant.save(update_fields=["member"])


def _owners(member_id: int) -> list[int]:
    """Whose ids may stand in the sources of what the member has."""
    return [member_id, *list_merged(member_id)]


def cancel_upgrade(*, change: Change, at: datetime, store: Store | None, actor: Staff | None) -> list[Grant]:
    """Undo the upgrade gifts of the levels that a revocation took away (R-T6): what waits is cancelled, what is unused
    goes back, what was used is listed as a leak. Gifts of an earlier climb stay.
    """
    lost = change.period.previous
    if change.to_tier.rank >= change.from_tier.rank or lost is None:
        return []
    return take_back_gifts(
        member_id=change.member_id,
        tier_ids=Tier.objects.filter(
            track_id=change.to_tier.track_id, rank__gt=change.to_tier.rank, rank__lte=change.from_tier.rank
        ).values_list("pk", flat=True),
        occasions=[Occasion.UPGRADE],
        since=_climbed_at(lost, change.to_tier),
        idempotency_key=f"tier-change:{change.pk}",
        at=at,
        store=store,
        actor=actor,
    )


def _climbed_at(lost: Period, left: Tier) -> datetime:
    """When the first of the upgrades happened that a revocation undid: one refund may take several at once."""
    since: datetime = lost.upgraded_at or lost.starts_at
    before: Period | None = lost.falls_back_to
    while before is not None and before.upgraded_at is not None and before.tier.rank > left.rank:
        since, before = min(since, before.upgraded_at), before.falls_back_to
    return since


def list_gifts(*, member_id: int, tier_ids: Iterable[int], occasions: Sequence[str], since: datetime) -> list[Grant]:
    """What levels gave to a member at such occasions since an instant and what still stands, oldest first."""
    of = list(TierGift.objects.filter(tier_id__in=list(tier_ids), occasion__in=occasions).values_list("pk", "tier_id"))
    sources = Q()
    for owner, (gift_id, tier_id) in product(_owners(member_id) if of else [], of):
        for start in (
            f"tier-upgrade:{owner}:{tier_id}:{gift_id}",
            f"tier-monthly:{owner}:{gift_id}",
            f"tier-birthday:{owner}:{gift_id}",
        ):
            if start.split(":")[0] in {f"tier-{occasion}" for occasion in occasions}:
                sources |= Q(source=start) | Q(source__startswith=f"{start}:")
    if not sources:
        return []
    standing = Grant.objects.filter(
        sources, member_id=member_id, status__in=[Grant.Status.GIVEN, Grant.Status.PENDING], granted_at__gte=since
    )
    return list(standing.prefetch_related("items").order_by("pk"))


@joining_atomic
def take_back_gifts(
    *,
    member_id: int,
    tier_ids: Iterable[int],
    occasions: Sequence[str],
    since: datetime,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    goods_returned: bool = False,
) -> list[Grant]:
    """Undo what :func:`list_gifts` names: a revoked upgrade, or the refund of a paid level (R-T10). Never refused."""
    lock_member(member_id)
    done = []
    for grant in list_gifts(member_id=member_id, tier_ids=tier_ids, occasions=occasions, since=since):
        closed = gifts.services.cancel_or_take_back(
            source=grant.source,
            idempotency_key=f"{idempotency_key}:{grant.pk}",
            at=at,
            store=store,
            actor=actor,
            goods_returned=goods_returned,
        )
        if closed is not None:
            done.append(closed)
    return done


@dataclass(frozen=True)
class UpgradeGift:
    """What an upgrade gave, in words for the receipt; ``due_on`` is the day of a gift that is held back."""

    name: str
    texts: tuple[str, ...]
    due_on: date | None


def gifts_of_upgrade(change: Change) -> list[UpgradeGift]:
    """What :func:`give_upgrade` gave for this very change, so that the cashier can hand it over."""
    made = Grant.objects.filter(
        member_id=change.member_id,
        source__startswith=f"tier-upgrade:{change.member_id}:",
        # A till's clock may be behind, so that the change is later than the sale that caused it.
        granted_at=change.period.upgraded_at or change.occurred_at,
        status__in=[Grant.Status.GIVEN, Grant.Status.PENDING],
    )
    return [
        UpgradeGift(
            name=str(grant.plan_snapshot.get("name", "")),
            texts=tuple(promised_texts(grant)),
            due_on=None if grant.due_at is None else local_day(grant.due_at),
        )
        for grant in made.prefetch_related("items").order_by("pk")
    ]
