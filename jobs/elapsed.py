"""The time of long work without asking the wall clock again."""

import time
from datetime import datetime, timedelta


class Elapsed:
    """Counts on from the instant that the caller passed, so domain code needs no clock of its own."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The caller's instant plus what has passed since."""
        return self._at + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started
