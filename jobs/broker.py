"""Waking a worker without ever making a sale wait for the broker."""

import logging
import time
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError
from kombu.pools import producers
from redis.exceptions import RedisError

PATIENCE = 0.5
"""Seconds that a publish may take in all before the caller goes on without it."""

REST = 5.0
"""Seconds without another try after a publish failed; the sweeper delivers meanwhile."""

logger = logging.getLogger(__name__)
_resting_until = 0.0


def _connection() -> Any:
    options = {
        **current_app.conf.broker_transport_options,
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "retry_on_timeout": False,
        "max_retries": 0,
    }
    return current_app.connection_for_write(connect_timeout=PATIENCE, transport_options=options)


def _has_broker() -> bool:
    """Commands and tests without a broker leave everything to the sweeper."""
    return not str(current_app.conf.broker_url or "memory").startswith("memory")


def wake(task: str, **arguments: Any) -> bool:
    """Send a message at once or not at all; False where the broker did not take it.

    After a failure nothing is tried for ``REST`` seconds, so a broker that answers nobody costs one request half a
    second and the others nothing.
    """
    global _resting_until
    if time.monotonic() < _resting_until or not _has_broker():
        return False
    try:
        with producers[_connection()].acquire(block=True, timeout=PATIENCE) as producer:
            current_app.send_task(task, kwargs=arguments, ignore_result=True, producer=producer, retry=False)
    except (OperationalError, OSError, RedisError) as error:
        _resting_until = time.monotonic() + REST
        logger.warning("The broker did not take %s (%s); the sweeper delivers it.", task, type(error).__name__)
        return False
    return True
