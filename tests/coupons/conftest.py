import pytest

from coupons.models import Template
from members.models import Member
from stores.models import Store
from tests.factories.coupons import create_template
from tests.factories.members import create_member


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


@pytest.fixture
def other_member(store: Store) -> Member:
    return create_member(store)


@pytest.fixture
def template(db: None) -> Template:
    return create_template()
