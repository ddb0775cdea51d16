"""Pages by the last row seen instead of by offset: page 10,000 is as fast as page 1 and new rows shift nothing."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

SIZES = (20, 50, 100, 200)
COUNT_LIMIT = 10_000
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of rows; ``next_cursor`` is "" on the last one. ``is_first`` tells whether a way back is offered."""

    rows: list[M]
    next_cursor: str
    is_first: bool
    size: int


def page_size(text: str | None, default: int = 50) -> int:
    """A page size that the list offers, whatever the URL says."""
    return int(text) if text and text.isdecimal() and int(text) in SIZES else default


def paginate(queryset: QuerySet[M], *, order: tuple[str, ...], cursor: str = "", size: int = 50) -> Page[M]:
    """The rows after ``cursor`` in ``order``, for example ``("-registered_at", "-pk")``; one statement.

    All fields must be not null and point the same way, the last one be unique, and the row's index must match. A cursor
    that is not one of ours shows the first page: it came from an old bookmark.
    """
    names = [field.lstrip("-") for field in order]
    rows = queryset.order_by(*order)
    after = _decode(cursor, len(names))
    if after is not None:
        try:
            rows = rows.filter(_beyond(names, after, descending=order[0].startswith("-")))
        except (ValidationError, ValueError, TypeError):
            after = None
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _encode(found[-1], names) if more else "", after is None, size)


def capped_count(queryset: QuerySet[Any], limit: int = COUNT_LIMIT) -> tuple[int, bool]:
    """How many rows there are, and whether that is all: counting stops at ``limit``, so it costs the same forever."""
    count = queryset.order_by()[: limit + 1].count()
    return min(count, limit), count <= limit


def _beyond(names: list[str], values: list[Any], *, descending: bool) -> Q:
    comparison = "lt" if descending else "gt"
    # The redundant first condition lets Postgres start the index scan at the cursor.
    condition = Q(**{f"{names[0]}__{comparison}e": values[0]})
    steps = Q(pk__in=[])
    for index, name in enumerate(names):
        equal = Q(**dict(zip(names[:index], values[:index], strict=True)))
        steps |= equal & Q(**{f"{name}__{comparison}": values[index]})
    return condition & steps


def _encode(row: Model, names: list[str]) -> str:
    values = [str(getattr(row, name)) for name in names]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(cursor: str, count: int) -> list[Any] | None:
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        return None
    if not isinstance(values, list) or len(values) != count:
        return None
    return values if all(isinstance(value, str) and "\0" not in value for value in values) else None
