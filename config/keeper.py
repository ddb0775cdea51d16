"""Stops an embedded Postgres when nobody uses it any more, whatever way its users ended.

Started once per server by ``config.embedded`` as a process of its own, standard library only. Users hold a shared lock
on a file, which the kernel takes from a killed process too; this process waits for the exclusive one. Nobody can come
in while the server is being stopped, because a newcomer waits for the shared lock.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

LINGER = 2.0
"""Seconds for which a server without users is kept, so that one command after another does not start it anew."""


def lock_file(directory: Path, name: str) -> Path:
    """The lock files stand beside the data directory, not in it: Postgres wants that one empty at first."""
    return directory.with_name(f"{directory.name}.{name}.lock")


def read_postmaster(directory: Path) -> int | None:
    """The process id that the server wrote down, or None."""
    try:
        return int((directory / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def is_postgres(pid: int) -> bool:
    """Whether the process is a Postgres: after a restart of the machine the number may belong to anybody."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"postgres" in command
    return True


def stop(directory: Path) -> None:
    """Fast shutdown: open transactions are rolled back, everything committed is kept. Waits for the end."""
    pid = read_postmaster(directory)
    if pid is None or not is_postgres(pid):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    give_up = time.monotonic() + 60
    while is_postgres(pid) and (directory / "postmaster.pid").exists() and time.monotonic() < give_up:
        time.sleep(0.02)


def stop_if_unused(directory: Path) -> bool:
    """Stop the server unless somebody uses it; True when it is stopped."""
    with lock_file(directory, "users").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        stop(directory)
        return True


def main(directory: Path) -> None:
    """Wait until the last user has left, linger, stop. A second keeper of the same server leaves at once."""
    with lock_file(directory, "keeper").open("a") as keeper, lock_file(directory, "users").open("a") as users:
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        while True:
            fcntl.flock(users, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_UN)
            give_up = time.monotonic() + LINGER
            while read_postmaster(directory) is not None and time.monotonic() < give_up:
                time.sleep(0.1)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            stop(directory)
            # Given up while newcomers still wait for the users' lock, so that the next server gets a keeper of its own.
            keeper.close()
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
