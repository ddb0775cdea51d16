"""One consistent picture for a whole report, in which Postgres refuses every write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def read_only() -> Iterator[None]:
    """Run in a READ ONLY transaction that sees one snapshot (REPEATABLE READ), so that all tables of a report agree.

    Inside another transaction, where the snapshot is already taken, only writing is refused.
    """
    is_nested = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            mode = "READ ONLY" if is_nested else "ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            cursor.execute(f"SET TRANSACTION {mode}")
        yield
