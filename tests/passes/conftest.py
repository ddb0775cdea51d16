"""What tests of passes work with: a service, plans of it, and a member who holds a pass."""

from decimal import Decimal as D  # noqa: N817

import pytest

from members.models import Member
from tests.factories.catalog import create_product
from tests.factories.members import create_member
from tests.factories.passes import create_plan, sell


@pytest.fixture
def wash(db):
    return create_product(name="洗车", list_price="40.00", kind="service")


@pytest.fixture
def member(store) -> Member:
    return create_member(store)


@pytest.fixture
def plan(wash, now):
    return create_plan(wash, at=now)


@pytest.fixture
def held(plan, member, store, now):
    return sell(plan, member, store, at=now)


@pytest.fixture
def ending(wash, member, store, now):
    """Three uses that last 30 days, the day of sale being the first."""
    return sell(create_plan(wash, valid_days=30, at=now), member, store, at=now)


@pytest.fixture
def month(wash, member, store, now):
    """As often as wanted for 30 days."""
    plan = create_plan(wash, is_unlimited=True, valid_days=30, price=D("300.00"), at=now)
    return sell(plan, member, store, at=now)
