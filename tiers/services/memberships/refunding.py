"""Refunding a paid tier by time: reckoned, approved by a second person, then paid at a till (R-T10)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from approvals.registry import Payload, Preview
from core import audit, days
from core.database import joining_atomic
from core.money import ZERO
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Membership, MembershipRefund, Reason
from tiers.rules import paid
from tiers.selectors.memberships import get_membership, list_running, lock_membership, remainder_of
from tiers.services.memberships.issued import Issued, list_issued, take_back_issued
from tiers.services.memberships.posting import (
    MembershipNotRefundable,
    MembershipRefundPaid,
    Status,
    settle,
)

KIND = "tiers.refund"
WALLET = "wallet"


@dataclass(frozen=True)
class Reckoning:
    """What a refund of today pays, and from which payments it came."""

    worth: Decimal
    left: int
    total: int
    parts: tuple[tuple[int, str, Decimal], ...]

    @property
    def amount(self) -> Decimal:
        """The sum of all parts."""
        return sum((amount for _purchase, _tender, amount in self.parts), ZERO)

    @property
    def by_wallet(self) -> Decimal:
        """What goes back to stored value and never leaves as cash (R-C6, invariant 13)."""
        return sum((amount for _purchase, tender, amount in self.parts if tender == WALLET), ZERO)

    @property
    def formula(self) -> str:
        """The reckoning in numbers."""
        return f"{self.worth} × {self.left} / {self.total} = {self.amount}"


def reckon_refund(bought: Membership, at: datetime) -> Reckoning:
    """Price times days left over days in all, down to the fen; the day of the refund counts as used.

    MembershipNotRefundable for a purchase that is over, closed, or followed by another: the last one goes first, so
    that what is left never has a gap.
    """
    if bought.status != Status.ACTIVE:
        raise MembershipNotRefundable(_("This purchase was refunded, voided or converted."))
    running = list_running(member_id=bought.member_id, track_id=bought.tier.track_id, at=at)
    if bought.pk not in {one.pk for one in running}:
        raise MembershipNotRefundable(_("The time that was bought is over."))
    if running[-1].pk != bought.pk:
        raise MembershipNotRefundable(_("A later purchase follows this one; refund that one first."))
    remainder = remainder_of(bought, days.local_day(at))
    if not remainder.credit:
        raise MembershipNotRefundable(_("No whole day is left of this purchase."))
    shares = paid.split(remainder.credit, [amount for _purchase, _tender, amount in bought.sources])
    parts = tuple(
        (purchase, tender, share)
        for (purchase, tender, _amount), share in zip(bought.sources, shares, strict=True)
        if share
    )
    return Reckoning(remainder.worth, remainder.left, remainder.total, parts)


def _require_open(member: Member) -> None:
    if member.status == Member.Status.FROZEN:
        raise MembershipNotRefundable(_("This member is frozen; unfreeze it before paying a tier back."))


def preview_refund(payload: Payload, at: datetime) -> Preview:
    """What approving would do; the figures of the request."""
    bought = get_membership(int(payload["membership"]))
    _require_open(bought.member)
    reckoned = reckon_refund(bought, at)
    issued = list_issued(bought)
    return Preview(
        reckoned.amount,
        {
            "tier": bought.name,
            "days": f"{reckoned.left} / {reckoned.total}",
            "formula": reckoned.formula,
            "wallet": str(reckoned.by_wallet),
            "unused": _names(issued, is_used=False),
            "used": _names(issued, is_used=True),
            "amount": str(reckoned.amount),
        },
    )


def _names(issued: list[Issued], *, is_used: bool) -> str:
    return ", ".join(f"{one.name} × {one.quantity}" for one in issued if one.is_used == is_used) or "—"


def lock_refund(payload: Payload) -> Membership:
    """Member, then purchase: what executing locks."""
    membership_id = int(payload["membership"])
    lock_member(Membership.objects.get(pk=membership_id).member_id)
    return lock_membership(membership_id)


@joining_atomic
def execute_refund(
    payload: Payload,
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Close the purchase at once and write the paper of what is to be paid; the money moves at a till.

    Benefits end now. Gifts that came with the tier go back where they are unused; used ones are listed on the paper.
    """
    bought = lock_refund(payload)
    _require_open(bought.member)
    reckoned = reckon_refund(bought, at)
    where: dict[str, Any] = {"at": at, "store": store, "actor": actor}
    issued = take_back_issued(bought, is_void=False, **where)
    bought.status, bought.closed_at = Status.REFUNDED, at
    bought.save(update_fields=["status", "closed_at"])
    settle(
        member_id=bought.member_id,
        track_id=bought.tier.track_id,
        reason=Reason.REFUNDED,
        source=f"membership:{bought.pk}",
        memo=reason[:500],
        **where,
    )
    refund = MembershipRefund.objects.create(
        membership=bought,
        amount=reckoned.amount,
        by_wallet=reckoned.by_wallet,
        parts=[[purchase, tender, str(amount)] for purchase, tender, amount in reckoned.parts],
        days_total=reckoned.total,
        days_left=reckoned.left,
        formula={
            "text": reckoned.formula,
            "price": str(bought.price),
            "credit": str(bought.credit),
            "issued": [one.to_json() for one in issued],
            "key": key,
        },
        reason=reason[:200],
        store=store or bought.store,
        actor=actor,
        approved_by=approver,
        refunded_at=at,
    )
    audit.record(
        "membership.refunded",
        approver=approver,
        subject=f"membership:{bought.pk}",
        reason=reason,
        refund=refund.pk,
        amount=str(reckoned.amount),
        formula=reckoned.formula,
        **where,
    )
    return f"tier_refund:{refund.pk}"


@joining_atomic
def mark_refund_paid(*, refund_id: int, actor: Staff, at: datetime, store: Store | None) -> MembershipRefund:
    """Mark a refund paid; the caller moves the money in the same transaction. MembershipRefundPaid the second time."""
    rows = MembershipRefund.objects.select_for_update(no_key=True, of=("self",)).select_related("membership__member")
    refund = rows.get(pk=refund_id)
    if refund.status == MembershipRefund.Status.PAID:
        raise MembershipRefundPaid(_("This refund was paid before."))
    refund.status, refund.paid_at, refund.paid_by = MembershipRefund.Status.PAID, at, actor
    refund.save(update_fields=["status", "paid_at", "paid_by"])
    audit.record(
        "membership_refund.paid",
        actor=actor,
        subject=f"tier_refund:{refund.pk}",
        at=at,
        store=store,
        amount=str(refund.amount),
        by_wallet=str(refund.by_wallet),
    )
    return refund


def refund_payload(membership_id: int) -> dict[str, Any]:
    """What ``approvals.services.submit`` is given."""
    return {"membership": membership_id}
