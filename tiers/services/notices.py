"""Members are told in time what keeps their level, and that it rose or fell (R-T14): reminders for their store."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from core import settings
from core.days import local_day
from jobs.registry import Counts
from members.services import NewReminder, add_reminders
from tiers.models import Change, Reason, Tier, Track
from tiers.selectors.nightly import list_imported
from tiers.selectors.risk import STREAK, AtRisk, list_at_risk

CHUNK = 2_000
ENDING = "tier_ending"
UPGRADED = "tier_upgraded"
DOWNGRADED = "tier_downgraded"
DAYS = "tiers.reminder_days"
TELLS = "tiers.tells_changes"
# Changes of so many days back are told when the job did not run for a while; older ones are no news.
NEWS_DAYS = 3
_KINDS = {
    Reason.UPGRADED.value: UPGRADED,
    Reason.DOWNGRADED.value: DOWNGRADED,
    Reason.EXPIRED.value: DOWNGRADED,
    Reason.REVOKED.value: DOWNGRADED,
}


def stages_of(text: str) -> list[int]:
    """``"30, 7"`` as numbers, shortest first; nothing for an empty text. ValueError for what is no list of days."""
    stages = sorted({int(part) for part in text.replace("、", ",").replace("，", ",").split(",") if part.strip()})
    if any(not 0 <= stage <= 365 for stage in stages):
        raise ValueError("a stage is a number of days from 0 to 365")
    return stages


def remind_members(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: whose level ends within the stages of the setting and what is missing, and who rose or fell.

    A level is told once in each stage of its validity and only while something is missing to keep it; a stage that was
    missed is left out. Running it again adds nothing.
    """
    yield from _remind_ending(day, at)
    yield from _tell_changes(at)


def _remind_ending(day: date, at: datetime) -> Iterator[Counts]:
    stages = stages_of(settings.value(DAYS, at))
    if not stages:
        return
    at_risk = [row for row in list_at_risk(at=at, until=day + timedelta(days=stages[-1])) if row.missing]
    for start in range(0, len(at_risk), CHUNK):
        made = add_reminders([_ending(row, stages, day) for row in at_risk[start : start + CHUNK]])
        yield {"changed": made, "members": made}


def _ending(row: AtRisk, stages: list[int], day: date) -> NewReminder:
    stage = next(stage for stage in stages if (row.by - day).days <= stage)
    # One number per period, last day and stage, as long as periods are counted in thousands of millions. Consecutive
    # months end with each month.
    occurrence = (row.period_id * 10_000_000 + row.by.toordinal()) * 1_000 + stage
    details = {
        **_named(row.tier),
        "by": row.by.isoformat(),
        "mode": row.mode,
        "missing": {metric: str(amount) for metric, amount in row.missing.items()},
        "months": row.kind == STREAK,
    }
    return NewReminder(row.member_id, ENDING, occurrence, day, details)


def _named(tier: Tier) -> dict[str, Any]:
    return {"code": tier.code, "name": tier.name}


def _tell_changes(at: datetime) -> Iterator[Counts]:
    """Changes that were decided lately, each once. Not told is what an import brought about, what a person decided,
    and what was entered for a day that is long over."""
    if not settings.value(TELLS, at):
        return
    fresh = Change.objects.filter(
        reason__in=list(_KINDS), occurred_at__gt=at - timedelta(days=NEWS_DAYS), occurred_at__lte=at
    )
    rows = list(
        fresh.exclude(pk__in=list_imported(fresh.filter(reason=Reason.UPGRADED)))
        # The end of what was bought is told by those who sell it.
        .exclude(reason=Reason.EXPIRED, from_tier__track__kind=Track.Kind.PAID)
        .select_related("from_tier", "to_tier")
        .order_by("pk")
    )
    for start in range(0, len(rows), CHUNK):
        made = add_reminders([_told(change) for change in rows[start : start + CHUNK]])
        yield {"changed": made, "members": made}


def _told(change: Change) -> NewReminder:
    details = {"from": _named(change.from_tier), **_named(change.to_tier)}
    return NewReminder(change.member_id, _KINDS[change.reason], change.pk, local_day(change.occurred_at), details)
