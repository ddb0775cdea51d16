"""Transactions of services that are called alone and from inside larger use cases."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection, transaction
from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThanOrEqual
from psycopg import sql

P = ParamSpec("P")
R = TypeVar("R")


def joining_atomic(function: Callable[P, R]) -> Callable[P, R]:
    """Run in a transaction: the caller's where there is one, without a savepoint, else one of its own.

    A sale calls half a dozen ledger services; a savepoint around each would double its statements and buy nothing,
    because a refusal rolls the whole sale back anyway: after an exception the outer transaction can only roll back.
    The transaction that a test case opens around everything does not count as a caller.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        inside = any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
        with transaction.atomic(savepoint=not inside):
            return function(*args, **kwargs)

    return wrapper


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write many rows of a plain table by COPY, several times faster than INSERT; columns by their database names."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def due_chunks(due: QuerySet[Any], *, instant: str, then: str, size: int) -> Iterator[list[tuple[int, int]]]:
    """Rows of a job that empties ``due``, as (pk, value of ``then``), in the order of an index over both columns.

    Each chunk is read where the one before ended, because what is done stays in the index until the next vacuum and
    reading over it again would make the last chunk many times slower than the first. Ends when a pass from the start
    finds nothing more; a row that stays due for ever would be handed out for ever.
    """
    columns = Tuple(F(instant), F(then))
    rows = due.order_by(instant, then).values_list("pk", then, instant)
    since: tuple[Any, int] | None = None
    while True:
        left = rows if since is None else rows.filter(TupleGreaterThanOrEqual(columns, since))
        chunk = list(left[:size])
        if chunk:
            since = (chunk[-1][2], chunk[-1][1])
            yield [(pk, value) for pk, value, _instant in chunk]
        elif since is None:
            return
        else:
            since = None


@contextmanager
def read_only() -> Iterator[None]:
    """One unchanging snapshot that cannot write: Postgres refuses (reports, proofs). Sales go on meanwhile.

    Inside a transaction that has begun already, that one's view is used and nothing is switched.
    """
    is_first = not connection.in_atomic_block
    with transaction.atomic():
        if is_first:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
