"""The one door to the audit trail. ``audit`` fills it in; a missing sink raises, so nothing goes unrecorded."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

Sink = Callable[..., None]
_sinks: list[Sink] = []
_labels: dict[str, Any] = {}


def register_sink(sink: Sink) -> None:
    """Called once by ``audit``."""
    _sinks[:] = [sink]


def register_action(action: str, label: Any) -> None:
    """Give an action (``noun.past_participle``, stable forever) its label; recording an unknown one raises."""
    _labels[action] = label


def labels() -> dict[str, Any]:
    """All registered actions with their labels."""
    return dict(_labels)


def record(
    action: str,
    *,
    actor: Any,
    subject: str,
    at: datetime,
    store: Any = None,
    approver: Any = None,
    reason: str = "",
    address: str | None = None,
    **data: Any,
) -> None:
    """Write one audit row in the caller's transaction.

    ``actor`` is a Staff or None for the system; ``subject`` is ``kind:id``. Personal data goes in by id, not by value.
    Raises LookupError for an unregistered action and RuntimeError without a sink.
    """
    if action not in _labels:
        raise LookupError(f"audit action {action!r} is not registered")
    if not _sinks:
        raise RuntimeError("no audit sink is registered")
    _sinks[0](
        action=action,
        actor=actor,
        subject=subject,
        at=at,
        store=store,
        approver=approver,
        reason=reason,
        address=address,
        data=data,
    )
