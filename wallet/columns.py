"""What a downloaded statement of stored value shows (R-W15)."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.workbook import Column
from wallet.models import Entry

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
