"""Ends the processes of ``make run`` when their supervisor is gone without having done so itself (kill -9).

Reads the numbers of process groups from the supervisor's pipe (``+12`` and ``-12``, one a line). The pipe's end means
that the supervisor has ended, however that happened: what is on the list then is asked to stop and at last killed.
"""

import contextlib
import os
import signal
import sys
import time

PATIENCE = 5.0


def is_alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(groups: list[int], patience: float = PATIENCE) -> None:
    """Terminate process groups, in the order given, and kill what has not gone after ``patience`` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        give_up = time.monotonic() + patience
        while any(map(is_alive, groups)) and time.monotonic() < give_up:
            time.sleep(0.05)


def main() -> None:
    """Listen until the pipe ends."""
    groups: list[int] = []
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.append(group)
        elif group in groups:
            groups.remove(group)
    end(groups)


if __name__ == "__main__":
    # Ctrl-C and the like are the supervisor's business; this process only ever follows the pipe.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    main()
