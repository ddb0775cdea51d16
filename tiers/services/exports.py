"""Downloads leave a trace."""

from collections.abc import Mapping
from datetime import datetime

from core import audit
from core.database import joining_atomic
from stores.models import Staff


@joining_atomic
def record_export(*, what: str, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded which list of tiers, how many rows and with which filters."""
    audit.record("tier.exported", actor=actor, subject=f"tiers:{what}", at=at, count=count, filters=dict(filters))
