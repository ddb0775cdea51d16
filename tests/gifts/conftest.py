"""Fixtures of these tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.utils import translation

import wallet.services
from coupons.models import Template
from gifts.models import Grant, RechargePlan
from gifts.selectors import get_terms
from gifts.services import Gift, give_package, save_plan
from members.models import Member
from stores.models import Store
from tests.factories.coupons import create_template
from tests.factories.ledgers import make_member
from tests.factories.shop import product
from wallet.models import Recharge

_keys = count(1)


@pytest.fixture
def _in_english() -> Iterator[None]:
    """Refusals in the language of the source, so that a test can tell one from another."""
    with translation.override("en"):
        yield


@dataclass
class Counter:
    """A store that recharges members with packages, without a till around it."""

    store: Store
    now: datetime

    def plan(self, name: str = "500+50", **fields: Any) -> RechargePlan:
        """500 with 50 bonus; ``coupon_counts`` and ``gifts`` go to the service."""
        parts = {part: fields.pop(part) for part in ("coupon_counts", "gifts") if part in fields}
        fields = {"amount": Decimal("500.00"), "bonus": Decimal("50.00"), **fields}
        return save_plan(plan=RechargePlan(name=name, **fields), stores=[], actor=None, at=self.now, **parts)

    def full_plan(self, **fields: Any) -> RechargePlan:
        """Everything at once: 50 bonus, 100 points, 30 growth points, two coupons, a bag."""
        bag = product("TOTE", "20.00", name="帆布袋", cost=Decimal("6.5000"))
        return self.plan(
            points=100,
            growth=30,
            bonus_days=180,
            coupon_counts={self.template().pk: 2},
            gifts=[Gift(Decimal(1), product_id=bag.pk)],
            **fields,
        )

    def template(self, **fields: Any) -> Template:
        """A coupon of 10 from 100."""
        return create_template(at=self.now, **fields)

    def member(self) -> Member:
        """Nobody has recharged yet."""
        return make_member(self.store)

    def recharge(
        self, member_id: int, plan: RechargePlan, *, key: str = "", at: datetime | None = None
    ) -> tuple[Recharge, Grant]:
        """Money, bonus and package, as the till does it."""
        key, at = key or f"t:{next(_keys)}", at or self.now
        where: dict[str, Any] = {"at": at, "store": self.store, "actor": None}
        made = wallet.services.recharge(
            member_id=member_id,
            principal=plan.amount,
            bonus=plan.bonus,
            bonus_expires_at=plan.bonus_expires_at(at),
            source="till:1",
            idempotency_key=f"{key}:wallet",
            **where,
        )
        grant = give_package(
            terms=get_terms(plan), member_id=member_id, recharge_id=made.pk, idempotency_key=key, **where
        )
        return made, grant


@pytest.fixture
def counter(store: Store, now: datetime) -> Counter:
    return Counter(store, now)


@pytest.fixture
def where(store: Store, now: datetime) -> dict[str, Any]:
    return {"at": now, "store": store, "actor": None}
