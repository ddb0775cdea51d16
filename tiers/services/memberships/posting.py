"""What every movement of a paid tier shares: its refusals, and the level that follows from what was bought."""

from datetime import datetime

from django.utils.translation import gettext as _

from core.errors import DomainError, StateChanged
from members.models import Member
from stores.models import Staff, Store
from tiers.models import Change, Membership, Period, Reason, Tier, Version
from tiers.selectors.memberships import list_running
from tiers.services.giving import give_upgrade
from tiers.services.moving import Decision, move

Status = Membership.Status


class OfferChanged(StateChanged):
    """The offer is not what the customer was shown."""


class NotSellable(DomainError):
    """This member cannot buy this offer this way."""


class MembershipNotVoidable(DomainError):
    """A purchase of another day or store, one that others follow, or one that was used already."""


class MembershipNotRefundable(DomainError):
    """Nothing is left of the purchase, or others follow it."""


class MembershipRefundPaid(StateChanged):
    """The refund was paid before."""


class MembershipKeyReused(StateChanged):
    """The key was used for something else."""


def require_active(member: Member) -> None:
    """Only active members buy."""
    if member.status != Member.Status.ACTIVE:
        raise NotSellable(_("Only active members can buy a tier."))


def key_reused() -> MembershipKeyReused:
    """The refusal of a key that was used with other content."""
    return MembershipKeyReused(_("This was already posted with other content. Open the page again."))


def version_in_force(tier: Tier, at: datetime) -> Version:
    """The version of a level that holds at an instant; NotSellable where it has none yet."""
    rows = Version.objects.filter(tier=tier, effective_at__lte=at).select_related("tier")
    found = rows.order_by("-effective_at", "-pk").first()
    if found is None:
        raise NotSellable(_("The tier %(name)s has no rules in force yet.") % {"name": tier.label})
    return found


def base_version(track_id: int, at: datetime) -> Version:
    """The version of the lowest level of a track."""
    return version_in_force(Tier.objects.filter(track_id=track_id).order_by("rank")[:1].get(), at)


def settle(
    *,
    member_id: int,
    track_id: int,
    reason: Reason,
    source: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    memo: str = "",
) -> Change | None:
    """Make the member's level on a paid track the one that stands bought at ``at``, until its last purchase ends.

    The caller holds the member's lock and has written what was bought, refunded or voided. A period whose time was
    over is closed as expired first, so that the history reads the same whether or not the nightly job came before.
    What is bought decides, also over a level that was set by hand. None where nothing moves.
    """
    base = base_version(track_id, at)
    period = _open_period(member_id, track_id)
    if _is_over(period, base, at):
        over = Decision(base, Reason.EXPIRED, [], None)
        move(
            member_id=member_id,
            period=period,
            base=base,
            decision=over,
            source=source,
            at=at,
            store=None,
            actor=None,
        )
        period = _open_period(member_id, track_id)
    running = list_running(member_id=member_id, track_id=track_id, at=at)
    tier, until = (running[0].tier, running[-1].ends_at) if running else (base.tier, None)
    held = base.tier if period is None else period.tier
    if (held.pk, None if period is None else period.valid_until) == (tier.pk, until):
        return None
    change = move(
        member_id=member_id,
        period=period,
        base=base,
        decision=Decision(version_in_force(tier, at), reason, [], until),
        source=source,
        at=at,
        store=store,
        actor=actor,
        memo=memo,
    )
    if change.is_upgrade:
        give_upgrade(change=change, at=at, store=store, actor=actor)
    return change


def _is_over(period: Period | None, base: Version, at: datetime) -> bool:
    """Whether a level that was bought or given for a time still stands open though its time is over."""
    if period is None or period.valid_until is None or period.tier_id == base.tier_id:
        return False
    return period.valid_until <= at


def _open_period(member_id: int, track_id: int) -> Period | None:
    rows = Period.objects.filter(member_id=member_id, track_id=track_id, ends_at__isnull=True)
    return rows.select_related("tier", "version").first()
