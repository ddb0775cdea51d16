"""Refunds of stored value in money: asked for, approved, closed in the ledger, paid (R-W6, R-W11).

The only way in which stored value leaves as money (invariant 13). There is no period in which a refund is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

import approvals.services
from approvals.registry import Payload, Preview
from approvals.services import Outcome
from core import audit, days
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from core.money import ZERO
from core.templatetags.interface import money
from members.identity import open_text, seal_text
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store
from wallet import gift_sources
from wallet.models import Account, CashOut, CashOutLine, Entry, Lot
from wallet.rules import legal
from wallet.selectors.accounts import get_status
from wallet.selectors.cash_outs import CashOutRules, RefundSum, get_cash_out_rules, list_concerned, reckon_cash_out
from wallet.services.posting import AccountBlocked, Context, lock_account, post

KIND = "wallet.cash_out"
Ground, Method, Status = CashOut.Ground, CashOut.Method, CashOut.Status


class InvalidClaim(DomainError):
    """Something that was typed does not fit; ``field`` names the field of :class:`Claim`."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NothingToPayOut(DomainError):
    """By law and by the shop's promise the sum is 0: closing the balance would only take from the customer."""


class CashOutWaiting(StateChanged):
    """Another refund of this member waits for approval."""


class CashOutChanged(StateChanged):
    """The sum is no longer the one that was shown; ``fresh`` is."""

    def __init__(self, message: str, fresh: RefundSum) -> None:
        super().__init__(message)
        self.fresh = fresh


class NotPayable(StateChanged):
    """The refund is not approved, or was paid already."""


@dataclass(frozen=True)
class Claim:
    """What the customer asks for and who gets the money; numbers are sealed before they are stored."""

    ground: str
    terminated_on: date
    method: str
    payee_name: str
    id_kind: str
    id_number: str = field(repr=False)
    reason: str
    had_before: bool = False
    bank_name: str = ""
    account_number: str = field(default="", repr=False)
    evidence: str = ""


@joining_atomic
def request_cash_out(
    *,
    member_id: int,
    claim: Claim,
    shown: Decimal,
    actor: Staff,
    store: Store,
    at: datetime,
    approver: Staff | None = None,
) -> Outcome:
    """Ask for a refund of everything a member holds, and close the balance at once where it needs no approval.

    ``shown`` is the sum without interest that the customer was told: CashOutChanged where it is another one by now.
    ``approver`` has given their PIN (``approvals.services.submit``). InvalidClaim, AccountBlocked for a frozen or lost
    account (R-W7), NothingToPayOut, CashOutWaiting; nothing moves then. A closed member may be paid out.
    """
    member = _lock(member_id)
    rules = get_cash_out_rules(at=at)
    _check(claim, member, days.local_day(at))
    if CashOut.objects.filter(member=member, status=Status.WAITING).exists():
        raise CashOutWaiting(_("Another refund of this member waits for approval."))
    reckoned = _reckon(member_id, claim.ground, claim.terminated_on, claim.had_before, at)
    require_payable(member, reckoned)
    if reckoned.principal_part != shown:
        raise CashOutChanged(
            _("The sum has changed: %(before)s was shown, it is %(now)s now.")
            % {"before": money(shown), "now": money(reckoned.principal_part)},
            reckoned,
        )
    _check_cash(claim.method, reckoned, rules)
    cash_out = _store(member, claim, reckoned, rules, actor, store, at)
    return approvals.services.submit(
        kind=KIND,
        payload={"cash_out": cash_out.pk},
        subject=cash_out.source,
        reason=claim.reason,
        actor=actor,
        store=store,
        at=at,
        approver=approver,
    )


def _reckon(member_id: int, ground: str, terminated_on: date, had_before: bool, at: datetime) -> RefundSum:
    return reckon_cash_out(
        member_id=member_id,
        ground=ground,
        terminated_on=terminated_on,
        had_before=had_before,
        paid_on=days.local_day(at),
        at=at,
    )


