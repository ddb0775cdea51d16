"""Whatever is done to coupons in whatever order, the proofs hold and no limit is passed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from coupons import services
from coupons.models import Coupon, Event, StoreLimit, Template
from coupons.proofs import PROOFS
from stores.models import Store
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.members import create_member

NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
ACTIONS = (
    "issue", "issue", "redeem", "redeem", "redeem", "return", "void", "limit", "store_limit", "total_limit", "unlimit",
    "merge",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5)), min_size=4, max_size=25)
LOOK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class World:
    """Two members, one template of vouchers, and what happens to them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.members = [create_member(store), create_member(store)]
        self.template = create_template(kind="voucher", uses=2, valid_days=2)
        for member in self.members:
            issue_coupon(self.template, member.pk, at=NOW)

    def step(self, place: int, action: str, number: int) -> None:
        at = NOW + timedelta(hours=place)
        coupons = list(Coupon.objects.order_by("pk"))
        coupon = coupons[number % len(coupons)]
        where: dict[str, Any] = {"at": at, "store": self.store if number % 2 else None, "actor": None}
        if action == "issue":
            issue_coupon(self.template, self.members[number % 2].pk, at=at)
        elif action == "redeem":
            services.redeem(
                coupon_id=coupon.pk, member_id=coupon.member_id, amount=Decimal(number + 1), source="order:1",
                idempotency_key=f"use:{place}", **where,
            )  # fmt: skip
        elif action == "return":
            uses = list(Event.objects.filter(kind="redeemed").order_by("pk"))
            if uses:
                services.return_redeemed(
                    idempotency_key_of_redeem=uses[number % len(uses)].idempotency_key,
                    idempotency_key=f"back:{place}", **where,
                )  # fmt: skip
        elif action == "void":
            services.void(coupon_id=coupon.pk, reason="x", idempotency_key=f"void:{place}", **where)
        elif action == "merge":
            gone, stays = self.members[number % 2], self.members[1 - number % 2]
            services.merge(
                from_member_id=gone.pk, into_member_id=stays.pk, idempotency_key=f"merge:{place}", source="member:1",
                **where,
            )  # fmt: skip
        else:
            self.limit(action, number, at)

    def limit(self, action: str, number: int, at: datetime) -> None:
        template = Template.objects.get(pk=self.template.pk)
        if action == "limit":
            template.redeem_limit = number + 1
        elif action == "total_limit":
            template.total_limit = number + 2
        elif action == "unlimit":
            template.redeem_limit = template.total_limit = None
        stores = {self.store.pk: number + 1} if action == "store_limit" else {} if action == "unlimit" else None
        services.save_template(template=template, actor=None, at=at, store_limits=stores)


@pytest.mark.django_db
@given(steps=STEPS)
@LOOK
def test_any_life_of_coupons_agrees_with_its_events(store: Store, steps: list[tuple[str, int]]) -> None:
    outer = transaction.savepoint()
    world = World(store)

    for place, (action, number) in enumerate(steps):
        try:
            with transaction.atomic():
                world.step(place, action, number)
        except DomainError:
            pass
        for limit in StoreLimit.objects.all():
            assert limit.used_count <= limit.limit
        total = Template.objects.values_list("total_limit", flat=True).get(pk=world.template.pk)
        assert total is None or Coupon.objects.count() <= total

    assert {proof.name: proof.check()[1] for proof in PROOFS} == {proof.name: [] for proof in PROOFS}
    transaction.savepoint_rollback(outer)
