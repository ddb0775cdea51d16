"""Registering a customer while the goods lie on the counter."""

from datetime import datetime
from uuid import UUID

from audit.services import run_command
from campaigns.services import register_member
from checkout.models import Till
from members.models import Member
from members.services import MemberData
from stores.models import Staff


def register_at_till(*, key: UUID, data: MemberData, till: Till, actor: Staff, at: datetime) -> int:
    """Register a member at the till's store and return the id; the same key registers once.

    Refusals: PhoneTaken names the member who has the phone, InvalidMember the wrong field.
    """

    def execute() -> dict[str, int]:
        made = register_member(data=data, source=Member.Source.COUNTER, store=till.store, actor=actor, at=at)
        return {"member": made.pk}

    # The command keeps no personal data: the key is enough to tell two registrations apart.
    result = run_command(name="checkout.registration", key=key, content={"till": till.pk}, actor=actor, execute=execute)
    return int(result["member"])
