"""The last sales as examples for a tier whose rules are being written (``tiers.examples``)."""

from django.db.models import Prefetch

from catalog.selectors import get_category_parents
from checkout.models import Order, OrderLine
from checkout.selectors.orders import order_number
from checkout.selectors.pricing import categories_of
from tiers.examples import ExampleLine, ExampleOrder

ORDERS = 30


def list_tier_examples() -> list[ExampleOrder]:
    """The newest orders that stand, at list prices, without lines that a pass paid; three statements."""
    parents = get_category_parents()
    lines = OrderLine.objects.filter(pass_id__isnull=True).select_related("product").order_by("position")
    orders = Order.objects.filter(voided_at__isnull=True).order_by("-pk").prefetch_related(Prefetch("lines", lines))
    return [
        ExampleOrder(
            order_number(order.pk, order.business_on),
            tuple(
                ExampleLine(
                    category_ids=tuple(categories_of(line.product.category_id, parents)),
                    amount=line.list_amount,
                    takes_discount=not line.product.is_excluded_from_tier_discount,
                )
                for line in order.lines.all()
            ),
        )
        for order in orders[:ORDERS]
    ]
