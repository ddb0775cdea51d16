"""What was given with a paid tier, and what becomes of it when the purchase goes back (R-T10)."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

import gifts.selectors
from gifts.models import GrantItem
from stores.models import Staff, Store
from tiers.models import Membership, TierGift
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


def _since(bought: Membership) -> datetime:
    """Whatever was given since the purchase, and since those that were converted into it, began."""
    earlier = Membership.objects.filter(converted_into=bought).values_list("starts_at", flat=True)
    return min([bought.starts_at, *earlier])


def list_issued(bought: Membership) -> list[Issued]:
    """The parts of the packs that the tier gave during this purchase; goods that were handed over count as used."""
    grants = list_gifts(
        member_id=bought.member_id, tier_ids=[bought.tier_id], occasions=OCCASIONS, since=_since(bought)
    )
    found = []
    for grant in grants:
        for one in gifts.selectors.package_of(grant).items:
            if one.is_open:
                is_used = bool(one.used) or one.kind == GrantItem.Kind.GOODS
                name = one.item.label or str(one.item.get_kind_display())
                found.append(Issued(name, f"{one.item.quantity.normalize():f}", is_used))
    return found


def take_back_issued(
    bought: Membership, *, is_strict: bool, at: datetime, store: Store | None, actor: Staff | None
) -> list[Issued]:
    """Take the unused gifts back and return the list as it was; used ones stay, or refuse where ``is_strict``."""
    issued = list_issued(bought)
    used = [one.name for one in issued if one.is_used]
    if is_strict and used:
        raise MembershipNotVoidable(
            _("A gift that came with the tier was used (%(names)s); the purchase can only be refunded.")
            % {"names": ", ".join(used)}
        )
    take_back_gifts(
        member_id=bought.member_id,
        tier_ids=[bought.tier_id],
        occasions=OCCASIONS,
        since=_since(bought),
        idempotency_key=f"membership:{bought.pk}:back",
        at=at,
        store=store,
        actor=actor,
    )
    return issued
