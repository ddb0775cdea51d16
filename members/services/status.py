"""Freezing and unfreezing members."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from members.models import Member, StatusChange
from members.services.errors import WrongStatus, check_reason
from members.services.locking import lock_member
from stores.models import Staff, Store


@transaction.atomic
def freeze_member(
    *, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Stop all use of value by a member (refunds still come in); needs a reason. WrongStatus unless active."""
    _change_status(member_id, Member.Status.ACTIVE, Member.Status.FROZEN, "member.frozen", reason, actor, at, store)


@transaction.atomic
def unfreeze_member(
    *, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Lift a freeze; needs a reason. WrongStatus unless frozen."""
    _change_status(member_id, Member.Status.FROZEN, Member.Status.ACTIVE, "member.unfrozen", reason, actor, at, store)


def _change_status(
    member_id: int,
    before: str,
    after: str,
    action: str,
    reason: str,
    actor: Staff | None,
    at: datetime,
    store: Store | None,
) -> None:
    reason = check_reason(reason)
    member = lock_member(member_id)
    if member.status != before:
        raise WrongStatus(
            _("This is not possible now: the member is %(status)s.") % {"status": member.get_status_display()}
        )
    member.status = after
    member.save(update_fields=["status"])
    StatusChange.objects.create(
        member=member, before=before, after=after, reason=reason, actor=actor, store=store, occurred_at=at
    )
    audit.record(action, actor=actor, subject=f"member:{member_id}", at=at, store=store, reason=reason)
