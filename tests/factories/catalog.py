"""Products through the front door, with defaults for what a test does not care about."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from catalog import services
from catalog.models import Product

_skus = count(1)
NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def create_product(*, list_price: str = "10.00", at: datetime = NOW, **data: Any) -> Product:
    """Active goods with an article number of their own."""
    data.setdefault("sku", f"SKU-{next(_skus):05d}")
    data.setdefault("name", "乌龙茶")
    return services.save_product(data=services.ProductData(list_price=Decimal(list_price), **data), actor=None, at=at)
