"""Amounts and figures of a kind in words."""

from collections.abc import Mapping
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from approvals.registry import MONEY, POINTS, Kind
from core.templatetags.interface import money


def format_amount(kind: Kind | None, amount: Decimal) -> str:
    """``¥1,234.50``, ``1,234 points`` or ``1,234``."""
    if kind is not None and kind.unit == MONEY:
        return money(amount)
    figures = f"{amount:,.0f}"
    return _("%(count)s points") % {"count": figures} if kind is not None and kind.unit == POINTS else figures


def unit_of(kind: Kind) -> str:
    """What stands beside a box for the amount; nothing for a count."""
    return str({MONEY: settings.CURRENCY_SYMBOL, POINTS: _("points")}.get(kind.unit, ""))


def format_limit(kind: Kind, limit: Decimal | None) -> str:
    """A limit in words: None never asks, 0 always does."""
    if limit is None:
        return _("no limit")
    return format_amount(kind, limit) if limit else _("always asks")


def named_figures(kind: Kind | None, figures: Mapping[str, str]) -> list[tuple[str, str]]:
    """The figures of a preview with the names that the kind gives them, in the kind's order; unknown ones last."""
    labels = {} if kind is None else kind.labels
    known = [(str(label), figures[name]) for name, label in labels.items() if name in figures]
    return known + [(name, figure) for name, figure in figures.items() if name not in labels]
