"""A member with stored value, a shop's settings and no PIN asked for, for refunds of stored value in money."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from stores.models import SettingValue
from tests.factories.ledgers import make_member
from wallet import services

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def pay_in(store):
    def do(member, principal, bonus, at, key="r", **more):
        return services.recharge(
            member_id=member.pk,
            principal=D(principal),
            bonus=D(bonus),
            source="r:1",
            idempotency_key=f"{key}:{member.pk}",
            at=at,
            store=store,
            actor=None,
            **more,
        )

    return do


@pytest.fixture
def spend(store):
    def do(member, amount, at, key="d", listed=None, order=None):
        return services.debit(
            member_id=member.pk,
            amount=D(amount),
            list_amount=D(listed or amount),
            source="o:1",
            idempotency_key=f"{key}:{member.pk}",
            at=at,
            store=store,
            actor=None,
            spending_order=order,
        )

    return do


@pytest.fixture(autouse=True)
def _no_pin(owner, now):
    """These payments need no PIN, and balances may be those of the worked examples."""
    for code, value in (("wallet.no_pin_limit", "100000.00"), ("wallet.limit_named", "100000.00")):
        SettingValue.objects.create(code=code, value=value, effective_at=now - timedelta(days=3000), actor=owner)


@pytest.fixture
def set_to(owner, now):
    def do(code, value):
        SettingValue.objects.create(code=code, value=value, effective_at=now - timedelta(days=3000), actor=owner)

    return do