def require_payable(member: Member, reckoned: RefundSum) -> None:
    """AccountBlocked, NothingToPayOut or InvalidClaim (the ground) where this refund would be refused (R-W7, R-W6)."""
    _require_open(member)
    if not reckoned.principal_part:
        raise NothingToPayOut(_("There is nothing to pay out: the sum by law is 0. The balance stays as it is."))
    is_early = any(line.article == legal.ARTICLE_14 and not line.recharge.is_gift for line in reckoned.lines)
    if reckoned.ground == Ground.COOLING_OFF and not is_early:
        raise InvalidClaim(_("No recharge was paid within 7 days of this day; choose another ground."), "ground")


def _require_open(member: Member) -> None:
    if member.status == Member.Status.FROZEN:
        raise AccountBlocked(_("This member is frozen; unfreeze the member before a refund."))
    status = get_status(member_id=member.pk)
    if status == Account.Status.FROZEN:
        raise AccountBlocked(_("This stored value is frozen; unfreeze it before a refund."))
    if status == Account.Status.LOST:
        raise AccountBlocked(_("The card is reported lost; give a new card before a refund."))


def _check(claim: Claim, member: Member, today: date) -> None:
    if claim.ground not in Ground.values:
        raise InvalidClaim(_("Choose the ground of the refund."), "ground")
    if claim.method not in Method.values:
        raise InvalidClaim(_("Choose how the money is paid."), "method")
    if claim.terminated_on > today:
        raise InvalidClaim(_("The day of notice cannot lie in the future."), "terminated_on")
    required = {
        "payee_name": _("Say who gets the money."),
        "id_number": _("The document of the payee has to be seen and its number kept."),
        "reason": _("A reason is needed."),
    }
    if claim.method == Method.BANK:
        required["account_number"] = _("A bank transfer needs the account's number.")
        required["bank_name"] = _("A bank transfer needs the bank's name.")
    for name, problem in required.items():
        if not getattr(claim, name).strip():
            raise InvalidClaim(problem, name)
    if not claim.evidence.strip():
        _check_without_evidence(claim, member)


def _check_without_evidence(claim: Claim, member: Member) -> None:
    if claim.ground == Ground.VOID_CONTRACT:
        raise InvalidClaim(
            _("A void contract needs evidence: whose child paid, how that was proved, who asks for the money."),
            "evidence",
        )
    if member.is_named and member.name and claim.payee_name.strip() != member.name:
        raise InvalidClaim(_("The payee is not the member: say why, and what was shown as proof."), "evidence")


def _check_cash(method: str, reckoned: RefundSum, rules: CashOutRules) -> None:
    """Cash only for small balances; the rest goes to an account, so that its way can be followed [L2]."""
    if method == Method.CASH and reckoned.principal + reckoned.bonus > rules.cash_limit:
        raise InvalidClaim(
            _("Cash is allowed for a balance of at most %(limit)s; pay by bank transfer.")
            % {"limit": money(rules.cash_limit)},
            "method",
        )


def _store(
    member: Member,
    claim: Claim,
    reckoned: RefundSum,
    rules: CashOutRules,
    actor: Staff,
    store: Store,
    at: datetime,
) -> CashOut:
    is_bank = claim.method == Method.BANK
    id_number = claim.id_number.strip()
    account_number = claim.account_number.strip() if is_bank else ""
    cash_out = CashOut(
        member=member,
        store=store,
        ground=claim.ground,
        terminated_on=claim.terminated_on,
        had_before=claim.had_before,
        due_on=days.local_day(at) + timedelta(days=rules.days_for(reckoned)),
        method=claim.method,
        payee_name=claim.payee_name.strip()[:60],
        bank_name=claim.bank_name.strip()[:80] if is_bank else "",
        account_cipher=seal_text(account_number),
        account_tail=account_number[-4:],
        id_kind=claim.id_kind,
        id_cipher=seal_text(id_number),
        id_tail=id_number[-4:],
        reason=claim.reason.strip()[:200],
        evidence=claim.evidence.strip()[:500],
        requested_by=actor,
        requested_at=at,
    )
    _fill(cash_out, reckoned)
    cash_out.save()
    return cash_out


