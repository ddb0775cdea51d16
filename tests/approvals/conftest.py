"""A jar of marbles to take from, and people with PINs."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from approvals import services
from approvals.registry import Kind
from approvals.services import Outcome
from core import roles
from stores.models import Staff, Store
from tests.conftest import make_staff
from tests.factories.jar import jar_kind

PIN = "2580"


def person(username: str, role: str, *stores: Store, pin: str = PIN) -> Staff:
    """Somebody with a role, stores and a PIN."""
    staff = make_staff(username, role, *stores)
    staff.pin_hash = make_password(pin)
    staff.save()
    return staff


@pytest.fixture
def jar(db: None) -> Iterator[Kind]:
    roles.sync()
    with jar_kind() as kind:
        yield kind


@pytest.fixture
def asker(store: Store) -> Staff:
    """A manager: takes up to 10 marbles alone."""
    return person("asker", "manager", store)


@pytest.fixture
def boss(store: Store) -> Staff:
    """A manager of the same store."""
    return person("boss", "manager", store)


@pytest.fixture
def ask(jar: Kind, store: Store, asker: Staff, now: datetime) -> Callable[..., Outcome]:
    """Ask for so many marbles of the store's jar."""

    def build(count: int = 40, **options: Any) -> Outcome:
        given = {"actor": asker, "store": store, "at": now, "reason": "for the window", **options}
        payload = {"jar": store.pk, "count": count}
        return services.submit(kind=jar.name, payload=payload, subject=f"store:{store.pk}", **given)

    return build
