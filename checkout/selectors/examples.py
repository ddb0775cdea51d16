"""The last sales to members as examples for a points rule that is being written (``points.examples``)."""

from decimal import Decimal

from django.db.models import Prefetch

from checkout.models import Order, OrderLine
from checkout.selectors.orders import order_number
from points.examples import ExampleLine, ExampleOrder

ORDERS = 50


def list_example_orders() -> list[ExampleOrder]:
    """The newest orders of members that stand, with what earned points on each line (R-P1); two statements."""
    orders = (
        Order.objects.filter(member__isnull=False, voided_at__isnull=True)
        .order_by("-pk")
        .prefetch_related(Prefetch("lines", queryset=OrderLine.objects.select_related("product").order_by("position")))
    )
    return [
        ExampleOrder(order_number(order.pk, order.business_on), tuple(_line(line) for line in order.lines.all()))
        for order in orders[:ORDERS]
    ]


def _line(line: OrderLine) -> ExampleLine:
    return ExampleLine(
        product_id=line.product_id,
        category_id=line.product.category_id,
        brand_id=line.product.brand_id,
        base=line.net - line.wallet_bonus,
        factor=Decimal(0) if line.product.is_excluded_from_points else Decimal(1),
    )