def _fill(cash_out: CashOut, reckoned: RefundSum) -> None:
    cash_out.closed_principal, cash_out.closed_bonus = reckoned.principal, reckoned.bonus
    cash_out.legal, cash_out.promised, cash_out.interest = reckoned.legal, reckoned.promised, reckoned.interest
    cash_out.paid, cash_out.settlement = reckoned.paid, reckoned.settlement


def _fresh(cash_out: CashOut, at: datetime) -> RefundSum:
    return _reckon(cash_out.member_id, cash_out.ground, cash_out.terminated_on, cash_out.had_before, at)


def lock_cash_out(payload: Payload) -> CashOut:
    """The document, then its member (rules.md 0.3): nothing moves between what an approver is shown and the posting."""
    cash_out: CashOut = CashOut.objects.select_for_update(no_key=True).get(pk=payload["cash_out"])
    _lock(cash_out.member_id)
    return cash_out


def _lock(member_id: int) -> Member:
    """The member, and with them who paid what they hold: taking gifts back locks these too, so the order is by id."""
    held = {one: lock_member(one) for one in list_concerned(member_id=member_id)}
    return held[member_id]


def preview_cash_out(payload: Payload, at: datetime) -> Preview:
    """What an approval would close and pay. Interest is left out: it grows by the day and is no choice of anybody."""
    cash_out = CashOut.objects.select_related("member").get(pk=payload["cash_out"])
    reckoned = _fresh(cash_out, at)
    require_payable(cash_out.member, reckoned)
    figures = {
        "member": str(cash_out.member),
        "articles": ", ".join(sorted({line.article for line in reckoned.lines})),
        "principal": str(reckoned.principal),
        "bonus": str(reckoned.bonus),
        "legal": str(reckoned.legal),
        "promised": str(reckoned.promised),
        "paid": str(reckoned.principal_part),
    }
    return Preview(reckoned.principal_part, figures)


