"""Levels of any track with rules of their own, and what members do to reach them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.days import local_day
from members.models import Member
from tiers import services
from tiers.models import Change, Period, Tier, Track, Version
from tiers.selectors import get_benefits


def set_rule(tier: Tier, at: datetime, **terms: Any) -> Version:
    """New terms of a level from an instant on; what is not said is no discount and single points."""
    return services.add_version(tier=tier, effective_at=at, actor=None, at=at, **terms)


def create_level(
    kind: str, code: str, at: datetime, *, rank: int = 10, rechargeable: bool = True, **terms: Any
) -> Tier:
    """A level of the first track of a kind."""
    track = Track.objects.filter(kind=kind).order_by("pk")[0]
    tier = Tier.objects.create(track=track, rank=rank, code=code, name=code.title(), is_rechargeable=rechargeable)
    set_rule(tier, at, **terms)
    return tier


def record(member: Member, at: datetime, key: str, on: date | None = None, **metrics: str) -> None:
    """Progress of one event on a business day."""
    services.record_progress(
        member_id=member.pk,
        metrics={metric: Decimal(amount) for metric, amount in metrics.items()},
        business_on=on or local_day(at),
        source=f"event:{key}",
        idempotency_key=key,
        at=at,
        store=None,
        actor=None,
    )


def happen(member: Member, at: datetime, key: str, on: date | None = None, **metrics: str) -> Change | None:
    """An event as checkout has it: progress, then the look at the levels as the last value step."""
    record(member, at, key, on, **metrics)
    return services.reevaluate(member_id=member.pk, at=at, source=f"event:{key}", business_on=on or local_day(at))


def take_back(member: Member, at: datetime, key: str) -> Change | None:
    """The whole event is undone."""
    holder = services.reverse_progress(
        idempotency_key_of_original=key, idempotency_key=f"back:{key}", at=at, store=None, actor=None
    )
    return services.reevaluate(member_id=holder or member.pk, at=at, source=f"back:{key}")


def open_codes(member: Member) -> dict[str, str]:
    """The level of every open period by kind of track."""
    rows = Period.objects.filter(member=member, ends_at__isnull=True).select_related("tier__track")
    return {period.tier.track.kind: period.tier.code for period in rows}


def history(member: Member) -> list[tuple[str, str, str]]:
    """Every change in order: from, to, why."""
    rows = Change.objects.filter(member=member).select_related("from_tier", "to_tier").order_by("pk")
    return [(change.from_tier.code, change.to_tier.code, change.reason) for change in rows]


def buy(
    member: Member,
    at: datetime,
    *,
    spend: str = "0",
    points: str = "0",
    key: str = "sale:1",
    on: date = date(2026, 3, 18),
) -> Change | None:
    """What checkout does as its last value step."""
    services.record_progress(
        member_id=member.pk,
        metrics={"spend": Decimal(spend), "points": Decimal(points), "orders": Decimal(1)},
        business_on=on,
        source=f"orders:{key}",
        idempotency_key=key,
        at=at,
        store=None,
        actor=None,
    )
    return services.reevaluate(member_id=member.pk, at=at, source=f"orders:{key}")


def refund(member: Member, at: datetime, *, of: str = "sale:1") -> Change | None:
    services.reverse_progress(
        idempotency_key_of_original=of, idempotency_key=f"refund:{of}", at=at, store=None, actor=None
    )
    return services.reevaluate(member_id=member.pk, at=at, source=f"refunds:{of}")


def code(member: Member, at: datetime) -> str:
    return get_benefits(member_id=member.pk, at=at).tier_code


def run_night(day: date, at: datetime) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in services.evaluate_due(day, at):
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total
