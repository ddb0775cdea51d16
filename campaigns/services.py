"""Use cases of marketing: the one entrance of new members."""

from datetime import datetime

from django.db import transaction

from members import services as members
from members.models import Member
from members.services import MemberData
from stores.models import Staff, Store


@transaction.atomic
def register_member(*, data: MemberData, source: str, store: Store, actor: Staff | None, at: datetime) -> Member:
    """Register a person as a member, whatever the screen; the base level is everybody's without a row.

    Refusals are those of ``members.services.create_member``: PhoneTaken names who has the phone, InvalidMember
    the field that is wrong. What a shop gives on registration is given here, in the same transaction.
    """
    return members.create_member(data=data, source=source, store=store, actor=actor, at=at)
