"""What levels a member holds and has held, and why."""

from datetime import date

from django.db.models import QuerySet

from core.days import local_day
from tiers.models import Change, Period, Reason, Track

CARRIED_ON = (Reason.KEPT, Reason.RENEWED)
"""Reasons of periods that go on with the level of the one before: they are no new beginning for consecutive months."""


def _open(member_id: int) -> QuerySet[Period]:
    return Period.objects.filter(member_id=member_id, ends_at__isnull=True).select_related(
        "tier__track", "version", "falls_back_to__tier", "falls_back_to__version", "previous__tier", "previous__version"
    )


def get_open_period(member_id: int, track: Track | None = None) -> Period | None:
    """The level that a member holds now on a track with what it may fall back to, or None for the base level.

    The growth track where none is named.
    """
    if track is None:
        return _open(member_id).filter(track__kind=Track.Kind.GROWTH).first()
    return _open(member_id).filter(track=track).first()


def list_open_periods(member_id: int) -> dict[int, Period]:
    """The open periods of a member by track id; one statement. A paid or invited one may have ended meanwhile."""
    return {period.track_id: period for period in _open(member_id)}


def get_obtained_on(period: Period) -> date:
    """The shop day from which the rule of consecutive months looks at a level held: of the last change that was no
    renewal. One statement at most."""
    if period.reason not in CARRIED_ON:
        return local_day(period.starts_at)
    begun = (
        Period.objects.filter(member_id=period.member_id, track_id=period.track_id)
        .exclude(reason__in=CARRIED_ON)
        .order_by("-starts_at", "-pk")
        .first()
    )
    return local_day((begun or period).starts_at)


def list_changes(*, member_id: int) -> QuerySet[Change]:
    """The member's history of levels on all tracks, newest first."""
    return (
        Change.objects.filter(member_id=member_id)
        .select_related("from_tier", "to_tier__track", "actor", "period__version")
        .order_by("-pk")
    )


def list_merged(member_id: int) -> list[int]:
    """Members whose levels went to this one, and to those; one statement where nobody's did (merges of members)."""
    found: list[int] = []
    asked = [member_id]
    while asked:
        merges = Change.objects.filter(member_id__in=asked, reason=Reason.MERGED, source__startswith="member:")
        others = {int(source.partition(":")[2]) for source in merges.values_list("source", flat=True)}
        asked = sorted(others - {member_id, *found})
        found += asked
    return found
