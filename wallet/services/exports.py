"""Downloads leave a trace."""

from collections.abc import Mapping
from datetime import date, datetime

from core import audit
from core.database import joining_atomic
from stores.models import Staff, Store


@joining_atomic
def record_statement(
    *, member_id: int, since: date, until: date, actor: Staff, store: Store | None, at: datetime
) -> None:
    """Keep that the customer was given a statement of this period (R-W15)."""
    audit.record(
        "wallet.stated",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        since=since.isoformat(),
        until=until.isoformat(),
    )


@joining_atomic
def record_export(*, member_id: int | None, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded entries of a member, or of all, how many and with which filters."""
    subject = "wallet:ledger" if member_id is None else f"member:{member_id}"
    audit.record("wallet.exported", actor=actor, subject=subject, at=at, count=count, filters=dict(filters))
