"""The till's own words in templates: reductions and ways of paying."""

from django import template

from checkout.models import Order, TenderKind
from checkout.selectors import adjustment_label, order_number

register = template.Library()


@register.filter
def adjustment(row: object) -> str:
    """A reduction of an order or of a kept receipt in the language of the reader."""
    if isinstance(row, dict):
        return adjustment_label(row["source"], row["label"])
    return adjustment_label(getattr(row, "source", ""), getattr(row, "label", ""))


@register.filter
def tender(kind: str) -> str:
    """The name of a way of paying."""
    return str(TenderKind(kind).label) if kind in TenderKind.values else kind


@register.filter
def number(order: Order) -> str:
    """The number on the order's receipt."""
    return order_number(order.pk, order.business_on)
