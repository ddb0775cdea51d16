"""Fixtures of these tests."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.utils import translation

from stores.models import Store
from tests.factories.stored_value import Purse, make_purse, set_value


@pytest.fixture
def _in_english() -> Iterator[None]:
    """Refusals in the language of the source, so that a test can tell one from another."""
    with translation.override("en"):
        yield


@pytest.fixture
def _no_pin(db: None) -> None:
    """Payments of any size without the PIN, for tests of something else."""
    set_value("wallet.no_pin_limit", "1000000", datetime(2020, 1, 1, tzinfo=UTC))


@pytest.fixture
def purse_of(store: Store, now: datetime) -> Callable[..., Purse]:
    """A new member with a recharge: ``purse_of("100.00", "20.00")``."""

    def make(principal: str = "", bonus: str = "0.00", **fields: object) -> Purse:
        return make_purse(store, now, principal, bonus, **fields)

    return make
