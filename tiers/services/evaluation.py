"""Deciding a member's level: at the event that reaches it, after a refund, and by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core import audit, settings
from core.database import joining_atomic
from core.days import end_of, local_day
from core.errors import DomainError
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Change, Period, ProgressEntry, Reason, Tier, Version
from tiers.rules import Sums, earned_level, first_days
from tiers.selectors import get_open_period, get_sums, level_of, list_versions_in_force

REVOKE_DAYS = "tiers.revoke_within_days"


class InvalidTierChange(DomainError):
    """A level set by hand needs a reason and an existing level, and a lock that ends later than now."""


@dataclass(frozen=True)
class Decision:
    """Where a member goes, why, and on which figures."""

    version: Version
    reason: Reason
    figures: list[dict[str, str]]
    valid_until: datetime | None
    upgraded_at: datetime | None = None
    falls_back_to: Period | None = None


def figures_of(sums: Sums) -> list[dict[str, str]]:
    """The sums as a change keeps them: the very figures that caused it, zeros left out."""
    return [
        {"metric": metric, "since": "" if first is None else first.isoformat(), "amount": str(amount)}
        for first, metrics in sums.items()
        for metric, amount in metrics.items()
        if amount
    ]


@joining_atomic
def reevaluate(
    *,
    member_id: int,
    at: datetime,
    source: str,
    store: Store | None = None,
    actor: Staff | None = None,
) -> Change | None:
    """Move the member up at once if a threshold is reached now (R-T3), skipping levels; None if nothing moves.

    Called as the last value step of a sale, recharge or refund, so the event itself was priced at the old level. Never
    moves down inside a sale; only an upgrade younger than the return window is revoked when a refund takes back what
    it was earned with (R-T6): the member then has the level before it with its old validity, or the higher one that
    the figures still give. Two events at once: the member's lock lets the second see the first's level.
    """
    lock_member(member_id)
    versions = list_versions_in_force(at)
    period = get_open_period(member_id)
    today = local_day(at)
    levels = [level_of(version) for version in versions]
    sums = get_sums(member_id=member_id, since=first_days(levels, today), counts_after=_counts_after(period))
    earned = earned_level(levels, sums, today)
    version = next(version for version in versions if version.pk == earned.version_id)
    current_rank = versions[0].tier.rank if period is None else period.tier.rank
    decision: Decision | None = None
    if earned.rank > current_rank:
        if period is None or _may_rise(period, at):
            until = valid_until(version, today)
            decision = Decision(version, Reason.UPGRADED, figures_of(sums), until, at, period)
    elif earned.rank < current_rank and period is not None and not _is_locked(period, at) and _is_undone(period, at):
        decision = _revocation(period, version, figures_of(sums), at)
    if decision is None:
        return None
    return move(
        member_id=member_id,
        period=period,
        base=versions[0],
        decision=decision,
        source=source,
        at=at,
        store=store,
        actor=actor,
    )


def _counts_after(period: Period | None) -> date | None:
    return None if period is None else period.counts_after


def _is_locked(period: Period, at: datetime) -> bool:
    return period.locked_until is not None and at < period.locked_until


def _may_rise(period: Period, at: datetime) -> bool:
    """A locked level rises by itself only where the person who locked it allowed that (R-T8)."""
    return period.joins_auto_upgrade or not _is_locked(period, at)


def valid_until(version: Version, today: date) -> datetime | None:
    """The exclusive end of a level of this version reached on ``today``; None where nobody falls from it."""
    last = level_of(version).valid_through(today)
    return None if last is None else end_of(last)


def _is_undone(period: Period, at: datetime) -> bool:
    """Whether a refund took back an upgrade: it is young, something was taken back since, and its window fails now.

    The window is the one of the day of the upgrade, so that a window that merely moved on costs nobody a level.
    """
    if period.upgraded_at is None:
        return False
    upgraded_on = local_day(period.upgraded_at)
    if at >= end_of(upgraded_on + timedelta(days=settings.value(REVOKE_DAYS, at))):
        return False
    taken_back = ProgressEntry.objects.filter(
        member_id=period.member_id, amount__lt=0, occurred_at__gte=period.upgraded_at
    )
    if not taken_back.exists():
        return False
    thresholds = period.version.rule
    first = thresholds.window.first_day(upgraded_on)
    sums = get_sums(member_id=period.member_id, since=[first], counts_after=period.counts_after)
    return not thresholds.are_met(sums[first])


def _revocation(period: Period, earned: Version, figures: list[dict[str, str]], at: datetime) -> Decision:
    """The level held before the upgrade, unless the same refunds took that back too; at least what is earned now.

    Either can fall again with a later refund: the next one asks about the upgrade that first reached it.
    """
    before: Period | None = period.falls_back_to
    while before is not None and before.tier.rank > earned.tier.rank and _is_undone(before, at):
        before = before.falls_back_to
    if before is not None and before.tier.rank >= earned.tier.rank:
        return Decision(
            before.version, Reason.REVOKED, figures, before.valid_until, before.upgraded_at, before.falls_back_to
        )
    until = valid_until(earned, local_day(at))
    return Decision(earned, Reason.REVOKED, figures, until, period.upgraded_at, period.falls_back_to)


def move(
    *,
    member_id: int,
    period: Period | None,
    base: Version,
    decision: Decision,
    source: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    memo: str = "",
    **lock: Any,
) -> Change:
    """Close the open period, open the next and keep the change. The caller holds the member's lock.

    A lock and the day that counting restarted after pass on to the next period unless ``lock`` sets them.
    """
    if period is not None:
        # A till's clock may be behind the entry that opened the period: a period never ends before it starts.
        at = max(at, period.starts_at)
        Period.objects.filter(pk=period.pk).update(ends_at=at)
    kept = {name: getattr(period, name) for name in ("locked_until", "joins_auto_upgrade", "counts_after") if period}
    opened = Period.objects.create(
        member_id=member_id,
        track_id=base.tier.track_id,
        tier=decision.version.tier,
        version=decision.version,
        starts_at=at,
        valid_until=decision.valid_until,
        reason=decision.reason,
        previous=period,
        upgraded_at=decision.upgraded_at,
        falls_back_to=decision.falls_back_to,
        **{**kept, **lock},
    )
    return Change.objects.create(
        member_id=member_id,
        period=opened,
        from_tier=base.tier if period is None else period.tier,
        to_tier=decision.version.tier,
        reason=decision.reason,
        memo=memo,
        figures=decision.figures,
        source=source,
        store=store,
        actor=actor,
        occurred_at=at,
    )


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
) -> Change:
    """Give a member a level by hand (R-T8), with an audit row. The level is valid as if it was reached today.

    Until ``locked_until`` nothing moves the member down automatically, and up only with ``joins_auto_upgrade``.
    ``restart_counting`` leaves all that counts for today or earlier out of later evaluations, so that a member set
    lower does not come back up on the next sale. InvalidTierChange without a reason or for a lock in the past.
    """
    if not reason.strip():
        raise InvalidTierChange(_("Say why the tier is set by hand."))
    if locked_until is not None and locked_until <= at:
        raise InvalidTierChange(_("The lock must end later than now."))
    lock_member(member_id)
    versions = list_versions_in_force(at)
    period = get_open_period(member_id)
    version = _version_of(versions, tier)
    today = local_day(at)
    lock: dict[str, Any] = {"locked_until": locked_until, "joins_auto_upgrade": joins_auto_upgrade}
    if restart_counting:
        lock["counts_after"] = today
    change = move(
        member_id=member_id,
        period=period,
        base=versions[0],
        decision=Decision(version, Reason.MANUAL, [], valid_until(version, today)),
        source=f"staff:{actor.pk}",
        at=at,
        store=store,
        actor=actor,
        memo=reason.strip()[:500],
        **lock,
    )
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
    )
    return change


def _version_of(versions: Sequence[Version], tier: Tier) -> Version:
    for version in versions:
        if version.tier_id == tier.pk:
            return version
    raise InvalidTierChange(_("The tier %(name)s has no rules in force yet.") % {"name": tier.label})
