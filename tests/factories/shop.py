"""A shop ready to sell: till with an open shift, goods, and a member with points, stored value and a coupon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal as D  # noqa: N817
from typing import Any
from uuid import UUID, uuid4

import pytest

import points.services
import wallet.services
from catalog.models import Barcode, Product
from checkout import services
from checkout.models import Basket, Shift, Till
from checkout.services import Tender
from gifts.models import RechargePlan
from gifts.services import Gift, save_plan
from jobs.registry import all_proofs
from members.models import Member
from members.services import MemberData, create_member
from stores.models import Staff, Store
from tests.factories.coupons import create_template, issue_coupon


@dataclass
class Shop:
    """What a test sells with."""

    store: Store
    till: Till
    shift: Shift
    cashier: Staff
    rice: Product
    milk: Product
    bag: Product
    now: datetime

    def basket(self, *lines: tuple[Product, str], member: Member | None = None) -> Basket:
        """A basket with goods, priced."""
        basket = services.open_basket(till=self.till, actor=self.cashier, at=self.now)
        if member is not None:
            services.attach_member(basket_id=basket.pk, member_id=member.pk, at=self.now)
        for product, quantity in lines:
            services.add_product(basket_id=basket.pk, product_id=product.pk, quantity=D(quantity), at=self.now)
        return Basket.objects.get(pk=basket.pk)

    def confirm(
        self, basket: Basket, *tenders: tuple[str, str], key: UUID | None = None, at: datetime | None = None
    ) -> int:
        """Confirm what the basket shows."""
        return services.confirm_sale(
            key=key or uuid4(),
            basket_id=basket.pk,
            fingerprint=basket.fingerprint,
            tenders=[Tender(kind, D(received)) for kind, received in tenders],
            actor=self.cashier,
            at=at or self.now,
        )


def product(sku: str, price: str, code: str = "", **options: Any) -> Product:
    made = Product.objects.create(sku=sku, name=options.pop("name", sku), list_price=D(price), **options)
    if code:
        Barcode.objects.create(product=made, code=code)
    return made


def full_plan(shop: Shop, **fields: Any) -> RechargePlan:
    """Pay 500, get 50 bonus for 180 days, 100 points, 30 growth points, two coupons 100 - 10 and a bag."""
    fields = {"name": "充500送50", "amount": D("500.00"), "bonus": D("50.00"), "bonus_days": 180, **fields}
    return save_plan(
        plan=RechargePlan(points=100, growth=30, **fields),
        stores=[],
        actor=None,
        at=shop.now,
        coupon_counts={create_template(at=shop.now).pk: 2},
        gifts=[Gift(D(1), product_id=shop.bag.pk)],
    )


@pytest.fixture
def shop(store: Store, cashier: Staff, now: datetime) -> Shop:
    till = Till.objects.create(store=store, code="1", name="Till 1")
    shift = services.open_shift(till=till, opening_float=D("200.00"), actor=cashier, at=now)
    return Shop(
        store=store,
        till=till,
        shift=shift,
        cashier=cashier,
        rice=product("RICE", "59.90", "6901234567892", name="五常大米 5kg", cost=D("41.0000")),
        milk=product("MILK", "49.80", "6907992100012", name="纯牛奶 250ml×12", cost=D("38.5000")),
        bag=product("BAG", "0.30", "6922266440018", name="购物袋", is_excluded_from_tier_discount=True),
        now=now,
    )


@pytest.fixture
def regular(store: Store, cashier: Staff, now: datetime) -> Member:
    """Rich enough for every test: 2,000 points, 500 + 50 stored value, a 100 - 10 coupon."""
    made = create_member(
        data=MemberData(name="王小明", phone="13800138821"), source="counter", store=store, actor=cashier, at=now
    )
    points.services.adjust(
        member_id=made.pk, points=2000, reason="opening", idempotency_key="t:points", at=now, store=store, actor=cashier
    )
    wallet.services.recharge(
        member_id=made.pk,
        principal=D("500.00"),
        bonus=D("50.00"),
        source="test:1",
        idempotency_key="t:wallet",
        at=now,
        store=store,
        actor=cashier,
    )
    issue_coupon(create_template(at=now), made.pk, at=now)
    return made


@pytest.fixture
def ledgers_agree() -> Callable[[], None]:
    """Every proof of ``manage.py reconcile`` holds."""

    def check() -> None:
        failures: Sequence[Any] = [
            (proof.name, differences) for proof in all_proofs().values() if (differences := proof.check()[1])
        ]
        assert failures == []

    return check
