"""What a downloaded statement of stored value shows (R-W15)."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.workbook import Column
from wallet.models import Entry
from wallet.selectors import StatementLine

EXPORT_COLUMNS = (
    Column(_("Time"), "time", width=18, definition=_("When it happened, in the shop's zone.")),
    Column(_("Recorded"), "time", width=18, definition=_("When it was written; later for late postings.")),
    Column(_("Kind"), width=14),
    Column(_("Amount"), "money", width=14, is_summed=True, definition=_("Principal and bonus together.")),
    Column(_("Principal"), "money", width=14, is_summed=True),
    Column(_("Bonus"), "money", width=14, is_summed=True),
    Column(_("Principal after"), "money", width=14),
    Column(_("Bonus after"), "money", width=14),
    Column(
        _("At list prices"),
        "money",
        width=14,
        definition=_("What the payment bought, before discounts; a refund: less."),
    ),
    Column(_("Store"), width=18),
    Column(_("By"), width=14),
    Column(_("Source"), width=24),
)


def export_row(entry: Entry) -> Sequence[Any]:
    """One row of :data:`EXPORT_COLUMNS`; store and staff must be loaded."""
    return (
        entry.occurred_at,
        entry.recorded_at,
        entry.get_kind_display(),
        entry.amount,
        entry.principal,
        entry.bonus,
        entry.principal_after,
        entry.bonus_after,
        entry.list_amount,
        entry.store and entry.store.name,
        entry.actor and str(entry.actor),
        entry.source,
    )


LEDGER_COLUMNS = (
    EXPORT_COLUMNS[0],
    Column(_("Member number"), width=14),
    Column(_("Member"), width=16),
    *EXPORT_COLUMNS[1:],
    Column(_("PIN given"), width=10, definition=_("Payments that the member confirmed by PIN.")),
    Column(_("Memo"), width=30),
)


def ledger_row(entry: Entry) -> Sequence[Any]:
    """One row of :data:`LEDGER_COLUMNS`; member, store and staff must be loaded."""
    first, *rest = export_row(entry)
    member = entry.account.member
    pin = gettext("yes") if entry.is_pin_verified else ""
    return (first, member.number, str(member), *rest, pin, entry.memo)


STATEMENT_COLUMNS = (
    Column(_("Time"), "time", width=18, definition=_("When it happened, in the shop's zone.")),
    Column(_("Kind"), width=14),
    Column(_("Store"), width=18),
    Column(_("Amount"), "money", width=14, is_summed=True, definition=_("Principal and bonus together.")),
    Column(_("Principal"), "money", width=14, is_summed=True),
    Column(_("Bonus"), "money", width=14, is_summed=True),
    Column(_("Balance after"), "money", width=14),
    Column(_("By"), width=14),
)


def statement_row(line: StatementLine) -> Sequence[Any]:
    """One row of :data:`STATEMENT_COLUMNS`."""
    entry = line.entry
    return (
        entry.occurred_at,
        entry.get_kind_display(),
        entry.store and entry.store.name,
        entry.amount,
        entry.principal,
        entry.bonus,
        line.balance_after,
        entry.actor and str(entry.actor),
    )


RECHARGE_COLUMNS = (
    Column(_("Recharged"), "time", width=18),
    Column(_("Store"), width=18),
    Column(_("Plan"), width=18),
    Column(_("Principal"), "money", width=14),
    Column(_("Bonus"), "money", width=14),
    Column(_("Principal left"), "money", width=14),
    Column(_("Bonus left"), "money", width=14),
    Column(_("Bonus until"), "date", width=14),
    Column(_("Contract"), width=12, definition=_("Version of the contract that was in force when it was paid.")),
    Column(_("Terms"), width=60),
)


def recharge_row(made: Any, terms: str) -> Sequence[Any]:
    """One row of :data:`RECHARGE_COLUMNS`, with what ``selectors.list_recharges`` adds."""
    return (
        made.paid_at,
        made.store.name,
        (made.plan or {}).get("name"),
        made.principal,
        made.bonus,
        made.left_principal,
        made.left_bonus,
        made.bonus_last_day,
        made.contract_version,
        terms,
    )
