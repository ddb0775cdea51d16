"""Coupon templates and coupons through the front door, with defaults for what a test does not care about."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations, count
from typing import Any

from coupons import services
from coupons.models import Coupon, StackCategory, StackPair, Template

_keys = count(1)
CLASSES = (("general", "通用券", 1), ("goods", "兑换券", 3), ("points", "积分券", 1))
NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def seed_classes() -> None:
    """The classes that ship, each combinable with the others, where a test that empties all tables took them."""
    if StackCategory.objects.exists():
        return
    classes = [
        StackCategory.objects.create(code=code, name=name, order_limit=limit, position=position)
        for position, (code, name, limit) in enumerate(CLASSES)
    ]
    for first, second in combinations(classes, 2):
        StackPair.objects.create(first=first, second=second)


def create_template(*, at: datetime = NOW, is_active: bool = True, **data: Any) -> Template:
    """10 off from 100, valid for 30 days from receipt, unlimited."""
    data.setdefault("name", "满100减10")
    data.setdefault("amount", Decimal("10.00"))
    data.setdefault("threshold", Decimal("100.00"))
    if data.setdefault("validity", Template.Validity.DAYS) == Template.Validity.DAYS:
        data.setdefault("valid_days", 30)
    template = services.save_template(template=Template(**data), actor=None, at=at)
    if is_active:
        template = services.set_template_status(
            template_id=template.pk, status=Template.Status.ACTIVE, actor=None, at=at
        )
    return template


def issue_coupon(template: Template, member_id: int | None, *, at: datetime = NOW, key: str = "") -> Coupon:
    """One coupon under a key of its own."""
    return services.issue(
        template_id=template.pk,
        member_id=member_id,
        source="test:1",
        idempotency_key=key or f"test-coupon:{next(_keys)}",
        at=at,
        store=None,
        actor=None,
    )
