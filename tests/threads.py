"""Several tills at the same moment: real threads with connections of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import DatabaseError, connection

from core.errors import DomainError


def run_together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of ``count`` threads got out of ``work(number)``; refusals and database errors are outcomes too."""
    barrier = threading.Barrier(count)

    def one(number: int) -> Any:
        try:
            barrier.wait(10)
            return work(number)
        except (DomainError, DatabaseError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