@joining_atomic
def execute_cash_out(
    payload: Payload,
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Close principal and bonus by one entry, keep every recharge's numbers, take unused gifts back: it is due now.

    Called by ``approvals``. The entry's ``paid_out`` is the better of law and promise, its interest stands in the
    document alone.
    """
    cash_out = lock_cash_out(payload)
    if cash_out.status != Status.WAITING:
        raise NotPayable(_("This refund is %(status)s already.") % {"status": cash_out.get_status_display()})
    standing = lock_account(cash_out.member_id, CashOut.key_of(cash_out.source))
    reckoned = _fresh(cash_out, at)
    require_payable(standing.member, reckoned)
    _check_cash(cash_out.method, reckoned, get_cash_out_rules(at=at))
    lots = list(Lot.objects.filter(account_id=cash_out.member_id, remaining__gt=0).order_by("id"))
    post(
        standing,
        Context(cash_out.source, CashOut.key_of(cash_out.source), at, cash_out.store, actor),
        kind=Entry.Kind.CASH_OUT,
        principal=-standing.principal,
        bonus=-standing.bonus,
        uses=[(lot.pk, -lot.remaining) for lot in lots],
        paid_out=reckoned.principal_part,
    )
    _write_lines(cash_out, reckoned)
    _fill(cash_out, reckoned)
    cash_out.status, cash_out.posted_at = Status.DUE, at
    cash_out.save()
    for line in reckoned.lines:
        gift_sources.take_back_unused(line.recharge.pk, actor=actor, at=at, store=cash_out.store)
    _record("cash_out.posted", cash_out, actor, at, approver=approver, reason=reason, paid=str(cash_out.paid))
    return cash_out.source


def _write_lines(cash_out: CashOut, reckoned: RefundSum) -> None:
    CashOutLine.objects.bulk_create(
        CashOutLine(
            cash_out=cash_out,
            recharge=line.recharge,
            principal=line.holding.principal,
            bonus=line.holding.bonus,
            consumed=line.holding.consumed,
            listed=line.holding.listed,
            left_principal=line.left_principal,
            left_bonus=line.left_bonus,
            article=line.article,
            formula={"text": line.formula, "rate": str(line.rate), "since": line.interest_since.isoformat()},
            legal=line.legal,
            promised=line.promised,
            interest=line.interest,
        )
        for line in reckoned.lines
    )


def refuse_cash_out(payload: Payload, actor: Staff, at: datetime) -> None:
    """The request was refused or withdrawn: nothing has moved, the document says so. Called by ``approvals``."""
    cash_out = CashOut.objects.select_for_update(no_key=True).get(pk=payload["cash_out"])
    if cash_out.status == Status.WAITING:
        cash_out.status = Status.REFUSED
        cash_out.save(update_fields=["status"])
        _record("cash_out.refused", cash_out, actor, at)


@joining_atomic
def pay_cash_out(*, cash_out_id: int, method: str, actor: Staff, at: datetime, reference: str = "") -> CashOut:
    """Record that the money has left: by bank with the transfer's reference, or in cash out of a drawer.

    Interest is that of this day; paid and settlement follow it. The same payment again is refused by NotPayable.
    Cash goes through ``checkout.services.pay_out_in_cash`` only, which takes it out of a drawer.
    """
    cash_out = CashOut.objects.select_for_update(no_key=True, of=("self",)).select_related("store").get(pk=cash_out_id)
    if cash_out.status != Status.DUE:
        raise NotPayable(_("This refund is %(status)s.") % {"status": cash_out.get_status_display()})
    if cash_out.method != method:
        raise NotPayable(_("This refund is paid by %(method)s.") % {"method": cash_out.get_method_display()})
    reference = reference.strip()[:80]
    if method == Method.BANK and not reference:
        raise InvalidClaim(_("Type the reference of the transfer."), "reference")
    cash_out.interest = interest_until(cash_out, days.local_day(at))
    cash_out.paid = cash_out.principal_part + cash_out.interest
    cash_out.settlement = cash_out.paid - cash_out.closed_principal
    cash_out.status, cash_out.paid_by, cash_out.paid_at, cash_out.reference = Status.PAID, actor, at, reference
    cash_out.save()
    _record("cash_out.paid", cash_out, actor, at, paid=str(cash_out.paid), method=method, reference=reference)
    return cash_out


def interest_until(cash_out: CashOut, day: date) -> Decimal:
    """Interest of a posted refund if it is paid on ``day``, by the rates and days kept with its lines."""
    return sum(
        (
            legal.interest(
                line.legal, Decimal(line.formula["rate"]), since=date.fromisoformat(line.formula["since"]), until=day
            )
            for line in cash_out.lines.all()
        ),
        ZERO,
    )


@joining_atomic
def reveal_payee(*, cash_out_id: int, actor: Staff, at: datetime) -> Mapping[str, str]:
    """The payee's document and account number in full, for the transfer; who looked is kept."""
    cash_out = CashOut.objects.select_related("store").get(pk=cash_out_id)
    _record("cash_out.revealed", cash_out, actor, at)
    return {
        "id_number": open_text(bytes(cash_out.id_cipher)),
        "account_number": open_text(bytes(cash_out.account_cipher)),
    }


def record_evidence_export(*, cash_out: CashOut, actor: Staff, at: datetime) -> None:
    """Keep who took the evidence pack."""
    _record("cash_out.exported", cash_out, actor, at)


def record_cash_out_export(*, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who took the list."""
    audit.record("cash_out.listed", actor=actor, subject="cash_outs", at=at, count=count, filters=dict(filters))


def _record(
    action: str,
    cash_out: CashOut,
    actor: Staff,
    at: datetime,
    *,
    approver: Staff | None = None,
    reason: str = "",
    **more: Any,
) -> None:
    audit.record(
        action,
        actor=actor,
        subject=cash_out.source,
        at=at,
        store=cash_out.store,
        approver=approver,
        reason=reason,
        member=cash_out.member_id,
        **more,
    )
