"""Pass plans and passes through the front door, with defaults for what a test does not care about."""

from datetime import UTC, datetime
from decimal import Decimal as D  # noqa: N817
from typing import Any
from uuid import uuid4

from catalog.models import Product
from members.models import Member
from passes import services
from passes.models import Entry, Pass, Plan
from stores.models import Store

NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def create_plan(*products: Product, stores: Any = (), at: datetime = NOW, **data: Any) -> Plan:
    """Three uses for 100 yuan, 40 yuan each without the pass, never ending."""
    unlimited = data.get("is_unlimited", False)
    data = {
        "name": f"pass {uuid4().hex[:6]}",
        "price": D("100.00"),
        "paid_uses": 0 if unlimited else 3,
        "unit_list_price": D("40.00"),
        **data,
    }
    return services.save_plan(plan=Plan(**data), products=products, stores=stores, actor=None, at=at)


def sell(plan: Plan, member: Member, store: Store, *, at: datetime = NOW, key: str = "", **data: Any) -> Pass:
    """A pass of the plan in the member's hands."""
    return services.sell(
        plan_id=plan.pk,
        member_id=member.pk,
        price=plan.price,
        tender=data.pop("tender", "cash"),
        idempotency_key=key or uuid4().hex,
        at=at,
        store=store,
        actor=None,
        **data,
    )


def use(held: Pass, product: Product, value: str, *, uses: int = 1, at: datetime = NOW, **data: Any) -> Entry:
    """Uses of a pass outside an order, as the checkout posts them."""
    item = services.Item(
        pass_id=held.pk,
        product_id=product.pk,
        uses=uses,
        value=D(value),
        list_amount=product.list_price * uses,
        key=data.pop("key", "") or uuid4().hex,
    )
    data = {
        "member_id": held.member_id,
        "is_agreed": True,
        "priced_on": at.date(),
        "source": "order:1",
        "store": held.store,
        "actor": None,
        **data,
    }
    return services.use(items=[item], at=at, **data)[0]
