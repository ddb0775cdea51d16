"""Asking, approving and refusing. The ledgers move inside :func:`submit` or :func:`approve`, never before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from approvals.models import Limit, Request
from approvals.registry import Kind, Payload, Preview, get_kind
from approvals.selectors import is_only_approver, limit_table, may_approve, needs_approval
from core import audit
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from stores.models import Staff, Store

Status = Request.Status


class MayNotApprove(DomainError):
    """The person asked for it, lacks the right, or works in another store."""


class AlreadyDecided(StateChanged):
    """Somebody else was quicker."""


class ReasonMissing(DomainError):
    """Requests and refusals need a reason."""


@dataclass(frozen=True)
class Outcome:
    """What became of a request: ``is_done`` it was executed, ``is_changed`` the figures are not those that were shown.

    With neither, it waits for a second person. ``result`` is ``kind:id`` of what came of it, ``seen`` what the
    approver was shown where that has changed.
    """

    request: Request
    is_done: bool
    is_changed: bool = False
    seen: Preview | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What ``audit.services.run_command`` keeps; ``approvals.answers`` turns it into words."""
        found: dict[str, Any] = {
            "request": self.request.pk,
            "is_done": self.is_done,
            "is_changed": self.is_changed,
            "result": self.result,
        }
        if self.seen is not None:
            found["seen"] = {"amount": str(self.seen.amount), "figures": self.seen.figures}
        return found

    @property
    def result(self) -> str:
        """``kind:id``, empty while nothing has happened."""
        return self.request.result


@joining_atomic
def submit(
    *,
    kind: str,
    payload: Payload,
    subject: str,
    reason: str,
    actor: Staff,
    store: Store | None,
    at: datetime,
    approver: Staff | None = None,
) -> Outcome:
    """Ask for something, and do it at once where the person may do it alone or ``approver`` agrees on the spot.

    ``approver`` has given their PIN to ``stores.services.verify_pin`` before (it counts wrong tries in a transaction
    of its own). MayNotApprove where the approver may not, ReasonMissing without a reason, and whatever the kind's
    preview refuses; nothing is stored then.
    """
    found, reason = get_kind(kind), _reason(reason)
    # As it will be read back: what is executed at once and what is executed later are the same.
    payload = json.loads(json.dumps(payload))
    preview = _preview(found, payload, at)
    request = Request(
        kind=kind,
        payload=payload,
        subject=subject,
        amount=preview.amount,
        figures=preview.figures,
        reason=reason,
        store=store,
        requested_by=actor,
        requested_at=at,
    )
    if not needs_approval(actor, found, preview.amount):
        request.status = Status.WITHIN_LIMIT
        request.save()
        return _execute(found, request, None, at)
    request.save()
    _record("approval.requested", request, actor, at)
    if approver is None:
        return Outcome(request, is_done=False)
    _require_approver(found, request, approver)
    return _decide(found, request, approver, at)


@joining_atomic
def approve(*, request_id: int, actor: Staff, at: datetime, seen: str, note: str = "") -> Outcome:
    """Do what was asked for. Where the figures differ from those shown, they are stored and nothing is posted.

    ``seen`` is the ``fingerprint`` of the request as the approver saw it: what a colleague's try has brought up to date
    meanwhile is asked again. MayNotApprove, AlreadyDecided, and the refusals of the ledgers; nothing moves then.
    """
    request = _lock_pending(request_id)
    kind = get_kind(request.kind)
    _require_approver(kind, request, actor)
    preview, stored = _preview(kind, request.payload, at), Preview(request.amount, request.figures)
    if preview != stored:
        request.amount, request.figures = preview.amount, preview.figures
        request.save(update_fields=["amount", "figures"])
        _record("approval.changed", request, actor, at, before=str(stored.amount), figures_before=stored.figures)
    if preview != stored or seen != request.fingerprint:
        return Outcome(request, is_done=False, is_changed=True, seen=stored)
    request.note = note.strip()[:500]
    return _decide(kind, request, actor, at)


@joining_atomic
def refuse(*, request_id: int, actor: Staff, at: datetime, note: str) -> Request:
    """Say no, with a reason. MayNotApprove, AlreadyDecided, ReasonMissing."""
    request = _lock_pending(request_id)
    _require_approver(get_kind(request.kind), request, actor)
    return _close(request, Status.REFUSED, "approval.refused", actor, at, _reason(note))


