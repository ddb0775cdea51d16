"""The columns in which orders are downloaded."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checkout.models import Order
from checkout.selectors import order_number
from core.workbook import Column

ORDER_COLUMNS = (
    Column(_("Number"), width=20),
    Column(_("Business day"), "date", 13),
    Column(_("Sold at"), "time", 18),
    Column(_("Store"), width=20),
    Column(_("Cashier"), width=14),
    Column(_("Channel"), width=12),
    Column(_("Member number"), width=14),
    Column(_("Member"), width=14),
    Column(_("Phone"), width=14, definition=_("Always masked.")),
    Column(_("Pieces"), "quantity", 10),
    Column(pgettext_lazy("till", "List"), "money", 13, is_summed=True),
    Column(_("Discount"), "money", 13, is_summed=True, definition=_("List less paid: every reduction and points.")),
    Column(
        pgettext_lazy("till", "Paid"),
        "money",
        13,
        is_summed=True,
        definition=_("What the customer paid, voided orders included."),
    ),
    Column(_("Points used"), "integer", 12),
    Column(_("Points earned"), "integer", 12),
    Column(_("Voided at"), "time", 18),
)


def order_row(order: Order) -> Sequence[Any]:
    """One order in these columns."""
    member = order.member
    return (
        order_number(order.pk, order.business_on),
        order.business_on,
        order.occurred_at,
        order.store.name,
        str(order.staff) if order.staff else "",
        str(order.get_channel_display()),
        member.number if member else "",
        str(member) if member else _t("Walk-in"),
        member.masked_phone if member else "",
        order.piece_count,
        order.list_total,
        order.discount_total,
        order.payable,
        order.points_used,
        order.points_earned,
        order.voided_at,
    )
