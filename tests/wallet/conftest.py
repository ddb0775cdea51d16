"""Fixtures of these tests."""

from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture
def _in_english() -> Iterator[None]:
    """Refusals in the language of the source, so that a test can tell one from another."""
    with translation.override("en"):
        yield
