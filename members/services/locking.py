"""The mutex that every movement of a member's value takes first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from django.db import connection

from members.models import Member

#: Members that the use case running in this thread holds already; see :func:`hold_member`.
_held: ContextVar[Mapping[int, Member]] = ContextVar("held_members", default=MappingProxyType({}))


def lock_member(member_id: int) -> Member:
    """Lock the member's row until the transaction ends; every change of a member's value starts here (rules.md 0.3).

    ``FOR NO KEY UPDATE``: rows that reference the member can still be inserted by others. Two members are locked in
    order of their id by the caller. RuntimeError outside a transaction; Member.DoesNotExist.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("lock_member needs a transaction")
    held = _held.get().get(member_id)
    if held is not None:
        return held
    return Member.objects.select_for_update(no_key=True).get(pk=member_id)


@contextmanager
def hold_member(member_id: int) -> Iterator[Member]:
    """Lock the member once for a use case that calls several ledgers; their own ``lock_member`` then costs nothing.

    The block must lie wholly inside the transaction that it was entered in, so that the lock outlives it.
    """
    member = lock_member(member_id)
    token = _held.set({**_held.get(), member_id: member})
    try:
        yield member
    finally:
        _held.reset(token)
