"""Points given or taken by hand, as something that can be asked for and approved (rules.md 0.8)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from approvals.registry import Preview
from members.models import Member
from members.selectors import get_member
from points.models import Entry
from points.selectors import get_balance
from points.services.movements import adjust
from points.services.posting import InsufficientPoints, MemberNotActive, NotReversible
from points.services.reversal import undo_adjustment
from points.services.taking import preview_taking
from stores.models import Staff, Store

ADJUSTMENT = "points.adjustment"


def preview_adjustment(payload: Mapping[str, Any], at: datetime) -> Preview:
    """What the balance is and would be; refuses what :func:`points.services.adjust` would refuse.

    ``payload`` has ``member`` (id) and ``points`` (signed), or ``undo``, the id of the adjustment to take back. The
    limit is compared with the number of points, whichever way they go.
    """
    points = int(payload["points"])
    if payload.get("undo"):
        _require_not_undone(payload["undo"])
    if get_member(payload["member"]).status in {Member.Status.CLOSED, Member.Status.MERGED}:
        raise MemberNotActive(_("This membership has ended; its points stay as they are."))
    standing = get_balance(member_id=payload["member"], at=at)
    if points > 0:
        repaid = min(points, standing.debt)
        after, owed = standing.balance + points - repaid, standing.debt - repaid
    elif payload.get("undo"):
        taken, again = _preview_undoing(payload["undo"], payload["member"], -points, at)
        after, owed = standing.balance - taken, standing.debt + again
    elif standing.spendable < -points:
        raise InsufficientPoints(
            _("Not enough points: %(spendable)s can be used, %(points)s are needed.")
            % {"spendable": standing.spendable, "points": -points}
        )
    else:
        after, owed = standing.balance + points, standing.debt
    figures = {"change": f"{points:+,}", "before": f"{standing.balance:,}", "after": f"{after:,}"}
    if standing.debt or owed:
        figures["owed"] = f"{owed:,}"
    return Preview(Decimal(abs(points)), figures)


def _preview_undoing(entry_id: int, member_id: int, points: int, at: datetime) -> tuple[int, int]:
    """What would leave the balance, and what would be owed again because these points had repaid it."""
    original = Entry.objects.get(pk=entry_id)
    taken, missing = preview_taking(member_id, original, points, at)
    if missing > original.repaid:
        raise InsufficientPoints(
            _("The member has used %(points)s of these points already.") % {"points": missing - original.repaid}
        )
    return taken, missing


def execute_adjustment(
    payload: Mapping[str, Any],
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Post it; the approver stands in the request's own trail."""
    common: dict[str, Any] = {
        "reason": reason[:200],
        "idempotency_key": f"{key}:points",
        "at": at,
        "store": store,
        "actor": actor,
    }
    if payload.get("undo"):
        entry = undo_adjustment(entry_id=payload["undo"], **common)
    else:
        entry = adjust(member_id=payload["member"], points=int(payload["points"]), **common)
    return f"points-entries:{entry.account_id}"


def get_adjustment(entry_id: int) -> Entry:
    """An entry that was made by hand and is no undoing itself; Entry.DoesNotExist."""
    return Entry.objects.get(pk=entry_id, kind=Entry.Kind.ADJUST, original__isnull=True)


def is_undone(entry_id: int) -> bool:
    """Whether an adjustment was taken back."""
    return Entry.objects.filter(original_id=entry_id, kind=Entry.Kind.ADJUST).exists()


def _require_not_undone(entry_id: int) -> None:
    if is_undone(entry_id):
        raise NotReversible(_("This was undone before."))
