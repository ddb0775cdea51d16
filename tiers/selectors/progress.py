"""A member's figures over windows, and the way to the next level or to keeping the one held."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

import wallet.selectors
from core.days import last_day, local_day
from core.months import month_end
from members.selectors import get_member
from tiers.models import Period, ProgressEntry, Tier, Track, Version
from tiers.rules import (
    BALANCE,
    METRICS,
    RECHARGE,
    SINGLE_RECHARGE,
    Level,
    MetricProgress,
    Monthly,
    Streak,
    Sums,
    Thresholds,
    progress_of,
)
from tiers.selectors.holding import get_obtained_on, get_open_period
from tiers.selectors.levels import get_track, level_of, list_versions_in_force

# First and last business day of what is summed; None: from the beginning, without end.
Span = tuple[date | None, date | None]


@dataclass(frozen=True)
class Progress:
    """The way to a level: its metrics joined by ``mode``, and the last day that counts where there is one.

    To the next level (calendar windows and membership years have a last day), or to keeping the one held.
    """

    tier: Tier
    version: Version
    mode: str
    metrics: Sequence[MetricProgress]
    by: date | None
    is_met: bool = False


@dataclass(frozen=True)
class StreakProgress:
    """The months that the rule of consecutive months looks at on a day, with the figures of each.

    ``counts_from`` is the first day on which the rule can take the level away.
    """

    streak: Streak
    months: Sequence[tuple[date, Mapping[str, Decimal]]]
    counts_from: date


def joined_on(member_id: int) -> date:
    """The shop day on which a member's membership years begin."""
    return local_day(get_member(member_id).registered_at)


def joining_day_if_asked(levels: Iterable[Level], member_id: int) -> date | None:
    """The same where a level counts by membership years; no statement otherwise."""
    return joined_on(member_id) if any(level.needs_joining_day for level in levels) else None


def effective_first(first: date | None, counts_after: date | None) -> date | None:
    """The first day of a window for a member whose counting restarted after a day (R-T8)."""
    if counts_after is None or (first is not None and first > counts_after):
        return first
    return counts_after + timedelta(days=1)


def get_spans(*, member_id: int, spans: Iterable[Span], largest: bool = False) -> dict[Span, dict[str, Decimal]]:
    """The member's sums of every metric over each span; one statement, none for no span.

    ``largest`` adds the largest single recharge, at the cost of another statement.
    """
    wanted = sorted(set(spans), key=str)
    if not wanted:
        return {}
    entries = ProgressEntry.objects.filter(member_id=member_id)
    if all(first is not None for first, _last in wanted):
        entries = entries.filter(business_on__gte=min(first for first, _last in wanted if first is not None))
    figures = entries.aggregate(
        **{
            f"{metric}_{index}": Coalesce(Sum("amount", filter=Q(metric=metric) & _within(span)), Decimal("0.00"))
            for index, span in enumerate(wanted)
            for metric in METRICS
        }
    )
    found = {span: {metric: figures[f"{metric}_{index}"] for metric in METRICS} for index, span in enumerate(wanted)}
    if largest:
        recharges = _list_recharges(member_id)
        for first, last in wanted:
            found[first, last][SINGLE_RECHARGE] = max(
                (amount for on, amount in recharges if (first is None or on >= first) and (last is None or on <= last)),
                default=Decimal("0.00"),
            )
    return found


def _within(span: Span) -> Q:
    first, last = span
    condition = Q() if first is None else Q(business_on__gte=first)
    return condition if last is None else condition & Q(business_on__lte=last)


def _list_recharges(member_id: int) -> list[tuple[date, Decimal]]:
    """Day and principal of each recharge, less what was voided or refunded of it: its entries share a source."""
    rows = (
        ProgressEntry.objects.filter(member_id=member_id, metric=RECHARGE)
        .order_by()
        .values_list("source", "business_on")
        .annotate(principal=Sum("amount"))
    )
    return [(on, principal) for _source, on, principal in rows]


def get_sums(
    *,
    member_id: int,
    since: Sequence[date | None],
    counts_after: date | None = None,
    largest: bool = False,
    balance: Decimal | None = None,
) -> Sums:
    """The member's sums of every metric from each first day on (None: ever); one statement, none for no window.

    Entries up to ``counts_after`` are left out: counting was restarted then (R-T8). ``largest`` adds the largest single
    recharge (another statement) and ``balance`` is put in as it is.
    """
    spans = {first: (effective_first(first, counts_after), None) for first in since}
    found = get_spans(member_id=member_id, spans=spans.values(), largest=largest)
    extra = {} if balance is None else {BALANCE: balance}
    return {first: {**found[span], **extra} for first, span in spans.items()}