@joining_atomic
def withdraw(*, request_id: int, actor: Staff, at: datetime) -> Request:
    """Take one's own request back. MayNotApprove for somebody else's, AlreadyDecided."""
    request = _lock_pending(request_id)
    if request.requested_by_id != actor.pk:
        raise MayNotApprove(_("Only the person who asked can withdraw this."))
    return _close(request, Status.WITHDRAWN, "approval.withdrawn", actor, at, "")


@joining_atomic
def change_limits(
    *, limits: Mapping[tuple[str, str], Decimal | None], actor: Staff, at: datetime
) -> list[tuple[str, str]]:
    """Set limits by kind and role (0 always asks, None never); returns those that were other than before.

    What waits already keeps waiting. LookupError for a kind that nobody offers.
    """
    changed = []
    before = limit_table()
    for (name, role), maximum in limits.items():
        if before[name, role] == maximum:
            continue
        Limit.objects.update_or_create(kind=name, role=role, defaults={"maximum": maximum})
        changed.append((name, role))
        audit.record(
            "limit.changed",
            actor=actor,
            subject=f"approval-limit:{name}",
            at=at,
            role=role,
            before=_limit_text(before[name, role]),
            after=_limit_text(maximum),
        )
    return changed


@joining_atomic
def record_export(*, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded how many requests."""
    audit.record("request.exported", actor=actor, subject="approval:list", at=at, count=count, filters=dict(filters))


def _limit_text(maximum: Decimal | None) -> str | None:
    return None if maximum is None else str(maximum)


def _lock_pending(request_id: int) -> Request:
    request = Request.objects.select_for_update(no_key=True, of=("self",)).select_related("requested_by", "store")
    found = request.get(pk=request_id)
    if found.status != Status.PENDING:
        raise AlreadyDecided(_("This request is %(status)s already.") % {"status": found.get_status_display()})
    return found


def _require_approver(kind: Kind, request: Request, approver: Staff) -> None:
    if not may_approve(approver, kind, request.store):
        raise MayNotApprove(_("%(person)s may not approve this.") % {"person": approver})
    if approver.pk == request.requested_by_id and not is_only_approver(approver, kind, request.store):
        raise MayNotApprove(_("A second person has to approve this."))


def _preview(kind: Kind, payload: Payload, at: datetime) -> Preview:
    """What would change, under the locks that executing takes: nothing moves between the two (rules.md 0.8)."""
    if kind.lock is not None:
        kind.lock(payload)
    return kind.preview(payload, at)


def _decide(kind: Kind, request: Request, approver: Staff, at: datetime) -> Outcome:
    request.status = Status.APPROVED
    request.decided_by, request.decided_at = approver, at
    request.is_self_approved = approver.pk == request.requested_by_id
    return _execute(kind, request, approver, at)


def _execute(kind: Kind, request: Request, approver: Staff | None, at: datetime) -> Outcome:
    request.result = kind.execute(
        request.payload,
        key=f"approval:{request.pk}",
        reason=request.reason,
        actor=request.requested_by,
        approver=approver,
        store=request.store,
        at=at,
    )
    request.save()
    if approver is not None:
        _record("approval.approved", request, approver, at, self_approved=request.is_self_approved)
    return Outcome(request, is_done=True)


def _close(request: Request, status: str, action: str, actor: Staff, at: datetime, note: str) -> Request:
    request.status, request.decided_by, request.decided_at, request.note = status, actor, at, note
    request.save()
    refused = get_kind(request.kind).refused
    if refused is not None:
        refused(request.payload, actor, at)
    _record(action, request, actor, at)
    return request


def _record(action: str, request: Request, actor: Staff, at: datetime, **more: Any) -> None:
    audit.record(
        action,
        actor=actor,
        subject=f"approval:{request.pk}",
        at=at,
        store=request.store,
        reason=request.note or request.reason,
        kind=request.kind,
        about=request.subject,
        amount=str(request.amount),
        **more,
    )


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise ReasonMissing(_("A reason is needed."))
    return text[:500]
