"""Facts about members that tiers offers to tags and filters."""

from datetime import datetime

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.facts import Fact, Params
from tiers.models import Period, Tier, Track


def held_tier(now: datetime, params: Params) -> Coalesce:
    """The code of the level a member holds; the base level's without a period."""
    held = Period.objects.filter(member=OuterRef("pk"), track__kind=Track.Kind.GROWTH, ends_at__isnull=True)
    base = Tier.objects.filter(track__kind=Track.Kind.GROWTH).order_by("rank")
    return Coalesce(
        Subquery(held.values("tier__code")[:1]), Subquery(base.values("code")[:1]), output_field=CharField()
    )


def tier_choices() -> list[tuple[str, str]]:
    """Codes and names, lowest first."""
    return [(tier.code, tier.label) for tier in Tier.objects.filter(track__kind=Track.Kind.GROWTH).order_by("rank")]


TIER = Fact("tiers.tier", _("Tier"), "choice", held_tier, choices=tier_choices)
