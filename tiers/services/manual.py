"""Levels that people give and take by hand (R-T8)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from core.days import end_of, local_day
from core.errors import DomainError
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Change, Reason, Tier, Track, Version
from tiers.selectors import get_open_period, is_base, joined_on, level_of, list_versions_in_force
from tiers.services.giving import give_upgrade
from tiers.services.moving import Decision, move, valid_until


class InvalidTierChange(DomainError):
    """A level set by hand needs a reason and an existing level, and a lock that ends later than now."""


@joining_atomic
def set_manually(
    *,
    member_id: int,
    tier: Tier,
    reason: str,
    at: datetime,
    store: Store | None,
    actor: Staff,
    locked_until: datetime | None = None,
    joins_auto_upgrade: bool = True,
    restart_counting: bool = False,
    valid_through: date | None = None,
    gives_gifts: bool = False,
) -> Change:
    """Give a member a level by hand (R-T8), with an audit row. Other tracks keep what they have.

    The level is valid as if it was reached today, or through ``valid_through``. Until ``locked_until`` nothing moves
    the member down automatically, and up only with ``joins_auto_upgrade``; an invited level, whose benefits stop with
    its validity, lasts at least as long as its lock. ``restart_counting`` leaves all that counts
    for today or earlier out of later evaluations, so that a member set lower does not come back up on the next sale.
    ``gives_gifts``: the gifts of reaching the level too. InvalidTierChange without a reason, for a lock or an end in
    the past, for a level that is retired (unless the member has it) and for one that is bought.
    """
    if not reason.strip():
        raise InvalidTierChange(_("Say why the tier is set by hand."))
    if locked_until is not None and locked_until <= at:
        raise InvalidTierChange(_("The lock must end later than now."))
    today = local_day(at)
    if valid_through is not None and valid_through < today:
        raise InvalidTierChange(_("The tier cannot end in the past."))
    lock_member(member_id)
    track = Track.objects.get(pk=tier.track_id)
    if track.kind == Track.Kind.PAID:
        raise InvalidTierChange(_("Paid tiers are sold at the till."))
    versions = list_versions_in_force(at, track)
    period = get_open_period(member_id, track)
    version = _version_of(versions, tier)
    if version.tier.retired_at is not None and (period is None or period.tier_id != tier.pk):
        raise InvalidTierChange(_("The tier %(name)s is retired: nobody is given it any more.") % {"name": tier.label})
    lock: dict[str, Any] = {"locked_until": locked_until, "joins_auto_upgrade": joins_auto_upgrade}
    if restart_counting:
        lock["counts_after"] = today
    joined = joined_on(member_id) if level_of(version).needs_joining_day else None
    until = valid_until(version, today, joined) if valid_through is None else end_of(valid_through)
    if track.kind == Track.Kind.INVITED and until is not None and locked_until is not None:
        until = max(until, locked_until)
    change = move(
        member_id=member_id,
        period=period,
        base=versions[0],
        decision=Decision(version, Reason.MANUAL, [], until),
        source=f"staff:{actor.pk}",
        at=at,
        store=store,
        actor=actor,
        memo=reason.strip()[:500],
        **lock,
    )
    if gives_gifts:
        give_upgrade(change=change, at=at, store=store, actor=actor)
    audit.record(
        "tier.set_by_hand",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        reason=reason.strip()[:500],
        before=change.from_tier.code,
        after=change.to_tier.code,
        locked_until=locked_until,
        restart_counting=restart_counting,
        valid_through=valid_through,
        gifts=gives_gifts,
    )
    return change


@joining_atomic
def take_off(*, member_id: int, track: Track, reason: str, at: datetime, store: Store | None, actor: Staff) -> Change:
    """Take a member off a track of stored value or of cards given by hand, back to "not on this track" (R-T8).

    InvalidTierChange where the member is not on it, without a reason, and for the track of growth, which everybody is
    on, and paid ones, which are refunded.
    """
    if track.kind == Track.Kind.GROWTH:
        raise InvalidTierChange(_("Every member is on this track."))
    lock_member(member_id)
    period = get_open_period(member_id, track)
    if period is None or is_base(period.tier):
        raise InvalidTierChange(_("The member does not have this tier."))
    base = Tier.objects.filter(track=track).order_by("rank")[0]
    return set_manually(member_id=member_id, tier=base, reason=reason, at=at, store=store, actor=actor)


def _version_of(versions: Sequence[Version], tier: Tier) -> Version:
    for version in versions:
        if version.tier_id == tier.pk:
            return version
    raise InvalidTierChange(_("The tier %(name)s has no rules in force yet.") % {"name": tier.label})
