"""A door for apps above: what a recharge gave besides money, so that a refund can show it and take back what is unused.

Stored value names nobody above it; ``wallet.registrations.register_gift_source`` fills this in (R-W12).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from stores.models import Staff, Store


@dataclass(frozen=True)
class GivenItem:
    """Something that came with a recharge. ``is_used`` cannot be taken back; it is listed and not deducted."""

    label: Any
    quantity: int = 1
    is_used: bool = False


class ListItems(Protocol):
    """What a recharge gave, used or not; nothing for one that gave nothing."""

    def __call__(self, recharge_id: int) -> Sequence[GivenItem]: ...


class TakeBack(Protocol):
    """Takes back what is unused, in the caller's transaction, the member locked; used things stay."""

    def __call__(self, recharge_id: int, *, actor: Staff | None, at: datetime, store: Store | None) -> None: ...


_sources: list[tuple[ListItems, TakeBack | None]] = []


def register_gift_source(list_items: ListItems, take_back: TakeBack | None = None) -> None:
    """Offer a source of gifts, in ``ready()`` of the app that gives them."""
    if (list_items, take_back) not in _sources:
        _sources.append((list_items, take_back))


def list_given(recharge_id: int) -> list[GivenItem]:
    """Everything that a recharge gave, from all sources."""
    return [item for list_items, _take_back in _sources for item in list_items(recharge_id)]


def take_back_unused(recharge_id: int, *, actor: Staff | None, at: datetime, store: Store | None) -> None:
    """Let every source take back what is unused of a recharge."""
    for _list_items, take_back in _sources:
        if take_back is not None:
            take_back(recharge_id, actor=actor, at=at, store=store)
