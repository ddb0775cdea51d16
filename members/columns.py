"""What a downloaded list of members shows."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.workbook import Column
from members import identity
from members.models import Member

EXPORT_COLUMNS = (
    Column(_("Member number"), width=14),
    Column(_("Full name"), width=16),
    Column(_("Phone"), width=16, definition=_("In full only for those who may see full phone numbers.")),
    Column(_("Gender"), width=10),
    Column(_("Birthday"), width=18),
    Column(_("Source"), width=14),
    Column(_("Registered at store"), width=20),
    Column(_("Registered at"), "time", width=18, definition=_("Time of the shop's zone.")),
    Column(_("Status"), width=10),
)


def export_row(member: Member, *, with_phones: bool) -> Sequence[Any]:
    """One row of :data:`EXPORT_COLUMNS`; ``store`` must be loaded."""
    phone = identity.display_phone(identity.open_phone(member.phone_cipher)) if with_phones else member.masked_phone
    return (
        member.number,
        member.name,
        phone,
        member.get_gender_display(),
        member.birthday_text,
        member.get_source_display(),
        member.store.name,
        member.registered_at,
        member.get_status_display(),
    )
