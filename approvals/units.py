"""Amounts of a kind in words: money, points or a count."""

from decimal import Decimal

from django.utils.translation import gettext as _

from approvals.registry import MONEY, POINTS, Kind
from core.templatetags.interface import money


def format_amount(kind: Kind, amount: Decimal) -> str:
    """``¥1,234.50``, ``1,234 points`` or ``1,234``."""
    if kind.unit == MONEY:
        return money(amount)
    figures = f"{amount:,.0f}"
    return _("%(count)s points") % {"count": figures} if kind.unit == POINTS else figures
