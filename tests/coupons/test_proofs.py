"""The proofs hold after ordinary work and find what somebody changed behind the services' back."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection

from coupons import services
from coupons.models import Coupon, Event, StoreLimit, Template
from coupons.proofs import PROOFS
from jobs.registry import Difference
from members.models import Member
from stores.models import Store
from tests.factories.coupons import create_template, issue_coupon

BY_NAME = {proof.name: proof for proof in PROOFS}


@pytest.fixture
def used(member: Member, template: Template, now: datetime) -> Coupon:
    """One coupon that was used, given back and used again, one unused, one void."""
    coupon, unused = issue_coupon(template, member.pk, at=now), issue_coupon(template, None, at=now)
    issue_coupon(template, member.pk, at=now)
    services.void(coupon_id=unused.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)
    for step in ("a", "b"):
        services.redeem(
            coupon_id=coupon.pk, member_id=member.pk, amount=Decimal("9.50"), source="orders:1",
            idempotency_key=step, at=now, store=None, actor=None,
        )  # fmt: skip
        if step == "a":
            services.return_redeemed(idempotency_key_of_redeem="a", idempotency_key="r", at=now, store=None, actor=None)
    return coupon


def as_superuser(change: Callable[[], object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        change()
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def differences() -> dict[str, list[Difference]]:
    return {name: found for name, proof in BY_NAME.items() if (found := proof.check()[1])}


def test_everything_agrees_after_ordinary_work(used: Coupon) -> None:
    assert {name: proof.check() for name, proof in BY_NAME.items()} == {
        "coupons.states": (3, []),
        "coupons.uses": (3, []),
        "coupons.discounts": (7, []),
        "coupons.issued": (1, []),
        "coupons.batches": (0, []),
        "coupons.limits": (1, []),
    }


def test_a_state_without_its_event_is_found(used: Coupon) -> None:
    Coupon.objects.filter(pk=used.pk).update(status="issued", uses_left=1)

    found = differences()

    until = str(found["coupons.states"][0].found).removeprefix("issued until ")
    assert found == {
        "coupons.states": [Difference(f"coupon:{used.pk}", f"redeemed until {until}", f"issued until {until}")],
        "coupons.uses": [Difference(f"coupon:{used.pk}", "0 uses left", "1 uses left")],
    }


def test_an_edited_discount_is_found(used: Coupon) -> None:
    as_superuser(lambda: Event.objects.filter(idempotency_key="r").update(amount=Decimal("-9.00")))

    returned = Event.objects.get(idempotency_key="r")
    assert differences() == {"coupons.discounts": [Difference(f"coupon_event:{returned.pk}", "-9.50", "-9.00")]}


def test_limited_uses_that_were_not_counted_are_found(used: Coupon, template: Template, store: Store) -> None:
    services.save_template(template=limited(template), actor=None, at=used.issued_at, store_limits={store.pk: 5})
    assert differences() == {}
    Template.objects.update(redeemed_count=0)
    StoreLimit.objects.update(used_count=2)

    name = f"coupon_template:{template.pk}"
    assert differences() == {
        "coupons.limits": [Difference(name, "1", "0"), Difference(f"{name} store:{store.pk}", "0", "2")]
    }


def limited(template: Template) -> Template:
    template.refresh_from_db()
    template.redeem_limit = 9
    return template


def test_a_voucher_that_was_used_withdrawn_and_given_back_agrees(member: Member, now: datetime) -> None:
    voucher = issue_coupon(create_template(kind="voucher", uses=3), member.pk, at=now)
    services.redeem(
        coupon_id=voucher.pk, member_id=member.pk, amount=Decimal("30.00"), source="order:1", idempotency_key="a",
        at=now, store=None, actor=None,
    )  # fmt: skip
    assert differences() == {}
    services.void(coupon_id=voucher.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)
    assert differences() == {}

    services.return_redeemed(idempotency_key_of_redeem="a", idempotency_key="r", at=now, store=None, actor=None)

    voucher.refresh_from_db()
    assert (voucher.status, voucher.uses_left) == ("void", 3)
    assert differences() == {}


def test_a_wrong_count_is_found(used: Coupon, template: Template) -> None:
    template.refresh_from_db()
    template.total_limit = 9
    services.save_template(template=template, actor=None, at=used.issued_at)
    assert differences() == {}

    Template.objects.update(issued_count=7)

    assert BY_NAME["coupons.issued"].check() == (1, [Difference(f"coupon_template:{template.pk}", "3", "7")])
