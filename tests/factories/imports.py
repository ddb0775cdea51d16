"""What tests of imports share."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from django.db.models import Sum

from checkout.models import Order, OrderLine
from lifecycle.services.reading import Report

Write = Callable[..., Path]
Import = Callable[..., Report]


def sold() -> tuple[int, int, Decimal, Decimal]:
    """Orders, lines, list and net of everything in the database."""
    total = OrderLine.objects.aggregate(list=Sum("list_amount"), net=Sum("net"))
    return (
        Order.objects.count(),
        OrderLine.objects.count(),
        total["list"] or Decimal("0.00"),
        total["net"] or Decimal("0.00"),
    )
