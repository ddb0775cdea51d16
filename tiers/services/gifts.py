"""Which packs a level gives, and when (T09, T10). Giving them is :mod:`tiers.services.giving`."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from stores.models import Staff
from tiers.models import TierGift

FLAGS = ("is_pending", "is_yearly", "rolls_over", "is_active")


class InvalidGift(DomainError):
    """The level gives this pack on this occasion already."""


@transaction.atomic
def save_gift(*, gift: TierGift, actor: Staff | None, at: datetime) -> TierGift:
    """Make or change a gift of a level; what was given stays given. What does not fit the occasion is switched off.

    A gift is never deleted: its number is in the key that keeps it from being given twice (R-T12).
    """
    occasions = TierGift.Occasion
    gift.is_pending = gift.is_pending and gift.occasion == occasions.UPGRADE
    gift.is_yearly = gift.is_yearly and gift.occasion == occasions.UPGRADE
    gift.rolls_over = gift.rolls_over and gift.occasion == occasions.MONTHLY
    same = TierGift.objects.filter(tier_id=gift.tier_id, occasion=gift.occasion, pack_id=gift.pack_id)
    if same.exclude(pk=gift.pk).exists():
        raise InvalidGift(_("The tier gives this pack on this occasion already."))
    gift.save()
    audit.record(
        "tier.gift_saved",
        actor=actor,
        subject=f"tier:{gift.tier_id}",
        at=at,
        gift=gift.pk,
        occasion=gift.occasion,
        pack=gift.pack_id,
        **{name: getattr(gift, name) for name in FLAGS},
    )
    return gift
