"""The columns in which coupons are downloaded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.days import last_day
from core.workbook import Column
from coupons.models import Coupon, Event
from coupons.selectors import state_of

EXPORT_COLUMNS = (
    Column(_("Coupon code"), width=24),
    Column(pgettext_lazy("coupon", "Coupon"), width=24),
    Column(_("Version"), "integer", 9, definition=_("Of the terms that the coupon was issued with.")),
    Column(_("Member number"), width=14, definition=_("Empty: a bearer coupon.")),
    Column(_("Member"), width=14),
    Column(_("Phone"), width=14, definition=_("Always masked.")),
    Column(_("Status"), width=12, definition=_("At the moment of the download.")),
    Column(_("Uses left"), "integer", 10),
    Column(_("Issued at"), "time", 18),
    Column(_("Valid from"), "time", 18),
    Column(_("Last day"), "date", 13),
    Column(_("Source"), width=20, definition=_("What it was given by.")),
    Column(_("Last used"), "time", 18, definition=_("Empty: never, or every use was given back.")),
    Column(_("Used in store"), width=18),
    Column(_("Discount"), "money", 13, is_summed=True, definition=_("Of the last use.")),
)


def export_row(coupon: Coupon, uses: Mapping[int, Event], at: datetime) -> Sequence[Any]:
    """One coupon in these columns."""
    member, use = coupon.member, uses.get(coupon.pk)
    return (
        coupon.code,
        coupon.terms_version.terms["name"],
        coupon.terms_version.number,
        None if member is None else member.number,
        None if member is None else str(member),
        None if member is None else member.masked_phone,
        state_of(coupon, at).label,
        coupon.uses_left,
        coupon.issued_at,
        coupon.valid_from,
        last_day(coupon.valid_until),
        coupon.source,
        None if use is None else use.occurred_at,
        None if use is None or use.store is None else use.store.name,
        None if use is None else use.amount,
    )
