"""Locks that live as long as the process that took them: a killed run frees its own at once."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection


@contextmanager
def session_lock(name: str) -> Iterator[bool]:
    """Try an advisory lock of this database session; yields whether it was free.

    It belongs to the connection, not to a transaction, so that the work inside may commit as often as it likes. The
    connection must not go through a pooler that shares sessions between transactions.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        taken = bool(cursor.fetchone()[0])
    try:
        yield taken
    finally:
        if taken:
            _release(key)


def _release(key: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    except (DatabaseError, InterfaceError):
        # The connection broke, and the lock went with it.
        drop_broken_connection()


def drop_broken_connection() -> None:
    """After an error: let the next statement open a fresh connection if this one is dead."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()
