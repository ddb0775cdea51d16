"""What was given with a paid tier, and what becomes of it when the purchase goes back (R-T10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

import gifts.selectors
from gifts.models import GrantItem
from stores.models import Staff, Store
from tiers.models import Membership, Tier, TierGift
from tiers.services.giving import list_gifts, take_back_gifts
from tiers.services.memberships.posting import MembershipNotVoidable

OCCASIONS = (TierGift.Occasion.UPGRADE, TierGift.Occasion.MONTHLY)


@dataclass(frozen=True)
class Issued:
    """One part of a pack that came with the tier; used ones stay with the customer and are listed."""

    name: str
    quantity: str
    is_used: bool

    def to_json(self) -> dict[str, object]:
        """As the paper of a refund keeps it."""
        return {"name": self.name, "quantity": self.quantity, "used": self.is_used}


def _scope(bought: Membership, *, is_void: bool) -> dict[str, Any]:
    """Whose gifts go back with a purchase, and since when: those of all levels of the card that were reached with it.

    A refund ends what was converted into it too, step by step; after a void the purchases that it had converted stand
    again with their gifts, so that only what levels above theirs gave goes back.
    """
    since, step = bought.starts_at, list(Membership.objects.filter(converted_into=bought).select_related("tier"))
    kept = max((one.tier.rank for one in step), default=0) if is_void else 0
    while step and not is_void:
        since = min(since, *(one.starts_at for one in step))
        step = list(Membership.objects.filter(converted_into__in=step))
    levels = Tier.objects.filter(track_id=bought.tier.track_id, rank__gt=kept)
    return {
        "member_id": bought.member_id,
        "tier_ids": list(levels.values_list("pk", flat=True)),
        "occasions": OCCASIONS,
        "since": since,
    }


def list_issued(bought: Membership, *, is_void: bool = False) -> list[Issued]:
    """The parts of the packs that came with this purchase, or would go back with its void; goods that were handed over
    count as used."""
    grants = list_gifts(**_scope(bought, is_void=is_void))
    found = []
    for grant in grants:
        for one in gifts.selectors.package_of(grant).items:
            if one.is_open:
                is_used = bool(one.used) or one.kind == GrantItem.Kind.GOODS
                name = one.item.label or str(one.item.get_kind_display())
                found.append(Issued(name, f"{one.item.quantity.normalize():f}", is_used))
    return found


def take_back_issued(
    bought: Membership, *, is_void: bool, at: datetime, store: Store | None, actor: Staff | None
) -> list[Issued]:
    """Take the unused gifts back and return the list as it was; used ones stay with a refund and refuse a void, which
    ``is_void`` says."""
    issued = list_issued(bought, is_void=is_void)
    used = [one.name for one in issued if one.is_used]
    if is_void and used:
        raise MembershipNotVoidable(
            _("A gift that came with the tier was used (%(names)s); the purchase can only be refunded.")
            % {"names": ", ".join(used)}
        )
    take_back_gifts(
        **_scope(bought, is_void=is_void),
        idempotency_key=f"membership:{bought.pk}:back",
        at=at,
        store=store,
        actor=actor,
    )
    return issued
