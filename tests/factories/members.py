"""Members through the front door, with defaults for what a test does not care about."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from members import services
from members.models import Member
from stores.models import Store

_phones = count(13_800_000_000)
NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def create_member(store: Store, *, at: datetime = NOW, source: str = Member.Source.COUNTER, **data: Any) -> Member:
    """A named member with a phone of their own."""
    data.setdefault("name", "王小明")
    data.setdefault("phone", str(next(_phones)))
    return services.create_member(data=services.MemberData(**data), source=source, store=store, actor=None, at=at)
