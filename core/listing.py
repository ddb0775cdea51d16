"""One habit for every list: sorting by a whitelist, a page size, a count, and ``core.keyset`` for the pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from core.keyset import Page, capped_count, page_size, paginate

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """One page of a list with what its heading and foot need: see the tags ``sort_header`` and ``pagination``."""

    page: Page[Row]
    sort: str
    descending: bool
    count: int
    is_count_exact: bool

    @property
    def rows(self) -> list[Row]:
        """The rows of this page."""
        return self.page.rows

    @property
    def next_cursor(self) -> str:
        """The cursor of the next page, empty on the last one."""
        return self.page.next_cursor

    @property
    def is_first(self) -> bool:
        """True where there is no way back."""
        return self.page.is_first

    @property
    def size(self) -> int:
        """Rows per page."""
        return self.page.size

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def list_page(
    rows: QuerySet[Row], params: Mapping[str, str], *, sorts: Mapping[str, str], default: str, size: int = 50
) -> Listing[Row]:
    """Cut one page out of ``rows`` by ``?sort=&cursor=&size=``; nonsense in the URL falls back to the first page.

    ``sorts`` maps names in the URL to columns or annotations that are never NULL; ``default`` is such a name, with
    ``-`` in front for newest first. The primary key breaks ties. Two statements.
    """
    text = params.get("sort") or default
    if text.removeprefix("-") not in sorts:
        text = default
    name, sign = text.removeprefix("-"), "-" if text.startswith("-") else ""
    order = (f"{sign}{sorts[name]}", f"{sign}pk")
    page = paginate(rows, order=order, cursor=params.get("cursor", ""), size=page_size(params.get("size"), size))
    count, exact = capped_count(rows)
    return Listing(page=page, sort=name, descending=bool(sign), count=count, is_count_exact=exact)
