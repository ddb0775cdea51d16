"""Closing a pass against money: reckoned by law and promise, approved by a second person, then paid (R-W6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from approvals.registry import Payload, Preview
from core import audit, days, settings
from core.database import joining_atomic
from core.errors import StateChanged
from members.models import Member
from members.services import lock_member
from passes import rules, selectors
from passes.models import Pass, Refund
from passes.services.posting import Context, Kind, Move, NotRefundable, Status, lock_pass, post
from stores.models import Staff, Store

KIND = "passes.refund"
WALLET = "wallet"


class RefundPaid(StateChanged):
    """The refund was paid before."""


@dataclass(frozen=True)
class Reckoning:
    """What a refund pays on one ground: by law, by our promise, and the better of the two."""

    ground: str
    law: rules.Quote
    promised: Decimal

    @property
    def amount(self) -> Decimal:
        """What is paid: a contract may only be better for the customer than the law."""
        return max(self.law.amount, self.promised)


def reckon(held: Pass, ground: str, at: datetime) -> Reckoning:
    """Reckon a refund as of today. NotRefundable where nothing is left, or the ground does not hold any more."""
    if held.status != Status.ACTIVE or (held.expires_at is not None and held.expires_at <= at):
        raise NotRefundable(_("Nothing is left of this pass. One that has ended can be extended first."))
    terms = selectors.terms_of(held, member_id=held.member_id, shared=False, store=None, at=at)
    today = days.local_day(at)
    if ground == Refund.Ground.COOLING_OFF and not rules.in_cooling_off(terms, today):
        raise NotRefundable(_("The seven days after payment are over; choose another ground."))
    if ground not in Refund.Ground.values:
        raise NotRefundable(_("Choose a ground."))
    promise = settings.value("passes.refund_promise", at)
    return Reckoning(ground, rules.lawful_refund(terms, ground, today), rules.promised_refund(terms, promise, today))


def reckon_all(held: Pass, at: datetime) -> list[Reckoning]:
    """Every ground that holds today, for the page that offers them; empty where nothing can be refunded."""
    found = []
    for ground in Refund.Ground.values:
        try:
            found.append(reckon(held, ground, at))
        except NotRefundable:
            continue
    return found


def _require_open(member: Member) -> None:
    if member.status == Member.Status.FROZEN:
        raise NotRefundable(_("This member is frozen; unfreeze it before paying a pass back."))


def preview(payload: Payload, at: datetime) -> Preview:
    """What approving would do; the figures of the request."""
    held = selectors.get_pass(int(payload["pass"]))
    _require_open(held.member)
    reckoned = reckon(held, str(payload["ground"]), at)
    if not reckoned.amount:
        raise NotRefundable(_("On this ground nothing is paid; the pass stays as it is."))
    return Preview(
        reckoned.amount,
        {
            "pass": held.name,
            "uses": str(held.remaining),
            "value": str(held.unused_value),
            "article": reckoned.law.article,
            "formula": reckoned.law.formula,
            "lawful": str(reckoned.law.amount),
            "promised": str(reckoned.promised),
            "amount": str(reckoned.amount),
        },
    )


def lock(payload: Payload) -> Pass:
    """Member, then pass: what executing locks."""
    pass_id = int(payload["pass"])
    lock_member(Pass.objects.get(pk=pass_id).member_id)
    return lock_pass(pass_id)


@joining_atomic
def execute(
    payload: Payload,
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Close the pass and write the document of what is to be paid; the money moves when it is paid."""
    held = lock(payload)
    _require_open(held.member)
    reckoned = reckon(held, str(payload["ground"]), at)
    move = Move(
        held, Kind.REFUND, -held.remaining, -held.unused_value, f"{key}:pass", memo=reason, paid_out=reckoned.amount
    )
    entry = post([move], Context(f"pass:{held.pk}", at, store, actor), status=Status.REFUNDED)[0]
    refund = Refund.objects.create(
        held=held,
        entry=entry,
        ground=reckoned.ground,
        article=reckoned.law.article,
        formula=reckoned.law.formula,
        lawful=reckoned.law.amount,
        promised=reckoned.promised,
        amount=reckoned.amount,
        reason=reason,
        due_on=days.local_day(at) + timedelta(days=settings.value("passes.payout_days", at)),
        store=store,
        requested_by=actor,
        approved_by=approver,
        created_at=at,
    )
    audit.record(
        "pass.refunded",
        actor=actor,
        approver=approver,
        subject=f"pass:{held.pk}",
        at=at,
        store=store,
        reason=reason,
        refund=refund.pk,
        amount=str(reckoned.amount),
        formula=reckoned.law.formula,
    )
    return f"pass-refund:{refund.pk}"


@joining_atomic
def pay_refund(
    *, refund_id: int, method: str, reference: str, actor: Staff, at: datetime, store: Store | None
) -> Refund:
    """Mark a refund paid; the caller moves the money in the same transaction. RefundPaid the second time.

    What stored value had paid goes back there and never leaves as cash (R-C6, invariant 13); everything else never
    goes there. NotRefundable for the wrong way.
    """
    refund = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("held").get(pk=refund_id)
    if refund.status == Refund.Status.PAID:
        raise RefundPaid(_("This refund was paid before."))
    by_wallet = refund.held.tender == WALLET
    if (method == Refund.Method.WALLET) != by_wallet or method not in Refund.Method.values:
        if by_wallet:
            raise NotRefundable(_("The pass was paid from stored value; the money goes back there."))
        raise NotRefundable(_("The pass was not paid from stored value; pay in cash or by bank."))
    if method == Refund.Method.BANK and not reference.strip():
        raise NotRefundable(_("Give the reference of the bank transfer."))
    refund.status, refund.method, refund.reference = Refund.Status.PAID, method, reference.strip()[:100]
    refund.paid_at, refund.paid_by = at, actor
    refund.save(update_fields=["status", "method", "reference", "paid_at", "paid_by"])
    audit.record(
        "pass_refund.paid",
        actor=actor,
        subject=f"pass-refund:{refund.pk}",
        at=at,
        store=store,
        method=method,
        amount=str(refund.amount),
    )
    return refund


def payload_of(pass_id: int, ground: str) -> dict[str, Any]:
    """What ``approvals.services.submit`` is given."""
    return {"pass": pass_id, "ground": ground}
