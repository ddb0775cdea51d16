"""The columns in which leaks are downloaded."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.workbook import Column
from gifts import wording
from gifts.models import GrantItem

LEAK_COLUMNS = (
    Column(_("Day"), "time", 18, definition=_("When the reason of the gift was gone.")),
    Column(_("Member number"), width=14),
    Column(_("Member"), width=14),
    Column(_("Pack or plan"), width=24),
    Column(_("Given for"), width=24),
    Column(_("Gift"), width=24),
    Column(_("Not returned"), "quantity", 12),
    Column(_("Of"), "quantity", 12, definition=_("How much was given.")),
    Column(_("Worth at most"), "money", 14, is_summed=True, definition=_("Empty: the cost is unknown.")),
    Column(_("Status"), width=14),
    Column(_("Store"), width=18, definition=_("Where it was given.")),
)


def leak_row(item: GrantItem) -> Sequence[Any]:
    """One leak in these columns."""
    grant = item.grant
    return (
        grant.taken_back_at,
        grant.member.number,
        grant.member.name,
        grant.plan_snapshot.get("name", ""),
        wording.reason_of(grant.source),
        item.label or item.get_kind_display(),
        item.used,
        item.quantity,
        item.worth,  # type: ignore[attr-defined]  # annotated by list_leaks
        item.get_state_display(),
        grant.store.name if grant.store else "",
    )
