"""Fixtures of the whole suite: time, stores, people by role, and the flush of append-only tables."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client, TransactionTestCase

from stores.models import Staff, Store
from tests.emptying import empty_tables
from tests.factories.coupons import seed_classes
from tests.factories.shop import ledgers_agree, regular, shop  # noqa: F401  (fixtures of the whole suite)
from tests.factories.tiers import seed_levels

PASSWORD = "river-stone-42"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Give the application role its rights in the test database too, so that tests can sign in as it."""
    with django_db_blocker.unblock():
        call_command("grant_roles", verbosity=0, stdout=StringIO())
        seed_levels()
        seed_classes()


@pytest.fixture(scope="session", autouse=True)
def _empty_after_real_transactions() -> Iterator[None]:
    """Tests with real transactions leave the tables as a migration does, without going through all of them.

    Django's own flush empties every table and makes rights and roles anew, which took most of the time of such tests;
    the append-only triggers would refuse it besides. Patched for the whole session: a test's own patches are undone
    before its tables are emptied.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: empty_tables())
        yield


@pytest.fixture
def now() -> datetime:
    """A Wednesday noon in Shanghai."""
    return datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


@pytest.fixture
def store(db: None) -> Store:
    return Store.objects.create(code="S01", name="People's Square")


@pytest.fixture
def other_store(db: None) -> Store:
    return Store.objects.create(code="S02", name="Riverside")


def make_staff(username: str, role: str, *stores: Store) -> Staff:
    """A person who can sign in with ``PASSWORD`` and has one role in some stores."""
    staff = Staff.objects.create_user(username=username, password=PASSWORD, display_name=username)
    staff.groups.add(Group.objects.get_or_create(name=role)[0])
    staff.stores.set(stores)
    return staff


@pytest.fixture
def cashier(store: Store) -> Staff:
    return make_staff("cashier", "cashier", store)


@pytest.fixture
def manager(store: Store) -> Staff:
    return make_staff("manager", "manager", store)


@pytest.fixture
def owner(store: Store) -> Staff:
    return make_staff("owner", "owner", store)


@pytest.fixture
def client_for() -> Callable[[Staff], Client]:
    """A signed-in test client for a person."""

    def build(staff: Staff) -> Client:
        client = Client()
        client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return build
