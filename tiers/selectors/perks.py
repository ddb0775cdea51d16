"""Services of the levels that a member holds, and how often they were used this month (T08)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from core.days import local_day
from core.months import month_end, month_start
from tiers.models import PerkUse
from tiers.selectors.benefits import Benefits, get_benefits


@dataclass(frozen=True)
class Perk:
    """A service that the member can have now. ``per_month`` None: as often as they like."""

    tier_id: int
    tier_name: str
    colour: str
    code: str
    name: str
    note: str
    per_month: int | None
    used: int

    @property
    def left(self) -> int | None:
        """Uses left this month; None for as many as wanted."""
        return None if self.per_month is None else max(0, self.per_month - self.used)

    @property
    def is_used_up(self) -> bool:
        """Whether this month has no use left."""
        return self.left == 0


def list_perks(*, member_id: int, at: datetime, benefits: Benefits | None = None) -> list[Perk]:
    """The services of all levels held; two statements, one with ``benefits`` at hand, none where there are none."""
    benefits = benefits or get_benefits(member_id=member_id, at=at)
    if not any(tier.perks for tier in benefits.held):
        return []
    used = count_uses(member_id=member_id, day=local_day(at))
    return [
        Perk(
            tier_id=tier.tier_id,
            tier_name=tier.name,
            colour=tier.colour,
            code=perk["code"],
            name=perk["name"],
            note=perk.get("note", ""),
            per_month=perk.get("per_month"),
            used=used.get((tier.tier_id, perk["code"]), 0),
        )
        for tier in benefits.held
        for perk in tier.perks
    ]


def count_uses(*, member_id: int, day: date) -> dict[tuple[int, str], int]:
    """Uses in the month of ``day`` by level and service, those that were taken back left out; one statement."""
    rows = (
        PerkUse.objects.filter(member_id=member_id, used_on__gte=month_start(day), used_on__lte=month_end(day))
        .order_by()
        .values_list("tier_id", "perk")
        .annotate(
            taken=Count("pk", filter=Q(reverses__isnull=True)), back=Count("pk", filter=Q(reverses__isnull=False))
        )
    )
    return {(tier_id, perk): taken - back for tier_id, perk, taken, back in rows}


def list_uses(*, member_id: int) -> QuerySet[Any]:
    """Every tick and every one taken back, newest first."""
    return (
        PerkUse.objects.filter(member_id=member_id)
        .select_related("tier", "actor", "store", "reversed_by")
        .order_by("-pk")
    )
