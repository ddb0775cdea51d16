"""Points that a member gets, uses, or is given or denied by hand."""

from datetime import datetime
from types import EllipsisType
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from members.models import Member
from points.models import Entry, Lot
from points.selectors import get_rules
from points.services.posting import (
    BlockedByDebt,
    Context,
    Credit,
    InsufficientPoints,
    MemberNotActive,
    Standing,
    draw,
    lock_account,
    post,
    same_content,
)
from stores.models import Staff, Store

Kind = Entry.Kind
CREDITS = frozenset({Kind.EARN, Kind.GIFT, Kind.OPENING})


@joining_atomic
def earn(
    *,
    member_id: int,
    points: int,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    kind: str = Kind.EARN,
    available_from: datetime | None = None,
    expires_at: datetime | EllipsisType | None = ...,
    computed: int | None = None,
    limited_by: str = "",
    rule: Any = None,
) -> Entry | None:
    """Credit points: a points debt is repaid first, the rest becomes a lot (R-P11). The same key credits once.

    ``kind`` is earn, gift or opening. ``available_from`` later than ``at`` makes the lot pending (R-P4).
    ``expires_at`` is an exclusive instant or None for never; left out, the owner's setting decides (R-P14).
    ``computed`` is what the rule came to before a cap named ``limited_by`` cut it to ``points`` (R-P5); ``rule`` is
    the snapshot that refunds recompute with (R-P10). 0 points post nothing and give None.
    """
    if points < 0 or kind not in CREDITS:
        raise ValueError("earn takes points of 0 or more and a kind of credit")
    if points == 0:
        return None
    standing = lock_account(member_id, idempotency_key)
    wanted = points if computed is None else computed
    if standing.posted is not None:
        return same_content(standing.posted, account_id=member_id, kind=kind, computed=wanted, granted=points)
    if standing.member.status in {Member.Status.CLOSED, Member.Status.MERGED}:
        raise MemberNotActive(_("This membership has ended and cannot get points."))
    context = Context(source, idempotency_key, at, store, actor)
    return _credit(
        standing, context, kind, points, available_from or at, expires_at, wanted, limited_by=limited_by, rule=rule
    )


def _credit(
    standing: Standing,
    context: Context,
    kind: str,
    points: int,
    available_from: datetime,
    expires_at: datetime | EllipsisType | None,
    computed: int,
    **details: Any,
) -> Entry:
    repaid = min(points, standing.debt)
    credits = []
    if points > repaid:
        ends_at = get_rules(at=context.at).expiry_of(context.at) if isinstance(expires_at, EllipsisType) else expires_at
        credits.append(Credit(points - repaid, available_from, ends_at))
    return post(
        standing,
        context,
        kind=kind,
        points=points - repaid,
        debt=-repaid,
        computed=computed,
        credits=credits,
        **details,
    )


@joining_atomic
def spend(
    *,
    member_id: int,
    points: int,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    rule: Any = None,
) -> Entry:
    """Take points out of the lots that end first, then the oldest, those without end last (R-P7). Once per key.

    Pending and expired lots do not count, whether or not the nightly job has posted the expiry. Refused with
    BlockedByDebt, MemberNotActive or InsufficientPoints, and nothing moves.
    """
    if points <= 0:
        raise ValueError("spend takes points above 0")
    standing = lock_account(member_id, idempotency_key)
    if standing.posted is not None:
        return same_content(standing.posted, account_id=member_id, kind=Kind.SPEND, computed=-points)
    if standing.member.status != Member.Status.ACTIVE:
        raise MemberNotActive(_("This membership is not active; its points cannot be used."))
    if standing.debt > 0:
        raise BlockedByDebt(
            _("The member owes %(debt)s points; points can be used again once they are repaid.")
            % {"debt": standing.debt}
        )
    uses = _draw_spendable(standing, points, at)
    context = Context(source, idempotency_key, at, store, actor)
    return post(standing, context, kind=Kind.SPEND, points=-points, computed=-points, uses=uses, rule=rule)


def spendable_lots(account_id: int, at: datetime) -> QuerySet[Lot]:
    """The lots that can be used at an instant, in the order of R-P7."""
    return Lot.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=at),
        account_id=account_id,
        remaining__gt=0,
        available_from__lte=at,
    ).order_by(F("expires_at").asc(nulls_last=True), "available_from", "id")


def _draw_spendable(standing: Standing, points: int, at: datetime) -> list[tuple[int, int]]:
    uses, missing = draw(spendable_lots(standing.member.pk, at), points)
    if missing:
        raise InsufficientPoints(
            _("Not enough points: %(spendable)s can be used, %(points)s are needed.")
            % {"spendable": points - missing, "points": points}
        )
    return uses


@joining_atomic
def adjust(
    *,
    member_id: int,
    points: int,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Entry:
    """Give (positive) or take (negative) points by hand, with a reason and an audit row. Once per key.

    Points given repay a debt first and expire by the setting; points taken leave the lots that end first and never
    make a debt: InsufficientPoints where the member has fewer that can be used.
    """
    if points == 0 or not reason.strip():
        raise ValueError("an adjustment needs points and a reason")
    standing = lock_account(member_id, idempotency_key)
    if standing.posted is not None:
        return same_content(standing.posted, account_id=member_id, kind=Kind.ADJUST, computed=points)
    if standing.member.status in {Member.Status.CLOSED, Member.Status.MERGED}:
        raise MemberNotActive(_("This membership has ended; its points stay as they are."))
    context = Context(f"member:{member_id}", idempotency_key, at, store, actor)
    if points > 0:
        entry = _credit(standing, context, Kind.ADJUST, points, at, ..., points, memo=reason)
    else:
        uses = _draw_spendable(standing, -points, at)
        entry = post(standing, context, kind=Kind.ADJUST, points=points, computed=points, uses=uses, memo=reason)
    audit.record(
        "points.adjusted",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        reason=reason,
        points=points,
        balance_after=entry.balance_after,
        entry=entry.pk,
    )
    return entry
