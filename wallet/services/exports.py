"""Downloads leave a trace."""

from collections.abc import Mapping
from datetime import datetime

from core import audit
from core.database import joining_atomic
from stores.models import Staff


@joining_atomic
def record_export(*, member_id: int, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded a member's entries, how many and with which filters."""
    audit.record(
        "wallet.exported", actor=actor, subject=f"member:{member_id}", at=at, count=count, filters=dict(filters)
    )
