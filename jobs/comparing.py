"""What every proof by SQL shares: whole tables are compared, and only what differs is turned into text."""

from django.db import connection, transaction
from psycopg import sql

from core import days
from jobs.registry import Difference

LIMIT = 1000
_COMPARE = sql.SQL(
    "SELECT COUNT(*), (ARRAY_AGG(ARRAY[subject, expected::text, found::text]) FILTER (WHERE NOT agrees))[1:%s]"
    "  FROM ({}) AS checked (subject, expected, found, agrees)"
)


def compare(table: str) -> tuple[int, list[Difference]]:
    """How many rows ``table`` has and those that disagree; it selects subject, expected, found and whether they agree.

    ``{zone}`` in it stands for the installation's zone. A nested loop is never right where whole tables are compared,
    but a planner whose statistics are older than a large import would take one.
    """
    statement = _COMPARE.format(sql.SQL(table).format(zone=sql.Literal(days.zone().key)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(statement, [LIMIT])
        count, rows = cursor.fetchone()
        cursor.execute("SET LOCAL enable_nestloop = on")
    return count, [Difference(*row) for row in rows or []]
