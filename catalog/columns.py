"""What a downloaded list of products shows."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.workbook import Column

_COMMON = (
    Column(_("Article number"), width=18),
    Column(_("Name"), width=32),
    Column(_("Bar codes"), width=24),
    Column(_("Category"), width=18),
    Column(_("Brand"), width=16),
    Column(_("Kind"), width=10),
    Column(_("Unit"), width=8),
    Column(_("List price"), "money", width=12),
    Column(_("Member price"), "money", width=12, definition=_("Empty: members pay the list price.")),
    Column(_("Tier discount"), width=12),
    Column(_("Coupons"), width=12),
    Column(_("Points"), width=12),
    Column(_("Status"), width=10),
)
_COST = Column(_("Cost"), "money", width=12, definition=_("Empty: unknown. Not the same as nothing."))


def export_columns(*, with_cost: bool) -> tuple[Column, ...]:
    """The columns; the cost only for those who may see it."""
    return (*_COMMON, _COST) if with_cost else _COMMON


def export_row(product: Product, *, with_cost: bool) -> Sequence[Any]:
    """One row of :func:`export_columns`; category, brand and bar codes must be loaded."""
    row = (
        product.sku,
        product.name,
        ", ".join(barcode.code for barcode in product.barcodes.all()),
        product.category.name if product.category else "",
        product.brand.name if product.brand else "",
        product.get_kind_display(),
        product.unit,
        product.list_price,
        product.member_price,
        _t("no") if product.is_excluded_from_tier_discount else _t("yes"),
        _t("no") if product.is_excluded_from_coupons else _t("yes"),
        _t("no") if product.is_excluded_from_points else _t("yes"),
        _t("on sale") if product.is_active else _t("off sale"),
    )
    return (*row, product.cost) if with_cost else row
