"""Real threads with connections of their own, for tests of races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def at_once(count: int, act: Callable[[int], Any], *expected: type[Exception]) -> list[Any]:
    """What ``act`` returned in so many threads that start together, or which expected refusal it raised."""
    barrier = Barrier(count)

    def run(index: int) -> Any:
        try:
            barrier.wait(30)
            return act(index)
        except expected as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def meet_before(count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, but no thread enters before so many have arrived: all have read, none has written."""
    barrier = Barrier(count)

    def waiting(*args: Any, **kwargs: Any) -> Any:
        barrier.wait(30)
        return function(*args, **kwargs)

    return waiting
