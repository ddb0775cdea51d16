"""What is looked at or taken away is kept: full phones and lists of members."""

from datetime import datetime

from django.db import transaction

from core import audit
from members import identity
from members.models import Member
from members.selectors import get_phone
from members.services.errors import check_reason
from stores.models import Staff, Store


@transaction.atomic
def reveal_phone(*, member_id: int, reason: str, actor: Staff, at: datetime, store: Store | None = None) -> str:
    """The full phone for a person with the right; who looked, when and why is kept (rules.md 10)."""
    reason = check_reason(reason)
    member = Member.objects.get(pk=member_id)
    audit.record("phone.revealed", actor=actor, subject=f"member:{member_id}", at=at, store=store, reason=reason)
    return identity.display_phone(get_phone(member))


@transaction.atomic
def record_export(*, count: int, filters: dict[str, str], with_phones: bool, actor: Staff, at: datetime) -> None:
    """Keep who downloaded how many members with which filters; a searched text is not repeated (it may be a phone)."""
    kept = {name: value if name != "search" else "*" for name, value in filters.items() if value}
    audit.record(
        "member.exported",
        actor=actor,
        subject="members:list",
        at=at,
        count=count,
        with_phones=with_phones,
        filters=kept,
    )
