"""Lists sort by a whitelist and page without skipping or repeating a row."""

from datetime import datetime

import pytest

from core.listing import list_page
from stores.models import Store

SORTS = {"name": "name", "code": "code"}


@pytest.fixture
def stores(db: None, now: datetime) -> None:
    Store.objects.bulk_create(Store(code=f"S{number:03}", name=f"Same {number % 3}") for number in range(65))


def walk(sort: str) -> list[str]:
    codes: list[str] = []
    params = {"sort": sort, "size": "20"}
    while True:
        page = list_page(Store.objects.all(), params, sorts=SORTS, default="code")
        codes += [store.code for store in page]
        assert len(codes) <= 65
        if not page.next_cursor:
            return codes
        params["cursor"] = page.next_cursor


@pytest.mark.parametrize("sort", ["code", "-code", "name", "-name"])
def test_every_row_comes_once_whatever_the_order(stores: None, sort: str) -> None:
    codes = walk(sort)

    assert len(codes) == len(set(codes)) == 65
    if sort == "-code":
        assert codes[0] == "S064"


@pytest.mark.parametrize(
    "params",
    [
        {"sort": "password"},
        {"sort": "-name__x"},
        {"sort": "--code"},
        {"size": "7"},
        {"size": "-1"},
        {"cursor": "nonsense"},
        {"cursor": "W10"},
        {"cursor": "é"},
    ],
)
def test_nonsense_in_the_url_shows_the_first_page(stores: None, params: dict[str, str]) -> None:
    page = list_page(Store.objects.all(), params, sorts=SORTS, default="code")

    assert [store.code for store in page][:2] == ["S000", "S001"]
    assert page.size == 50
    assert page.is_first is True
    assert (page.count, page.is_count_exact) == (65, True)
