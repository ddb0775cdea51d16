"""The evidence of a refund as a workbook: how the sum came about, from what movements, who decided (R-W6, R-W15)."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals.models import Request
from audit.models import Record
from core.workbook import Column, Table, write_tables
from wallet.models import CashOut, CashOutLine
from wallet.selectors.cash_outs import list_approvals_of, list_records_of, list_refund_movements

CASH_OUT_COLUMNS = (
    Column(_("No."), "integer", 8),
    Column(_("Asked at"), "time", 18),
    Column(_("Member number"), width=14),
    Column(_("Member"), width=14),
    Column(_("Store"), width=18),
    Column(_("Status"), width=14),
    Column(_("Ground"), width=30),
    Column(_("Day of notice"), "date", 13),
    Column(_("Principal closed"), "money", 14, is_summed=True),
    Column(_("Bonus closed"), "money", 14, is_summed=True),
    Column(_("By law"), "money", 14, is_summed=True),
    Column(
        _("By the shop's promise"), "money", 14, is_summed=True, definition=_("0: nothing is promised beyond the law.")
    ),
    Column(_("Interest"), "money", 12, is_summed=True),
    Column(
        _("To pay"),
        "money",
        14,
        is_summed=True,
        definition=_("The better of law and promise, with interest to the day of payment."),
    ),
    Column(_("Settlement"), "money", 14, is_summed=True, definition=_("Paid less the principal that was closed.")),
    Column(_("Paid by"), width=14),
    Column(_("Payee"), width=14),
    Column(_("To be paid by"), "date", 13),
    Column(_("Paid at"), "time", 18),
    Column(_("Payment reference"), width=20),
)

_LINE_COLUMNS = (
    Column(_("Recharge"), "integer", 10),
    Column(_("Paid at"), "time", 18),
    Column(_("Article"), width=10, definition=_("Of the interpretation on prepaid consumption, 法释〔2025〕4号.")),
    Column(_("P: paid"), "money", 13, is_summed=True, definition=_("The part of the recharge held in this account.")),
    Column(_("B: bonus"), "money", 13, is_summed=True),
    Column(_("C: consumed"), "money", 13, is_summed=True, definition=_("At the price charged, whichever bucket paid.")),
    Column(_("C0: at list prices"), "money", 13, is_summed=True),
    Column(_("Formula"), width=52),
    Column(_("By law"), "money", 13, is_summed=True),
    Column(_("By the shop's promise"), "money", 13, is_summed=True),
    Column(_("Rate, percent a year"), width=12),
    Column(_("Interest from"), width=12),
    Column(_("Interest when posted"), "money", 13, is_summed=True),
    Column(_("Principal left"), "money", 13, is_summed=True),
    Column(_("Bonus left"), "money", 13, is_summed=True),
)

_RECHARGE_COLUMNS = (
    Column(_("Recharge"), "integer", 10),
    Column(_("Paid at"), "time", 18),
    Column(_("Store"), width=18),
    Column(_("Principal"), "money", 13, is_summed=True),
    Column(_("Bonus"), "money", 13, is_summed=True),
    Column(_("Bonus until"), "time", 18),
    Column(_("Contract version"), width=16),
    Column(_("One-year LPR, percent"), width=12),
    Column(_("One-year deposit rate, percent"), width=12),
    Column(_("Payer"), width=14),
    Column(_("Plan as agreed"), width=60),
)

_MOVEMENT_COLUMNS = (
    Column(_("Entry"), "integer", 10),
    Column(_("Time"), "time", 18),
    Column(_("Recorded"), "time", 18),
    Column(_("Member number"), width=14),
    Column(_("Kind"), width=14),
    Column(_("Recharge"), "integer", 10),
    Column(_("Principal"), "money", 13, definition=_("The part of the entry that moved this recharge.")),
    Column(_("Bonus"), "money", 13),
    Column(_("At list prices"), "money", 13, definition=_("Of the whole entry.")),
    Column(_("Store"), width=18),
    Column(_("By"), width=14),
    Column(_("Source"), width=22),
)

_APPROVAL_COLUMNS = (
    Column(_("Request"), "integer", 10),
    Column(_("Asked at"), "time", 18),
    Column(_("Asked by"), width=14),
    Column(_("Amount"), "money", 13),
    Column(_("Reason"), width=30),
    Column(_("Status"), width=14),
    Column(_("Decided by"), width=14),
    Column(_("Decided at"), "time", 18),
    Column(_("Note"), width=30),
    Column(_("Figures"), width=60),
)

_RECORD_COLUMNS = (
    Column(_("Time"), "time", 18),
    Column(_("Action"), width=30),
    Column(_("By"), width=14),
    Column(_("Approver"), width=14),
    Column(_("Reason"), width=30),
    Column(_("Details"), width=70),
)


def cash_out_row(cash_out: CashOut) -> Sequence[Any]:
    """One row of :data:`CASH_OUT_COLUMNS`; member and store must be loaded."""
    return (
        cash_out.pk,
        cash_out.requested_at,
        cash_out.member.number,
        str(cash_out.member),
        cash_out.store.name,
        cash_out.get_status_display(),
        cash_out.get_ground_display(),
        cash_out.terminated_on,
        cash_out.closed_principal,
        cash_out.closed_bonus,
        cash_out.legal,
        cash_out.promised,
        cash_out.interest,
        cash_out.paid,
        cash_out.settlement,
        cash_out.get_method_display(),
        cash_out.payee_name,
        cash_out.due_on,
        cash_out.paid_at,
        cash_out.reference,
    )


def write_evidence(cash_out: CashOut, notes: Sequence[tuple[Any, Any]]) -> IO[bytes]:
    """The pack as an open file at its start; documents and accounts by their last four characters only."""
    file = TemporaryFile()  # noqa: SIM115  (the answer closes it)
    lines = list(cash_out.lines.all())
    tables = [
        Table(gettext("Refund"), CASH_OUT_COLUMNS, [cash_out_row(cash_out)]),
        Table(gettext("Calculation"), _LINE_COLUMNS, (_line_row(line) for line in lines)),
        Table(gettext("Recharges"), _RECHARGE_COLUMNS, (_recharge_row(line) for line in lines)),
        Table(gettext("Movements"), _MOVEMENT_COLUMNS, _movement_rows(cash_out)),
        Table(gettext("Approvals"), _APPROVAL_COLUMNS, (_approval_row(one) for one in list_approvals_of(cash_out))),
        Table(gettext("Audit trail"), _RECORD_COLUMNS, (_record_row(one) for one in list_records_of(cash_out))),
    ]
    write_tables(file, tables=tables, notes=[*_notes(cash_out), *notes])
    file.seek(0)
    return file


def _notes(cash_out: CashOut) -> list[tuple[Any, Any]]:
    return [
        (gettext("Refund"), cash_out.pk),
        (gettext("Member"), f"{cash_out.member.number} {cash_out.member}"),
        (gettext("Reason"), cash_out.reason),
        (gettext("Evidence"), cash_out.evidence or "—"),
        (gettext("Had the same goods or services before"), gettext("yes") if cash_out.had_before else gettext("no")),
        (gettext("Document shown"), f"{cash_out.document_label} ***{cash_out.id_tail}"),
        (gettext("Bank account"), f"{cash_out.bank_name} ***{cash_out.account_tail}" if cash_out.account_tail else "—"),
    ]


def _line_row(line: CashOutLine) -> Sequence[Any]:
    return (
        line.recharge_id,
        line.recharge.paid_at,
        line.article,
        line.principal,
        line.bonus,
        line.consumed,
        line.listed,
        line.formula["text"],
        line.legal,
        line.promised,
        line.formula["rate"],
        line.formula["since"],
        line.interest,
        line.left_principal,
        line.left_bonus,
    )


def _recharge_row(line: CashOutLine) -> Sequence[Any]:
    recharge = line.recharge
    return (
        recharge.pk,
        recharge.paid_at,
        recharge.store.name,
        recharge.principal,
        recharge.bonus,
        recharge.bonus_expires_at,
        recharge.contract_version,
        str(recharge.lpr_1y),
        str(recharge.deposit_rate_1y),
        recharge.payer_name or recharge.get_payer_kind_display(),
        json.dumps(recharge.plan, ensure_ascii=False) if recharge.plan else "",
    )


def _movement_rows(cash_out: CashOut) -> Iterator[Sequence[Any]]:
    for entry, recharge_id, principal, bonus in list_refund_movements(cash_out):
        yield (
            entry.pk,
            entry.occurred_at,
            entry.recorded_at,
            entry.account.member.number,
            entry.get_kind_display(),
            recharge_id,
            principal,
            bonus,
            entry.list_amount,
            entry.store and entry.store.name,
            entry.actor and str(entry.actor),
            entry.source,
        )


def _approval_row(request: Request) -> Sequence[Any]:
    return (
        request.pk,
        request.requested_at,
        str(request.requested_by),
        Decimal(request.amount),
        request.reason,
        request.get_status_display(),
        request.decided_by and str(request.decided_by),
        request.decided_at,
        request.note,
        ", ".join(f"{name}: {value}" for name, value in request.figures.items()),
    )


def _record_row(record: Record) -> Sequence[Any]:
    return (
        record.occurred_at,
        record.label,
        record.actor and str(record.actor),
        record.approver and str(record.approver),
        record.reason,
        record.details,
    )
