"""The last sales as examples for a coupon that is being written (``coupons.examples``)."""

from django.db.models import Prefetch

from catalog.selectors import get_category_tree
from checkout.models import Allocation, Order, OrderLine
from checkout.pricing.model import Layer
from checkout.selectors.orders import order_number
from core.money import to_cents
from coupons.examples import ExampleOrder
from coupons.rules import Goods

ORDERS = 30


def list_coupon_examples() -> list[ExampleOrder]:
    """The newest orders that stand, with what each line cost before order-level reductions (R-K2); four statements."""
    later = Allocation.objects.filter(adjustment__layer__gte=Layer.COUPON)
    lines = OrderLine.objects.select_related("product").prefetch_related(
        Prefetch("allocations", queryset=later, to_attr="reductions")
    )
    orders = Order.objects.filter(voided_at__isnull=True).order_by("-pk")
    above: dict[int, frozenset[int]] = {}
    for _depth, category in get_category_tree().flat():
        above[category.pk] = above.get(category.parent_id or 0, frozenset()) | {category.pk}
    return [
        _example(order, above)
        for order in orders.prefetch_related(Prefetch("lines", queryset=lines.order_by("position")))[:ORDERS]
    ]


def _example(order: Order, above: dict[int, frozenset[int]]) -> ExampleOrder:
    lines = list(order.lines.all())
    return ExampleOrder(
        number=order_number(order.pk, order.business_on),
        goods=tuple(_goods(line, above) for line in lines),
        amounts=tuple(
            to_cents(line.net + sum(part.amount for part in line.reductions))  # type: ignore[attr-defined]  # prefetched
            for line in lines
        ),
    )


def _goods(line: OrderLine, above: dict[int, frozenset[int]]) -> Goods:
    product = line.product
    is_whole = not product.is_weighed and line.quantity == line.quantity.to_integral_value()
    return Goods(
        product_id=line.product_id,
        pieces=int(line.quantity) if is_whole else 0,
        category_ids=above.get(product.category_id or 0, frozenset()),
        brand_id=product.brand_id,
        takes_coupons=not product.is_excluded_from_coupons and line.pass_id is None,
        is_service=product.kind == product.Kind.SERVICE,
    )
