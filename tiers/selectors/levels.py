"""Tracks, levels and the versions of their rules."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, QuerySet

from tiers.models import Period, Tier, Track, Version
from tiers.rules import Level, Validity, keep_rule_from, validity_from

EARNED = (Track.Kind.GROWTH, Track.Kind.STORED)
"""Kinds of tracks whose levels are reached by figures; those of the others are bought or given by hand."""


def get_track(kind: str) -> Track:
    """The growth or the stored track, which exist once."""
    return Track.objects.get(kind=kind)


def list_tracks() -> QuerySet[Track]:
    """All tracks: growth, stored value, then card types in the order they were made."""
    return Track.objects.order_by("pk")


def list_tiers(track: Track | None = None) -> QuerySet[Tier]:
    """The levels of a track, lowest first; of the growth track where none is named."""
    if track is not None:
        return Tier.objects.filter(track=track).select_related("track").order_by("rank")
    return Tier.objects.filter(track__kind=Track.Kind.GROWTH).select_related("track").order_by("rank")


def _in_force(at: datetime) -> QuerySet[Version]:
    """Of two versions of a level that begin at the same instant the later recorded one holds."""
    return (
        Version.objects.filter(effective_at__lte=at)
        .select_related("tier__track")
        .order_by("tier_id", "-effective_at", "-pk")
        .distinct("tier_id")
    )


def list_versions_in_force(at: datetime, track: Track | None = None) -> list[Version]:
    """The version of each level of a track in force at ``at`` with its level, lowest rank first; one statement.

    The growth track where none is named. A level whose first version has not begun is not there yet.
    """
    rows = _in_force(at)
    rows = rows.filter(tier__track__kind=Track.Kind.GROWTH) if track is None else rows.filter(tier__track=track)
    return sorted(rows, key=lambda version: version.tier.rank)


def list_versions_by_track(at: datetime, kinds: Sequence[str] = EARNED) -> list[list[Version]]:
    """The versions in force of every track of these kinds, track by track, each lowest rank first; one statement."""
    tracks: dict[int, list[Version]] = {}
    for version in sorted(
        _in_force(at).filter(tier__track__kind__in=kinds), key=lambda one: (one.tier.track_id, one.tier.rank)
    ):
        tracks.setdefault(version.tier.track_id, []).append(version)
    return list(tracks.values())


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
    """One level with its track; Tier.DoesNotExist."""
    return Tier.objects.select_related("track").get(pk=pk)


def level_of(version: Version) -> Level:
    """What a decision needs of a version."""
    return Level(
        tier_id=version.tier_id,
        version_id=version.pk,
        code=version.tier.code,
        rank=version.tier.rank,
        thresholds=version.rule,
        keep=version.keep,
        keep_rule=keep_rule_from(version.keep_rule),
        validity=validity_of(version),
        grace_days=version.grace_days,
        is_retired=version.tier.retired_at is not None,
    )


def validity_of(version: Version) -> Validity:
    """The length that a version gives its level in place of the window's."""
    return validity_from(version.validity)


def count_holders() -> dict[int, int]:
    """How many members hold each level by an open period, by tier id; one statement."""
    rows = Period.objects.filter(ends_at__isnull=True).order_by().values_list("tier_id").annotate(n=Count("pk"))
    return dict(rows)
