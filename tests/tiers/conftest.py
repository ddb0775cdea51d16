import pytest

from members.models import Member
from stores.models import Store
from tests.factories.members import create_member
from tiers.models import Tier


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


@pytest.fixture
def silver(db: None) -> Tier:
    return Tier.objects.get(code="silver")


@pytest.fixture
def gold(db: None) -> Tier:
    return Tier.objects.get(code="gold")


@pytest.fixture
def diamond(db: None) -> Tier:
    return Tier.objects.get(code="diamond")
