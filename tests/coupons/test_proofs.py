"""The proofs hold after ordinary work and find what somebody changed behind the services' back."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection

from coupons import services
from coupons.models import Coupon, Event, Template
from coupons.proofs import PROOFS
from jobs.registry import Difference
from members.models import Member
from tests.factories.coupons import issue_coupon

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


def test_everything_agrees_after_ordinary_work(used: Coupon) -> None:
    assert {name: proof.check() for name, proof in BY_NAME.items()} == {
        "coupons.states": (3, []),
        "coupons.uses": (3, []),
        "coupons.issued": (1, []),
    }


def test_a_state_without_its_event_is_found(used: Coupon) -> None:
    Coupon.objects.filter(pk=used.pk).update(status="issued", uses_left=1)

    states, uses = BY_NAME["coupons.states"].check(), BY_NAME["coupons.uses"].check()

    until = str(states[1][0].found).removeprefix("issued until ")
    assert states == (3, [Difference(f"coupon:{used.pk}", f"redeemed until {until}", f"issued until {until}")])
    assert uses == (3, [Difference(f"coupon:{used.pk}", "0.00 of 0 uses open", "9.50 of 1 uses")])


def test_an_edited_discount_is_found(used: Coupon) -> None:
    as_superuser(lambda: Event.objects.filter(idempotency_key="r").update(amount=Decimal("-9.00")))

    assert BY_NAME["coupons.uses"].check() == (
        3, [Difference(f"coupon:{used.pk}", "9.50 of 1 uses open", "10.00 of 1 uses")],
    )  # fmt: skip


def test_a_wrong_count_is_found(used: Coupon, template: Template) -> None:
    Template.objects.update(issued_count=7)

    assert BY_NAME["coupons.issued"].check() == (1, [Difference(f"coupon_template:{template.pk}", "3", "7")])
