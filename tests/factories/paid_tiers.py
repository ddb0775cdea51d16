"""Paid cards with their levels, offers and purchases, with defaults for what a test does not care about."""

from datetime import UTC, datetime
from decimal import Decimal as D  # noqa: N817
from typing import Any
from uuid import uuid4

from members.models import Member
from stores.models import Store
from tiers.models import Membership, PaidPlan, Tier, Track, Version
from tiers.services import memberships

NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
NOTHING = {"mode": "any", "metrics": {}, "window": {"kind": "rolling_months", "n": 12}}


def create_card(
    code: str = "plus", *, names: tuple[str, ...] = ("PLUS 会员",), at: datetime = NOW, **terms: Any
) -> list[Tier]:
    """A paid card with a lowest level that means "not on it" and the named levels above; returns these.

    Each level takes ten percent off and doubles points, unless ``terms`` say something else.
    """
    track = Track.objects.create(kind=Track.Kind.PAID, code=code, name=f"{code} card")
    levels = [
        Tier.objects.create(track=track, rank=rank, code=f"{code}_{rank}" if rank else f"no_{code}", name=name)
        for rank, name in enumerate(("", *names))
    ]
    terms = {"discount_factor": D("0.9"), "points_multiple": D(2), **terms}
    for level in levels:
        own = terms if level.rank else {}
        Version.objects.create(tier=level, effective_at=at.replace(year=2020), thresholds=NOTHING, **own)
    return levels[1:]


def create_paid_plan(tier: Tier, *, months: int = 1, price: str = "30.00", at: datetime = NOW, **data: Any) -> PaidPlan:
    """A month for 30 yuan."""
    data = {"name": f"{tier.name} {months} {uuid4().hex[:4]}", **data}
    return memberships.save_paid_plan(
        plan=PaidPlan(tier=tier, months=months, price=D(price), **data), actor=None, at=at
    )


def buy_membership(
    plan: PaidPlan, member: Member, store: Store, *, at: datetime = NOW, how: str = "append", key: str = "", **data: Any
) -> Membership:
    """What a till does without the money."""
    return memberships.sell_membership(
        plan_id=plan.pk,
        member_id=member.pk,
        price=data.pop("price", plan.price),
        tender=data.pop("tender", "cash"),
        how=how,
        idempotency_key=key or uuid4().hex,
        at=at,
        store=store,
        actor=None,
        **data,
    )
