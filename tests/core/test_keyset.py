"""Pages by the last row seen."""

import pytest

from core.keyset import capped_count, page_size, paginate
from stores.models import Store


def make(count: int) -> None:
    Store.objects.bulk_create(Store(code=f"S{index:02d}", name=f"N{index % 3}") for index in range(count))


@pytest.mark.parametrize("order", [("name", "pk"), ("-name", "-pk"), ("code", "pk")])
def test_pages_hold_every_row_once_in_order(db, order):
    make(10)
    seen, cursor, pages = [], "", 0

    while True:
        page = paginate(Store.objects.all(), order=order, cursor=cursor, size=4)
        seen += page.rows
        pages += 1
        cursor = page.next_cursor
        if not cursor:
            break

    assert seen == list(Store.objects.order_by(*order))
    assert pages == 3


def test_a_row_that_is_added_before_the_cursor_shifts_nothing(db):
    make(4)
    first = paginate(Store.objects.all(), order=("code", "pk"), size=2)
    Store.objects.create(code="A", name="new")

    second = paginate(Store.objects.all(), order=("code", "pk"), cursor=first.next_cursor, size=2)

    assert [store.code for store in second.rows] == ["S02", "S03"]
    assert (first.is_first, second.is_first, second.next_cursor) == (True, False, "")


@pytest.mark.parametrize("cursor", ["%", "e30", "W10", "WzEsMl0", "WyJhIiwieCJd", "WyJcdTAwMDAiLCIxIl0"])
def test_a_foreign_cursor_shows_the_first_page(db, cursor):
    make(1)

    page = paginate(Store.objects.all(), order=("code", "pk"), cursor=cursor)

    assert page.is_first
    assert len(page.rows) == 1


def test_counting_stops_at_the_limit(db):
    make(5)

    assert capped_count(Store.objects.all(), limit=4) == (4, False)
    assert capped_count(Store.objects.all(), limit=5) == (5, True)


@pytest.mark.parametrize(
    ("text", "size"), [("20", 20), ("21", 50), ("x", 50), (None, 50), ("", 50), ("-20", 50), ("²", 50)]
)
def test_only_offered_sizes_are_taken(text, size):
    assert page_size(text) == size
