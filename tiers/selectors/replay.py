"""What a replay of levels needs of the past: the rules by their instants, each member's events and where they stood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Q, QuerySet

from core import settings
from core.days import end_of, last_day, local_day, start_of
from members.models import Member
from tiers.models import Change, Draft, Period, ProgressEntry, Reason, Track, Version
from tiers.rules import lowest
from tiers.rules.replaying import Edition, Event, Given, Held, Rulebook
from tiers.selectors.benefits import HeldTier, held_tier
from tiers.selectors.levels import level_of, list_versions_in_force
from tiers.terms import terms_from

FORCED = (Reason.MANUAL, Reason.MERGED, Reason.REINSTATED)
NIGHT = timedelta(minutes=30)
_COLUMNS = ("member_id", "idempotency_key", "occurred_at", "business_on", "source", "metric", "amount")


@dataclass
class Walk:
    """One member before a replay: where they stood, what was known, what happened, and their tiers of other tracks."""

    joined_on: date
    start: Held
    known: list[Event] = field(default_factory=list)
    happenings: list[Event | Given] = field(default_factory=list)
    others: list[tuple[datetime, datetime | None, HeldTier]] = field(default_factory=list)
    held_at_end: int | None = None

    def others_at(self, at: datetime) -> list[HeldTier]:
        """The tiers of other tracks at an instant."""
        return [tier for begins, ends, tier in self.others if begins <= at and (ends is None or at < ends)]


def get_rulebook(track: Track, *, first: date, at: datetime) -> Rulebook:
    """The rules as they really were from the day ``first`` to ``at``."""
    begins = start_of(first)
    changes = Version.objects.filter(tier__track=track, effective_at__gt=begins, effective_at__lte=at)
    instants = [begins, *changes.order_by("effective_at").values_list("effective_at", flat=True).distinct()]
    return _rulebook([_edition(instant, list_versions_in_force(instant, track)) for instant in instants], at)


def make_rulebook(versions: Sequence[Version], *, first: date, at: datetime) -> Rulebook:
    """Rules as if these versions had been in force since the day ``first``; unsaved versions are welcome."""
    return _rulebook([_edition(start_of(first), versions)], at)


def _rulebook(editions: Sequence[Edition], at: datetime) -> Rulebook:
    return Rulebook(
        editions,
        revoke_days=settings.value("tiers.revoke_within_days", at),
        revokes=settings.value("tiers.revoke_on_refund", at) == "at_once",
    )


def night_at(day: date) -> datetime:
    """When the night of a day runs."""
    return start_of(day) + NIGHT


def _edition(instant: datetime, versions: Iterable[Version]) -> Edition:
    day = local_day(instant)
    first_night = day if instant == start_of(day) else day + timedelta(days=1)
    return Edition(instant, first_night, [level_of(version) for version in versions])


def _walkers(track: Track, first: date, last: date) -> QuerySet[Member]:
    """Members whom rules of this track can have moved: they did something till then, or held more than the lowest."""
    begins, ends = start_of(first), end_of(last)
    active = ProgressEntry.objects.filter(occurred_at__lt=ends)
    held = Period.objects.filter(track=track, starts_at__lt=ends)
    held = held.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=begins))
    return Member.objects.filter(Q(pk__in=active.values("member_id")) | Q(pk__in=held.values("member_id")))


def count_walkers(track: Track, *, first: date, last: date) -> int:
    """How many members a replay has to look at."""
    return _walkers(track, first, last).count()


def list_walkers(track: Track, *, first: date, last: date, after: int, limit: int) -> list[int]:
    """Ids of the next of them, in order; one statement."""
    members = _walkers(track, first, last).filter(pk__gt=after)
    return list(members.order_by("pk").values_list("pk", flat=True)[:limit])


def load_walks(track: Track, members: Sequence[int], *, first: date, last: date, at: datetime) -> dict[int, Walk]:
    """Everything that a replay of these members needs, by id; six statements however many they are."""
    base = lowest([level_of(version) for version in list_versions_in_force(start_of(first), track)])
    walks = {
        pk: Walk(local_day(registered_at), Held(base, first))
        for pk, registered_at in Member.objects.filter(pk__in=members).values_list("pk", "registered_at")
    }
    _add_starts(walks, track, first)
    _add_events(walks, first, last)
    _add_given(walks, track, first, last)
    _add_others(walks, track, first, at)
    return walks


def _add_starts(walks: dict[int, Walk], track: Track, first: date) -> None:
    begins = start_of(first)
    periods = Period.objects.filter(member_id__in=walks, track=track).select_related("tier", "version__tier")
    known: dict[int, Held] = {}
    for period in periods.filter(starts_at__lt=begins).order_by("member_id", "starts_at", "pk"):
        # The last one before the period holds; those before it say since when, and what it may fall back to.
        before = walks[period.member_id].start
        held = held_of(period, known.get(period.falls_back_to_id or 0))
        if period.reason in (Reason.KEPT, Reason.RENEWED) and before.level.tier_id == period.tier_id:
            held = replace(held, since=before.since)
        known[period.pk] = walks[period.member_id].start = held
    for member_id, tier_id in periods.filter(ends_at__isnull=True).values_list("member_id", "tier_id"):
        walks[member_id].held_at_end = tier_id


def held_of(period: Period, falls_back_to: Held | None = None) -> Held:
    """A period as a replay holds it; ``tier`` and ``version__tier`` must be loaded."""
    return Held(
        level=level_of(period.version),
        since=local_day(period.starts_at),
        valid_through=None if period.valid_until is None else last_day(period.valid_until),
        upgraded_at=period.upgraded_at,
        upgraded_on=None if period.upgraded_at is None else local_day(period.upgraded_at),
        falls_back_to=falls_back_to,
        locked_through=None if period.locked_until is None else last_day(period.locked_until),
        joins_auto_upgrade=period.joins_auto_upgrade,
        counts_after=period.counts_after,
    )


def _add_events(walks: dict[int, Walk], first: date, last: date) -> None:
    begins, ends = start_of(first), end_of(last)
    rows = ProgressEntry.objects.filter(member_id__in=walks, occurred_at__lt=ends)
    entries: Iterable[Any] = rows.order_by("member_id", "occurred_at", "pk").values_list(*_COLUMNS).iterator(10_000)
    for (member_id, _key), group in groupby(entries, lambda row: (row[0], row[1].rpartition(":")[0])):
        parts = list(group)
        _member, _, occurred_at, business_on, source, *_ = parts[0]
        amounts: dict[str, Any] = {}
        for metric, amount in map(itemgetter(5, 6), parts):
            amounts[metric] = amounts.get(metric, 0) + amount
        event = Event(
            occurred_at, local_day(occurred_at), business_on, amounts, source if "recharge" in amounts else ""
        )
        walk = walks[member_id]
        (walk.known if occurred_at < begins else walk.happenings).append(event)


def _add_given(walks: dict[int, Walk], track: Track, first: date, last: date) -> None:
    changes = Change.objects.filter(
        member_id__in=walks,
        period__track=track,
        reason__in=FORCED,
        occurred_at__gte=start_of(first),
        occurred_at__lt=end_of(last),
    ).select_related("period__version__tier", "period__tier")
    for change in changes.order_by("pk"):
        given = Given(change.occurred_at, local_day(change.occurred_at), held_of(change.period))
        walks[change.member_id].happenings.append(given)
    for walk in walks.values():
        walk.happenings.sort(key=lambda one: one.at)


def _add_others(walks: dict[int, Walk], track: Track, first: date, at: datetime) -> None:
    """Tiers of other tracks, with what their versions in force at ``at`` give."""
    versions = {
        version.tier_id: version
        for other in Track.objects.exclude(pk=track.pk)
        for version in list_versions_in_force(at, other)[1:]
    }
    periods = Period.objects.filter(member_id__in=walks, tier_id__in=versions)
    periods = periods.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start_of(first))).select_related("track")
    for period in periods.order_by("pk"):
        ends = period.ends_at
        if period.track.kind in (Track.Kind.PAID, Track.Kind.INVITED) and period.valid_until is not None:
            ends = min(period.valid_until, ends or period.valid_until)
        tier = held_tier(versions[period.tier_id], period.valid_until)
        walks[period.member_id].others.append((period.starts_at, ends, tier))


def versions_of_draft(draft: Draft, at: datetime) -> list[Version]:
    """The versions that would be in force if the draft were: unsaved ones where it changes a level, lowest first."""
    return [
        Version(tier=version.tier, effective_at=at, **terms_from(draft.levels[str(version.tier_id)]).columns)
        if str(version.tier_id) in draft.levels
        else version
        for version in list_versions_in_force(at, draft.track)
    ]
