"""The one entrance of new members, and what the shop gives on joining (M05, K01)."""

from datetime import datetime

from django.db import transaction

import gifts.services
import tiers.services
from campaigns.models import Giveaway
from campaigns.selectors import list_giveaways_for
from members import services as members
from members.models import Member
from members.services import MemberData
from stores.models import Staff, Store


@transaction.atomic
def register_member(*, data: MemberData, source: str, store: Store, actor: Staff | None, at: datetime) -> Member:
    """Register a person as a member, whatever the screen; the base level is everybody's without a row.

    Refusals are those of ``members.services.create_member``: PhoneTaken names who has the phone, InvalidMember
    the field that is wrong. What a shop gives on registration is given here, in the same transaction and once per
    member; imports do not come through here, so they give nothing (M05). A coupon that ran out keeps nobody out.
    """
    member = members.create_member(data=data, source=source, store=store, actor=actor, at=at)
    growth = False
    for giveaway in list_giveaways_for(trigger=Giveaway.Trigger.REGISTERED, store=store, at=at):
        grant = gifts.services.give_pack(
            pack_id=giveaway.pack_id,
            member_id=member.pk,
            source=f"giveaway:{giveaway.pk}:{member.pk}",
            at=at,
            store=store,
            actor=actor,
        )
        growth = growth or (grant is not None and gifts.services.quantity_of(grant, "growth") > 0)
    if growth:
        tiers.services.reevaluate(member_id=member.pk, at=at, source=f"member:{member.pk}", store=store, actor=actor)
    return member
