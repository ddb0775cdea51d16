"""The embedded Postgres: found or started by everybody at once, stopped after the last one, killed or not."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from config import embedded, keeper

BASE = Path(__file__).resolve().parents[2]
USE = """
import sys, pathlib, time
from config import embedded
import psycopg
url = embedded.start_postgres(pathlib.Path(sys.argv[1]))["app"]
with psycopg.connect(url) as connection:
    row = connection.execute("SELECT current_user || ' ' || current_setting('max_connections')").fetchone()
    print(row[0], flush=True)
time.sleep(float(sys.argv[2]))
"""


def _use(directory: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USE, str(directory), str(seconds)],
        cwd=BASE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_until_stopped(directory: Path, seconds: float = 15) -> bool:
    give_up = time.monotonic() + seconds
    while keeper.read_postmaster(directory) is not None and time.monotonic() < give_up:
        time.sleep(0.1)
    return keeper.read_postmaster(directory) is None


def test_three_first_starts_at_once_share_one_server_that_stops_after_them(tmp_path: Path) -> None:
    directory = tmp_path / "postgres"

    users = [_use(directory, 0.5) for _ in range(3)]
    answers = [user.communicate(timeout=60)[0] for user in users]

    assert answers == ["patron_app 200\n"] * 3
    assert _wait_until_stopped(directory)


def test_a_killed_user_neither_keeps_the_server_up_nor_stops_it_under_others(tmp_path: Path) -> None:
    directory = tmp_path / "postgres"
    killed, other = _use(directory, 60), _use(directory, 60)
    for user in (killed, other):
        assert user.stdout is not None
        assert user.stdout.readline() == "patron_app 200\n"

    killed.kill()
    killed.communicate()
    time.sleep(keeper.LINGER + 1)
    pid = keeper.read_postmaster(directory)
    other.kill()
    other.communicate()

    assert pid is not None
    assert keeper.is_postgres(pid)
    assert _wait_until_stopped(directory)


def test_a_server_that_died_without_clearing_up_is_started_again(tmp_path: Path) -> None:
    directory = tmp_path / "postgres"
    with _use(directory, 0) as first:
        first.communicate(timeout=60)
    assert _wait_until_stopped(directory)
    # After a crash of the machine the number in the file may belong to any process, here to this one.
    (directory / "postmaster.pid").write_text(f"{os.getpid()}\n{directory}\n0\n5432\n{directory}\n\n0 0\nready\n")

    with _use(directory, 0) as second:
        answer, _errors = second.communicate(timeout=60)

    assert answer == "patron_app 200\n"
    assert _wait_until_stopped(directory)


def test_reset_refuses_while_somebody_works(tmp_path: Path) -> None:
    with _use(tmp_path / "postgres", 60) as user:
        assert user.stdout is not None
        user.stdout.readline()
        with pytest.raises(SystemExit, match="in use"):
            embedded.forget_data(tmp_path)
        user.kill()
        user.communicate()

    embedded.forget_data(tmp_path)

    assert not (tmp_path / "postgres").exists()


def test_the_application_role_cannot_create_or_own_anything(tmp_path: Path) -> None:
    directory = tmp_path / "postgres"
    try:
        url = embedded.start_postgres(directory)["app"]
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")
    finally:
        embedded.stop_postgres(directory)


def test_a_taken_port_gives_the_next_one() -> None:
    first = embedded.free_port()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert embedded.free_port(first) > first
