"""A kind of request for tests: taking marbles out of a jar. A store's address holds how many are left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from approvals import registry
from approvals.registry import COUNT, Kind, Payload, Preview
from core.errors import DomainError
from stores.models import Staff, Store

RIGHT = "points.adjust_balance"
FULL = 100


class JarEmpty(DomainError):
    """Not so many marbles are left."""


def marbles(store: Store) -> int:
    """How many are left in the jar."""
    return int(Store.objects.get(pk=store.pk).address or FULL)


def put(store: Store, count: int) -> None:
    """Fill the jar behind everybody's back."""
    Store.objects.filter(pk=store.pk).update(address=str(count))


def lock_jar(payload: Payload) -> None:
    """One hand in the jar at a time."""
    Store.objects.select_for_update(no_key=True).get(pk=payload["jar"])


def preview_jar(payload: Payload, at: datetime) -> Preview:
    """What is in it now, and after."""
    left = int(Store.objects.get(pk=payload["jar"]).address or FULL)
    count = int(payload["count"])
    if count > left:
        raise JarEmpty("Not so many marbles are left.")
    return Preview(Decimal(count), {"before": str(left), "after": str(left - count)})


def take(payload: Payload, *, key: str, reason: str, actor: Staff, approver: Staff | None, **_: Any) -> str:
    """Take them; the jar remembers the last hand and eyes in the store's phone."""
    jar = Store.objects.get(pk=payload["jar"])
    left = int(jar.address or FULL)
    if int(payload["count"]) > left:
        raise JarEmpty("Not so many marbles are left.")
    jar.address = str(left - int(payload["count"]))
    jar.phone = f"{actor.username}/{approver.username if approver else '-'}"
    jar.save()
    return f"jar:{key}"


JAR = Kind(
    name="test.jar",
    label="Marbles",
    unit=COUNT,
    approve_right=RIGHT,
    preview=preview_jar,
    execute=take,
    labels={"before": "Left before", "after": "Left after"},
    limits={"manager": Decimal(10), "owner": None},
    lock=lock_jar,
)


@contextmanager
def jar_kind(**changes: Any) -> Iterator[Kind]:
    """The kind, registered as long as it is needed."""
    kind = replace(JAR, **changes)
    registry.register_kind(kind)
    try:
        yield kind
    finally:
        registry._kinds.pop(kind.name, None)
