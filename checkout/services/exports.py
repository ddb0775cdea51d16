"""Who took which orders out of the house."""

from collections.abc import Mapping
from datetime import datetime

from core import audit
from stores.models import Staff


def record_order_export(*, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep a download in the trail."""
    audit.record("order.exported", actor=actor, subject="orders", at=at, count=count, filters=dict(filters))
