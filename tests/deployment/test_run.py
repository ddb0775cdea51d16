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
import pytest

BASE = Path(__file__).resolve().parents[2]


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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    data = tmp_path / "data"
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {
        "PATRON_DATA": str(data),
        "PATRON_DEMO_DATA": "False",
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PORT": "8700",
    }
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


def test_it_starts_answers_restarts_what_dies_and_leaves_nothing_after_ctrl_c(house: House) -> None:
    address = house.address()
    with urllib.request.urlopen(f"{address}health/", timeout=10) as answer:
        assert answer.status == 200
    names = " ".join(house.left_overs())
    for part in ("gunicorn", "celery", "beat", "valkey", "bin/postgres", "guardian.py", "keeper.py"):
        assert part in names

    os.kill(_pid_of(house, "celery -A config.celery beat"), signal.SIGKILL)
    time.sleep(3)
    assert "celery -A config.celery beat" in " ".join(house.left_overs())

    house.process.send_signal(signal.SIGINT)

    assert house.process.wait(30) == 0
    assert house.left_overs() == []


def test_killed_outright_it_leaves_nothing_either(house: House) -> None:
    house.address()

    house.process.kill()
    house.process.wait(5)

    assert house.wait_until_gone(25) == []


def test_a_second_run_on_the_same_data_says_where_the_first_one_is(house: House) -> None:
    address = house.address()

    second = subprocess.run(
        [sys.executable, "-m", "config.run"],
        cwd=BASE,
        env={**os.environ, "PATRON_DATA": str(house.data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    house.process.terminate()

    assert second.returncode == 1
    assert second.stdout == f"Patron is already running: {address}\n"
    assert house.process.wait(30) == 0
    assert house.left_overs() == []


def _pid_of(house: House, command: str) -> int:
    for process in psutil.process_iter():
        try:
            if command in " ".join(process.cmdline()) and process.environ().get("PATRON_DATA") == str(house.data):
                return int(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    raise AssertionError(f"no {command}")
