"""Refunds of stored value for tests."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from approvals.services import Outcome
from members.models import Member
from stores.models import Staff, Store
from wallet.models import CashOut, Entry
from wallet.selectors import reckon_cash_out
from wallet.services import Claim, request_cash_out

ID_NUMBER = "11010519491231002X"
ACCOUNT = "6222021234567890123"
TABLES = ("wallet_account", "wallet_entry", "wallet_lot", "wallet_lotuse", "wallet_cashoutline", "wallet_cashout")


def make_claim(member: Member, **changes: Any) -> Claim:
    """A claim that passes, to a bank account in the member's own name."""
    values: dict[str, Any] = {
        "ground": CashOut.Ground.MERCHANT,
        "terminated_on": date(2026, 3, 18),
        "method": CashOut.Method.BANK,
        "payee_name": member.name,
        "id_kind": "resident_id",
        "id_number": ID_NUMBER,
        "bank_name": "ICBC",
        "account_number": ACCOUNT,
        "reason": "moves away",
    }
    return Claim(**{**values, **changes})


def ask(
    member: Member,
    shown: str,
    *,
    actor: Staff,
    store: Store,
    at: datetime,
    approver: Staff | None = None,
    **changes: Any,
) -> Outcome:
    """Ask for a refund that shows this sum."""
    return request_cash_out(
        member_id=member.pk,
        claim=make_claim(member, **changes),
        shown=Decimal(shown),
        actor=actor,
        store=store,
        at=at,
        approver=approver,
    )


def cash_out_of(outcome: Outcome) -> CashOut:
    """The paper that a request made."""
    return CashOut.objects.get(pk=outcome.request.payload["cash_out"])


def closing_entry() -> Entry:
    """The only payout of the ledger."""
    return Entry.objects.get(kind=Entry.Kind.CASH_OUT)


def sums(member, now, ground="merchant", *, terminated_on=date(2026, 3, 18), had_before=False, paid_on=None):
    return reckon_cash_out(
        member_id=member.pk,
        ground=ground,
        terminated_on=terminated_on,
        had_before=had_before,
        paid_on=paid_on or terminated_on,
        at=now,
    )
