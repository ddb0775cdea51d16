"""Services of levels that are ticked as used (T08)."""

from datetime import datetime

from django.utils.translation import gettext as _

from core.database import joining_atomic
from core.days import local_day
from core.errors import DomainError
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import PerkUse
from tiers.selectors.perks import list_perks


class PerkNotUsable(DomainError):
    """The member has no level with this service now, or used it as often as a month allows."""


class AlreadyUndone(DomainError):
    """The tick was taken back before."""


@joining_atomic
def use_perk(
    *,
    member_id: int,
    tier_id: int,
    perk: str,
    idempotency_key: str,
    store: Store | None,
    actor: Staff,
    at: datetime,
    memo: str = "",
) -> PerkUse:
    """Tick a service of a level that the member holds as used today, once per key.

    PerkNotUsable where the level does not give it (any more), or where this calendar month has no use left; the
    member's lock lets the second of two ticks see the first. The same key again returns the first tick.
    """
    lock_member(member_id)
    done = PerkUse.objects.filter(idempotency_key=idempotency_key).first()
    if done is not None:
        return done
    found = next(
        (one for one in list_perks(member_id=member_id, at=at) if (one.tier_id, one.code) == (tier_id, perk)), None
    )
    if found is None:
        raise PerkNotUsable(_("The member's tier does not give this service."))
    if found.is_used_up:
        raise PerkNotUsable(_("%(name)s was used as often as it can be this month.") % {"name": found.name})
    return PerkUse.objects.create(
        member_id=member_id,
        tier_id=tier_id,
        perk=perk,
        name=found.name,
        memo=memo.strip()[:200],
        idempotency_key=idempotency_key,
        store=store,
        actor=actor,
        used_on=local_day(at),
        occurred_at=at,
    )


@joining_atomic
def undo_perk_use(*, use_id: int, store: Store | None, actor: Staff, at: datetime) -> PerkUse:
    """Take a tick back by an opposite row on the same day, so that the month has that use again.

    AlreadyUndone the second time, and for a row that itself takes one back.
    """
    use = PerkUse.objects.get(pk=use_id)
    lock_member(use.member_id)
    if use.reverses_id is not None or PerkUse.objects.filter(reverses=use).exists():
        raise AlreadyUndone(_("This was taken back before."))
    return PerkUse.objects.create(
        member_id=use.member_id,
        tier_id=use.tier_id,
        perk=use.perk,
        name=use.name,
        idempotency_key=f"perk-undo:{use.pk}",
        store=store,
        actor=actor,
        used_on=use.used_on,
        occurred_at=at,
        reverses=use,
    )
