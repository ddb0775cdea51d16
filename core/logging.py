"""How a log line looks: one key-value line; personal data never goes into one."""

import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import structlog

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

_key_values = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"])


def describe_exception(error: BaseException) -> str:
    """Where and what, without values: a database's detail line may name a phone, so only the first line is kept."""
    frames = "".join(traceback.format_tb(error.__traceback__))[-6000:]
    first_line = (str(error).splitlines() or [""])[0][:500]
    return f"{frames}{type(error).__name__}: {first_line}"


def _exception(information: Any) -> BaseException | None:
    """What was raised, from any of the forms in which structlog and logging pass it."""
    if information is True:
        return sys.exception()
    if isinstance(information, tuple):
        return information[1] if isinstance(information[1], BaseException) else None
    return information if isinstance(information, BaseException) else None


def render(logger: Any, method: str, event: Any) -> str:
    """One line for structlog's events and for plain logging's records alike, the exception described below it."""
    record = event.pop("_record")
    event.pop("_from_structlog", None)
    error = _exception(event.pop("exc_info", None) or record.exc_info)
    for name in ("stack_info", "exception"):
        event.pop(name, None)
    line = _key_values(
        logger,
        method,
        {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **event,
        },
    )
    return f"{line}\n{describe_exception(error)}" if error is not None else str(line)


def formatter(**_: Any) -> structlog.stdlib.ProcessorFormatter:
    """What ``LOGGING`` names."""
    return structlog.stdlib.ProcessorFormatter(processors=[render])
