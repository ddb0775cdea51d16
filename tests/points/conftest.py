"""Points through the front door, for tests of what people do around them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from django.utils import translation

from points import services
from points.models import Account, Entry
from stores.models import Store
from tests.conftest import make_staff

_keys = count(1)


@pytest.fixture
def english() -> Iterator[None]:
    """Texts as they stand in the source, whatever language a page before was read in."""
    with translation.override("en"):
        yield


@pytest.fixture
def finance(store: Store) -> Any:
    return make_staff("finance", "finance", store)


@pytest.fixture
def give(store: Store, now: datetime) -> Any:
    """``give(member, 100)`` credits points at ``now``; options go to ``services.earn``."""

    def earn(member: Any, points: int, **options: Any) -> Entry | None:
        options = {"at": now, "store": store, "actor": None, "source": "order:1", **options}
        return services.earn(member_id=member.pk, points=points, idempotency_key=f"give{next(_keys)}", **options)

    return earn


@pytest.fixture
def balance_of() -> Any:
    """``balance_of(member)`` as the account has it."""
    return lambda member: Account.objects.filter(pk=member.pk).values_list("balance", flat=True).first() or 0
