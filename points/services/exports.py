"""Downloads leave a trace."""

from collections.abc import Mapping
from datetime import datetime

from core import audit
from core.database import joining_atomic
from stores.models import Staff


@joining_atomic
def record_export(*, member_id: int | None, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded a member's entries, or those of the chain, how many and with which filters."""
    subject = "points:ledger" if member_id is None else f"member:{member_id}"
    audit.record("points.exported", actor=actor, subject=subject, at=at, count=count, filters=dict(filters))