def get_monthly(*, member_id: int, streak: Streak, today: date, counts_after: date | None = None) -> Monthly:
    """The member's sums of each month that a rule of consecutive months looks at on ``today``; one statement."""
    spans: dict[date, Span] = {
        month: (effective_first(month, counts_after), month_end(month)) for month in streak.counted_months(today)
    }
    found = get_spans(member_id=member_id, spans=spans.values())
    return {month: found[span] for month, span in spans.items()}


def get_balance(member_id: int, at: datetime) -> Decimal:
    """The stored principal that counts for levels of the stored track (R-T11)."""
    return wallet.selectors.get_balance(member_id=member_id, at=at).principal


def asks_for(levels: Iterable[Level], metric: str) -> bool:
    """Whether one of the levels asks for this figure, to reach or to keep it."""
    return any(metric in level.thresholds.metrics or metric in level.needs.metrics for level in levels)


def _figures(
    thresholds: Thresholds, member_id: int, day: date, joined: date | None, period: Period | None, at: datetime
) -> Sums:
    return get_sums(
        member_id=member_id,
        since=[thresholds.window.first_day(day, joined)],
        counts_after=None if period is None else period.counts_after,
        largest=SINGLE_RECHARGE in thresholds.metrics,
        balance=get_balance(member_id, at) if thresholds.ask_for_balance else None,
    )


def get_progress_to_next(*, member_id: int, at: datetime, kind: str = Track.Kind.GROWTH) -> Progress | None:
    """How far the member is from the next level above the one held that can be earned; None at the top.

    Of the growth track, or of the stored one. Three statements, four where levels count by membership years, largest
    recharges or balance.
    """
    track = None if kind == Track.Kind.GROWTH else get_track(kind)
    versions = list_versions_in_force(at, track)
    period = get_open_period(member_id, track)
    rank = versions[0].tier.rank if period is None else period.tier.rank
    following = next((one for one in versions if one.tier.rank > rank and _can_be_earned(one)), None)
    if following is None:
        return None
    today, level = local_day(at), level_of(following)
    joined = joining_day_if_asked([level], member_id)
    sums = _figures(level.thresholds, member_id, today, joined, period, at)
    return Progress(
        tier=following.tier,
        version=following,
        mode=level.thresholds.mode,
        metrics=progress_of(level.thresholds, sums, today, joined),
        by=level.thresholds.window.last_day(today, joined),
        is_met=level.thresholds.are_met_in(sums, today, joined),
    )


def _can_be_earned(version: Version) -> bool:
    return version.tier.retired_at is None and bool(version.rule.metrics)


def get_progress_to_keep(*, member_id: int, at: datetime, kind: str = Track.Kind.GROWTH) -> Progress | None:
    """What is missing to keep the level held, and by when; None for the base and for levels without an end.

    Judged as on the last day of the validity, by the level's version in force (R-T4).
    """
    track = None if kind == Track.Kind.GROWTH else get_track(kind)
    period = get_open_period(member_id, track)
    if period is None or period.valid_until is None:
        return None
    version = next((one for one in list_versions_in_force(at, track) if one.tier_id == period.tier_id), period.version)
    level, by = level_of(version), last_day(period.valid_until)
    if not level.needs.metrics or level.is_retired:
        return None
    joined = joining_day_if_asked([level], member_id)
    sums = _figures(level.needs, member_id, by, joined, period, at)
    return Progress(
        tier=version.tier,
        version=version,
        mode=level.needs.mode,
        metrics=progress_of(level.needs, sums, by, joined),
        by=by,
        is_met=level.needs.are_met_in(sums, by, joined),
    )


def get_streak_progress(*, member_id: int, at: datetime, kind: str = Track.Kind.GROWTH) -> StreakProgress | None:
    """The months behind the rule of consecutive months for the level held, where its version has one (R-T5)."""
    track = None if kind == Track.Kind.GROWTH else get_track(kind)
    period = get_open_period(member_id, track)
    if period is None:
        return None
    version = next((one for one in list_versions_in_force(at, track) if one.tier_id == period.tier_id), period.version)
    streak = level_of(version).keep_rule.streak
    if streak is None:
        return None
    today = local_day(at)
    monthly = get_monthly(member_id=member_id, streak=streak, today=today, counts_after=period.counts_after)
    return StreakProgress(streak, sorted(monthly.items()), streak.counts_from(get_obtained_on(period)))
