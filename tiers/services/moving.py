"""Closing the level that a member holds on a track and opening the next, with the change that says why."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.days import end_of
from stores.models import Staff, Store
from tiers.models import Change, Period, Reason, Version
from tiers.rules import Sums
from tiers.selectors import level_of


@dataclass(frozen=True)
class Decision:
    """Where a member goes, why, and on which figures."""

    version: Version
    reason: Reason
    figures: list[dict[str, str]]
    valid_until: datetime | None
    upgraded_at: datetime | None = None
    falls_back_to: Period | None = None


def figures_of(sums: Sums, *, until: date | None = None) -> list[dict[str, str]]:
    """The sums as a change keeps them: the very figures that caused it, zeros left out. ``until`` is the last day that
    counted where that was not the day of the change (R-T7)."""
    end = {} if until is None else {"until": until.isoformat()}
    return [
        {"metric": metric, "since": "" if first is None else first.isoformat(), "amount": str(amount), **end}
        for first, metrics in sums.items()
        for metric, amount in metrics.items()
        if amount
    ]


def valid_until(version: Version, today: date, joined: date | None = None) -> datetime | None:
    """The exclusive end of a level of this version reached on ``today``; None where it has no end."""
    last = level_of(version).valid_through(today, joined)
    return None if last is None else end_of(last)


def move(
    *,
    member_id: int,
    period: Period | None,
    base: Version,
    decision: Decision,
    source: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    memo: str = "",
    **lock: Any,
) -> Change:
    """Close the open period of a track, open the next and keep the change. The caller holds the member's lock.

    ``base`` is the version in force of the track's lowest level. A lock and the day that counting restarted after pass
    on to the next period unless ``lock`` sets them.
    """
    if period is not None:
        # A till's clock may be behind the entry that opened the period: a period never ends before it starts.
        at = max(at, period.starts_at)
        Period.objects.filter(pk=period.pk).update(ends_at=at)
    kept = {name: getattr(period, name) for name in ("locked_until", "joins_auto_upgrade", "counts_after") if period}
    opened = Period.objects.create(
        member_id=member_id,
        track_id=base.tier.track_id,
        tier=decision.version.tier,
        version=decision.version,
        starts_at=at,
        valid_until=decision.valid_until,
        reason=decision.reason,
        previous=period,
        upgraded_at=decision.upgraded_at,
        falls_back_to=decision.falls_back_to,
        **{**kept, **lock},
    )
    return Change.objects.create(
        member_id=member_id,
        period=opened,
        from_tier=base.tier if period is None else period.tier,
        to_tier=decision.version.tier,
        reason=decision.reason,
        memo=memo,
        figures=decision.figures,
        source=source,
        store=store,
        actor=actor,
        occurred_at=at,
    )
