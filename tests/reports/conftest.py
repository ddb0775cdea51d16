"""Sales of two stores and days, one taken back a day later, and a recharge."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from checkout import services
from members.models import Member
from stores.models import Store
from tests.factories.shop import Shop


@pytest.fixture
def traded(shop: Shop, regular: Member, other_store: Store, now: datetime) -> Shop:
    """18 March: 59.90 cash of a member, 99.60 by WeChat of a walk-in. 19 March: the latter is taken back."""
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "100.00"))
    mistaken = shop.confirm(shop.basket((shop.milk, "2")), ("wechat", "99.60"))
    services.recharge_at_till(
        key=uuid4(),
        till=shop.till,
        member_id=regular.pk,
        amount=Decimal("200.00"),
        plan_id=None,
        kind="alipay",
        received=Decimal("200.00"),
        actor=shop.cashier,
        at=now,
    )
    services.void_order(
        key=uuid4(),
        order_id=mistaken,
        till=shop.till,
        reason="wrong goods",
        actor=shop.cashier,
        at=now + timedelta(days=1),
    )
    return shop
