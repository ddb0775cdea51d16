"""Reads of tiers: benefits for the till, levels in force, sums of a member's progress, progress to the next level."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core.days import local_day
from tiers.models import Change, Period, ProgressEntry, Tier, Track, Version
from tiers.rules import METRICS, Level, MetricProgress, Sums, first_days, progress_towards


@dataclass(frozen=True)
class Benefits:
    """What a member's level gives at an instant. The factor multiplies prices (0.9500 = 95折), 1 is no discount."""

    tier_code: str
    tier_name: str
    discount_factor: Decimal
    points_multiple: Decimal
    version_id: int
    colour: str


@dataclass(frozen=True)
class Progress:
    """The way to the next level: its metrics joined by ``mode``, and the last day that counts (calendar windows)."""

    tier: Tier
    version: Version
    mode: str
    metrics: Sequence[MetricProgress]
    by: date | None


def get_benefits(*, member_id: int, at: datetime) -> Benefits:
    """The benefits of the level that a member holds at ``at``, the base level's without a period; one statement.

    The benefits are those of the level's version in force, so that a change of benefits reaches everybody on its day;
    thresholds changed meanwhile cost nobody the level before its validity ends (R-T13). Orders keep ``version_id``.
    """
    held = Period.objects.filter(_open_at(at), member_id=member_id, track__kind=Track.Kind.GROWTH)
    base = Tier.objects.filter(track__kind=Track.Kind.GROWTH).order_by("rank")
    version = (
        Version.objects.filter(
            tier_id=Coalesce(Subquery(held.values("tier_id")[:1]), Subquery(base.values("pk")[:1])),
            effective_at__lte=at,
        )
        .select_related("tier")
        .order_by("-effective_at", "-pk")[:1]
        .get()
    )
    return Benefits(
        tier_code=version.tier.code,
        tier_name=version.tier.label,
        discount_factor=version.discount_factor,
        points_multiple=version.points_multiple,
        version_id=version.pk,
        colour=version.tier.colour,
    )


def _open_at(at: datetime) -> Q:
    return Q(starts_at__lte=at) & (Q(ends_at__isnull=True) | Q(ends_at__gt=at))


def list_tiers() -> QuerySet[Tier]:
    """The levels of the growth track, lowest first."""
    return Tier.objects.filter(track__kind=Track.Kind.GROWTH).order_by("rank")


def list_versions_in_force(at: datetime) -> list[Version]:
    """The version of each level in force at ``at`` with its level, lowest rank first; one statement.

    Of two that begin at the same instant the later recorded one holds.
    """
    rows = (
        Version.objects.filter(effective_at__lte=at, tier__track__kind=Track.Kind.GROWTH)
        .select_related("tier")
        .order_by("tier_id", "-effective_at", "-pk")
        .distinct("tier_id")
    )
    return sorted(rows, key=lambda version: version.tier.rank)


def list_coming_versions(at: datetime) -> dict[int, Version]:
    """The next version of each level that has not begun, by tier id; one statement."""
    rows = Version.objects.filter(effective_at__gt=at).order_by("tier_id", "effective_at", "-pk").distinct("tier_id")
    return {version.tier_id: version for version in rows}


def is_base(tier: Tier) -> bool:
    """Whether the level is the lowest of its track, which every member has."""
    return not Tier.objects.filter(track_id=tier.track_id, rank__lt=tier.rank).exists()


def list_versions(*, tier_id: int) -> QuerySet[Version]:
    """All versions of a level, newest first."""
    return Version.objects.filter(tier_id=tier_id).select_related("tier", "actor").order_by("-effective_at", "-pk")


def get_tier(pk: int) -> Tier:
    """One level; Tier.DoesNotExist."""
    return Tier.objects.get(pk=pk)


def level_of(version: Version) -> Level:
    """What a decision needs of a version."""
    return Level(
        tier_id=version.tier_id,
        version_id=version.pk,
        code=version.tier.code,
        rank=version.tier.rank,
        thresholds=version.rule,
        falls=version.keep == Version.Keep.REQUALIFY,
    )


def get_open_period(member_id: int) -> Period | None:
    """The level that a member holds now with its tier and what it may fall back to, or None for the base level."""
    return (
        Period.objects.filter(member_id=member_id, track__kind=Track.Kind.GROWTH, ends_at__isnull=True)
        .select_related("tier", "version", "falls_back_to__tier", "falls_back_to__version")
        .first()
    )


def get_sums(*, member_id: int, since: Sequence[date | None], counts_after: date | None = None) -> Sums:
    """The member's sums of every metric from each first day on (None: ever); one statement, none for no window.

    Entries up to ``counts_after`` are left out: counting was restarted then (R-T8).
    """
    if not since:
        return {}
    entries = ProgressEntry.objects.filter(member_id=member_id)
    earliest = since[0]
    if earliest is not None:
        entries = entries.filter(business_on__gte=earliest)
    if counts_after is not None:
        entries = entries.filter(business_on__gt=counts_after)
    figures = entries.aggregate(
        **{
            f"{metric}_{index}": Coalesce(
                Sum("amount", filter=Q(metric=metric) & (Q() if first is None else Q(business_on__gte=first))),
                Decimal("0.00"),
            )
            for index, first in enumerate(since)
            for metric in METRICS
        }
    )
    return {first: {metric: figures[f"{metric}_{index}"] for metric in METRICS} for index, first in enumerate(since)}


def get_progress_to_next(*, member_id: int, at: datetime) -> Progress | None:
    """How far the member is from the next level above the one held; None at the top. Three statements."""
    versions = list_versions_in_force(at)
    period = get_open_period(member_id)
    rank = versions[0].tier.rank if period is None else period.tier.rank
    following = next((version for version in versions if version.tier.rank > rank), None)
    if following is None:
        return None
    today = local_day(at)
    level = level_of(following)
    sums = get_sums(
        member_id=member_id,
        since=first_days([level], today),
        counts_after=None if period is None else period.counts_after,
    )
    return Progress(
        tier=following.tier,
        version=following,
        mode=level.thresholds.mode,
        metrics=progress_towards(level, sums, today),
        by=level.thresholds.window.last_day(today),
    )


def list_changes(*, member_id: int) -> QuerySet[Change]:
    """The member's history of levels, newest first."""
    return Change.objects.filter(member_id=member_id).select_related("from_tier", "to_tier", "actor").order_by("-pk")


def count_holders() -> dict[int, int]:
    """How many members hold each level by an open period, by tier id; one statement."""
    rows = Period.objects.filter(ends_at__isnull=True).order_by().values_list("tier_id").annotate(n=Count("pk"))
    return dict(rows)
