"""The gift of a visit, given by the staff (K01)."""

from datetime import datetime

from django.utils.translation import gettext as _

import gifts.services
import tiers.services
from campaigns.models import Giveaway
from campaigns.selectors import list_visits, visit_source
from core.database import joining_atomic
from core.days import local_day
from core.errors import DomainError
from gifts.models import Grant
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store


class VisitRefused(DomainError):
    """Given already, not offered here today, or the member is not active."""


@joining_atomic
def give_visit(*, giveaway_id: int, member_id: int, at: datetime, store: Store, actor: Staff) -> Grant:
    """Give a member the gift of this visit: once, or once a day, week or month, as the giveaway says.

    VisitRefused where it was given already or is not offered in this store today; PackNotGiven where a coupon of it is
    not given out at the moment. Nothing moves then.
    """
    member = lock_member(member_id)
    if member.status != Member.Status.ACTIVE:
        raise VisitRefused(_("Only active members get gifts."))
    visits = {one.giveaway.pk: one for one in list_visits(member_id=member_id, store=store, at=at)}
    visit = visits.get(giveaway_id)
    if visit is None:
        raise VisitRefused(_("This gift is not offered here today."))
    if visit.refusal:
        raise VisitRefused(visit.refusal)
    giveaway: Giveaway = visit.giveaway
    grant = gifts.services.give_pack(
        pack_id=giveaway.pack_id,
        member_id=member_id,
        source=visit_source(giveaway, member_id, local_day(at)),
        at=at,
        store=store,
        actor=actor,
        is_strict=True,
    )
    if grant is None:
        raise VisitRefused(_("This gift is not offered here today."))
    if gifts.services.quantity_of(grant, "growth"):
        tiers.services.reevaluate(member_id=member_id, at=at, source=grant.source, store=store, actor=actor)
    return grant
