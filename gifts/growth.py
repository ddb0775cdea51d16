"""Growth points of packs: the ledger of progress lies above gifts, which only offer a place to register it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from stores.models import Staff, Store


class Record(Protocol):
    """Writes growth points of a member once per key."""

    def __call__(
        self,
        *,
        member_id: int,
        amount: Decimal,
        source: str,
        idempotency_key: str,
        at: datetime,
        store: Store | None,
        actor: Staff | None,
    ) -> None: ...


@dataclass(frozen=True)
class Growth:
    """How growth points are given and taken back; ``reverse`` takes the key of the original first."""

    record: Record
    reverse: Callable[..., None]


_sinks: list[Growth] = []


def register_growth(growth: Growth) -> None:
    """Called in ``ready()`` by the app that keeps the progress of members."""
    _sinks[:] = [growth]


def get_growth() -> Growth:
    """The registered ledger; LookupError where no app above has registered one."""
    if not _sinks:
        raise LookupError("no app has registered growth points")
    return _sinks[0]
