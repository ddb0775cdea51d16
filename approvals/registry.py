"""What can be asked for. Apps above register their kinds in ``ready()``; nothing here knows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from stores.models import Staff, Store

Payload = Mapping[str, Any]

MONEY, POINTS, COUNT = "money", "points", "count"


@dataclass(frozen=True)
class Preview:
    """What would change: ``amount`` is what limits are compared with, ``figures`` are texts by stable name.

    The figures must be functions of the state that matters: where they differ later, the approval does not execute.
    """

    amount: Decimal
    figures: dict[str, str]


class Execute(Protocol):
    """Posts what was asked for in the caller's transaction; returns ``kind:id`` of what came of it (core.links).

    ``key`` is an idempotency prefix of its own. A DomainError refuses, and everything rolls back.
    """

    def __call__(
        self,
        payload: Payload,
        *,
        key: str,
        reason: str,
        actor: Staff,
        approver: Staff | None,
        store: Store | None,
        at: datetime,
    ) -> str: ...


@dataclass(frozen=True)
class Kind:
    """A kind of request. ``labels`` name the figures of the preview; ``unit`` says how the amount is shown.

    ``limits`` are defaults by role: Decimal, or None for never asking; a role that is missing always asks.
    ``preview`` raises the DomainError that executing would raise. ``lock`` takes the locks that executing takes, in
    their order (``members.services.lock_member``): called first, so that the figures still hold when it executes; a
    kind that previews anything another till can change needs it. ``refused`` is called in the transaction that
    refuses or withdraws a request, for kinds that keep a document of their own.
    """

    name: str
    label: Any
    unit: str
    approve_right: str
    preview: Callable[[Payload, datetime], Preview]
    execute: Execute
    labels: Mapping[str, Any]
    limits: Mapping[str, Decimal | None] = field(default_factory=dict)
    lock: Callable[[Payload], object] | None = None
    refused: Callable[[Payload, Staff, datetime], None] | None = None


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Offer a kind under its stable name."""
    _kinds[kind.name] = kind


def get_kind(name: str) -> Kind:
    """One kind; LookupError."""
    return _kinds[name]


def all_kinds() -> dict[str, Kind]:
    """Kinds by name, in order of registration."""
    return dict(_kinds)
