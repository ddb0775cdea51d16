"""The database is the last judge."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from coupons.models import Coupon, Event, Template
from members.models import Member
from tests.factories.coupons import create_template, issue_coupon


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("0.00")},
        {"threshold": Decimal("-0.01")},
        {"valid_days": 0},
        {"valid_days": None},
        {"validity": "fixed"},
        {"total_limit": 3, "issued_count": 4},
    ],
)
def test_a_template_that_makes_no_sense_is_refused(template: Template, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        Template.objects.filter(pk=template.pk).update(**change)


@pytest.mark.parametrize("change", [{"status": "expired"}, {"code": "1234567890123456789x"}, {"code": "123"}])
def test_a_coupon_that_makes_no_sense_is_refused(
    member: Member, template: Template, now: datetime, change: dict[str, Any]
) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    with pytest.raises(IntegrityError):
        Coupon.objects.filter(pk=coupon.pk).update(**change)


def test_a_coupon_that_ends_before_it_begins_is_refused(template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, None, at=now)

    with pytest.raises(IntegrityError):
        Coupon.objects.filter(pk=coupon.pk).update(valid_until=coupon.valid_from)


def test_a_code_is_given_once(template: Template, now: datetime) -> None:
    first, second = issue_coupon(template, None, at=now), issue_coupon(template, None, at=now)

    with pytest.raises(IntegrityError):
        Coupon.objects.filter(pk=second.pk).update(code=first.code)


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("redeemed", "-1"), ("returned", "1"), ("returned", "-1"), ("issued", "0"), ("voided", "1"), ("moved", "1")],
)
def test_an_event_whose_amount_does_not_fit_is_refused(
    template: Template, now: datetime, kind: str, amount: str
) -> None:
    coupon = issue_coupon(template, None, at=now)

    with pytest.raises(IntegrityError):
        Event.objects.create(
            coupon=coupon, kind=kind, amount=Decimal(amount), valid_until=now, source="x", idempotency_key="x",
            occurred_at=now,
        )  # fmt: skip


def test_events_are_never_changed(template: Template, now: datetime) -> None:
    issue_coupon(template, None, at=now)

    with pytest.raises(DatabaseError):
        Event.objects.update(amount=Decimal("1.00"))


def test_events_are_never_deleted(now: datetime, db: None) -> None:
    issue_coupon(create_template(), None, at=now)

    with pytest.raises(DatabaseError):
        Event.objects.all().delete()
