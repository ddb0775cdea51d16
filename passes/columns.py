"""The columns in which passes are downloaded."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.workbook import Column
from passes.models import Pass

EXPORT_COLUMNS = (
    Column(pgettext_lazy("pass", "Number"), "integer", 10),
    Column(pgettext_lazy("pass", "Pass"), width=24),
    Column(_("Member number"), width=14),
    Column(_("Member"), width=14),
    Column(_("Phone"), width=14, definition=_("Always masked.")),
    Column(_("Store"), width=20),
    Column(_("Sold at"), "time", 18),
    Column(_("Status"), width=12),
    Column(pgettext_lazy("pass", "Price"), "money", 13, is_summed=True),
    Column(_("Uses sold"), "integer", 10, definition=_("Paid and free ones; empty for a pass by days.")),
    Column(_("Uses left"), "integer", 10),
    Column(
        _("Unused value"), "money", 13, is_summed=True, definition=_("The part of the price that no use has taken.")
    ),
    Column(_("Last day"), "date", 13, definition=_("Empty: it never ends.")),
    Column(_("Contract version"), width=12),
)


def export_row(held: Pass) -> Sequence[Any]:
    """One pass in these columns."""
    return (
        held.pk,
        held.name,
        held.member.number,
        str(held.member),
        held.member.masked_phone,
        held.store.name,
        held.sold_at,
        str(held.get_status_display()),
        held.price,
        None if held.is_unlimited else held.total_uses,
        None if held.is_unlimited else held.remaining,
        held.unused_value,
        held.last_day,
        held.contract_version,
    )
