"""``make run`` for real: it starts, answers, and leaves nothing behind, whichever way it ends."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from config import embedded

BASE = Path(__file__).resolve().parents[2]
# One after the other: two houses that start at the same moment may both find the same port free.
pytestmark = pytest.mark.xdist_group("house")


@dataclass
class House:
    """One running ``make run`` with a data directory of its own."""

    data: Path
    process: subprocess.Popen[str]

    def address(self) -> str:
        """Wait for the line that tells where it is open."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if "is open: " in line:
                return line.split("is open: ")[1].strip()
        raise AssertionError("".join(lines))

    def left_overs(self) -> list[str]:
        """Command lines of all processes that were started for this data directory."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PATRON_DATA") == str(self.data) and process.pid != os.getpid():
                    found.append(" ".join(process.cmdline()))
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def wait_until_gone(self, seconds: float) -> list[str]:
        """What is still there after so many seconds."""
        give_up = time.monotonic() + seconds
        while self.left_overs() and time.monotonic() < give_up:
            time.sleep(0.1)
        return self.left_overs()


def _shell(data: Path) -> dict[str, str]:
    """The environment of a person who set nothing but where the data are."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return {**kept, "PATRON_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings.local"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory for all: only the first start makes a database, the next ones find theirs."""
    return tmp_path_factory.mktemp("house") / "data"


@pytest.fixture
def house(data: Path) -> Iterator[House]:
    environment = {**_shell(data), "PATRON_DEMO_DATA": "False", "PORT": "8700"}
    process = subprocess.Popen(
        [sys.executable, "-m", "config.run"],
        cwd=BASE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    house = House(data, process)
    yield house
    if process.poll() is None:
        process.kill()
    process.communicate()
    assert house.wait_until_gone(30) == []


def test_it_starts_works_mends_itself_and_leaves_nothing_after_ctrl_c(house: House) -> None:
    address = house.address()
    with urllib.request.urlopen(f"{address}health/", timeout=10) as answer:
        assert answer.status == 200
    names = " ".join(house.left_overs())
    for part in ("gunicorn", "celery", "beat", "valkey", "bin/postgres", "guardian.py", "keeper.py"):
        assert part in names

    _ask_for_tidying(house, "2026-03-01")
    assert _wait_for_run(house, "2026-03-01") == "succeeded"

    os.kill(_pid_of(house, "valkey-server"), signal.SIGKILL)
    os.kill(_pid_of(house, "celery -A config.celery beat"), signal.SIGKILL)
    _ask_for_tidying(house, "2026-03-02")
    assert _wait_for_run(house, "2026-03-02") == "succeeded"

    second = _second_run(house)
    assert (second.returncode, second.stdout) == (1, f"Patron is already running: {address}\n")

    house.process.send_signal(signal.SIGINT)

    assert house.process.wait(40) == 0
    assert house.left_overs() == []


def test_killed_outright_it_leaves_nothing_either(house: House) -> None:
    house.address()

    house.process.kill()
    house.process.wait(5)

    assert house.wait_until_gone(25) == []


def _manage(house: House, *arguments: str) -> str:
    """A command in a fresh shell, which knows nothing but the data directory."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE,
        env=_shell(house.data),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def _second_run(house: House) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "config.run"],
        cwd=BASE,
        env=_shell(house.data),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def _ask_for_tidying(house: House, day: str) -> None:
    ask = f"from jobs.services import enqueue_on_commit; enqueue_on_commit('jobs.run', name='jobs.tidy', day='{day}')"
    _manage(house, "shell", "--no-imports", "-c", ask)


def _wait_for_run(house: House, day: str) -> str:
    """The status of the worker's run for this day as soon as it has ended."""
    directory = house.data / "postgres"
    url = embedded.start_postgres(directory)["app"]
    try:
        give_up = time.monotonic() + 40
        while time.monotonic() < give_up:
            with psycopg.connect(url) as connection:
                row = connection.execute(
                    "SELECT status FROM jobs_run WHERE day = %s AND job = 'jobs.tidy' AND ended_at IS NOT NULL", [day]
                ).fetchone()
            if row:
                return str(row[0])
            time.sleep(0.2)
        return "never ran"
    finally:
        embedded.stop_postgres(directory)


def _pid_of(house: House, command: str) -> int:
    for process in psutil.process_iter():
        try:
            if command in " ".join(process.cmdline()) and process.environ().get("PATRON_DATA") == str(house.data):
                return int(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    raise AssertionError(f"no {command}")
