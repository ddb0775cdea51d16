"""What a downloaded ledger of points shows."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.workbook import Column
from points.models import Entry
from points.selectors import explain_limit

EXPORT_COLUMNS = (
    Column(_("Time"), "time", width=18, definition=_("When it happened, in the shop's zone.")),
    Column(_("Recorded"), "time", width=18, definition=_("When it was written; later for late postings.")),
    Column(_("Kind"), width=14),
    Column(_("Points"), "integer", width=12, is_summed=True),
    Column(_("Owed"), "integer", width=12, is_summed=True, definition=_("How the points debt changed.")),
    Column(_("Balance after"), "integer", width=14),
    Column(_("Owed after"), "integer", width=14),
    Column(_("Store"), width=18),
    Column(_("By"), width=14),
    Column(_("Source"), width=24),
    Column(_("Why"), width=32),
)


def export_row(entry: Entry) -> Sequence[Any]:
    """One row of :data:`EXPORT_COLUMNS`; store and staff must be loaded."""
    return (
        entry.occurred_at,
        entry.recorded_at,
        entry.get_kind_display(),
        entry.points,
        entry.debt,
        entry.balance_after,
        entry.debt_after,
        entry.store and entry.store.name,
        entry.actor and str(entry.actor),
        entry.source,
        entry.memo,
    )


LEDGER_COLUMNS = (
    Column(_("Member number"), width=14),
    Column(_("Member"), width=18),
    *EXPORT_COLUMNS,
    Column(_("Computed"), "integer", width=12, definition=_("What the rule came to before a cap cut it.")),
    Column(_("Cut by"), width=24),
)


def ledger_row(entry: Entry) -> Sequence[Any]:
    """One row of :data:`LEDGER_COLUMNS`; the member must be loaded too."""
    member = entry.account.member
    limit = explain_limit(entry.limited_by) if entry.limited_by else None
    return (member.number, member.name, *export_row(entry), entry.computed, limit)
