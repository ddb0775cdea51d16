"""Reads for the pages of tracks: levels with their rules in force and coming, drafts, history of versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from tiers.models import Draft, Period, Tier, TierGift, Track, Version
from tiers.terms import Terms, terms_of


@dataclass(frozen=True)
class Row:
    """A level with what is in force, what is planned next and who holds it."""

    tier: Tier
    terms: Terms | None
    coming: Version | None
    holders: int
    is_base: bool


@dataclass(frozen=True)
class Board:
    """A track with its levels, lowest first, and its open draft."""

    track: Track
    rows: tuple[Row, ...]
    draft: Draft | None

    @property
    def is_growth(self) -> bool:
        """Whether its lowest level is everybody's."""
        return bool(self.track.kind == Track.Kind.GROWTH)


_ORDER = {Track.Kind.GROWTH: 0, Track.Kind.STORED: 1, Track.Kind.PAID: 2, Track.Kind.INVITED: 3}


def list_boards(at: datetime) -> list[Board]:
    """All tracks, growth first; six statements however many there are."""
    tiers: dict[int, list[Tier]] = {}
    for tier in Tier.objects.select_related("track").order_by("rank"):
        tiers.setdefault(tier.track_id, []).append(tier)
    in_force, coming = _in_force(at), _coming(at)
    holders = dict(
        Period.objects.filter(ends_at__isnull=True).order_by().values_list("tier_id").annotate(count=Count("pk"))
    )
    drafts = {draft.track_id: draft for draft in Draft.objects.filter(status=Draft.Status.OPEN)}
    return [
        Board(
            track,
            tuple(
                Row(
                    tier,
                    None if tier.pk not in in_force else terms_of(in_force[tier.pk]),
                    coming.get(tier.pk),
                    holders.get(tier.pk, 0),
                    is_base=position == 0,
                )
                for position, tier in enumerate(tiers.get(track.pk, []))
            ),
            drafts.get(track.pk),
        )
        for track in sorted(Track.objects.all(), key=lambda track: (_ORDER[Track.Kind(track.kind)], track.pk))
    ]


def _in_force(at: datetime) -> dict[int, Version]:
    rows = Version.objects.filter(effective_at__lte=at).order_by("tier_id", "-effective_at", "-pk")
    return {version.tier_id: version for version in rows.distinct("tier_id")}


def _coming(at: datetime) -> dict[int, Version]:
    """The next version of each level that changes something: one that was called off says what holds already."""
    found: dict[int, Version] = {}
    in_force = _in_force(at)
    for version in _effective(Version.objects.filter(effective_at__gt=at)):
        before = in_force.get(version.tier_id)
        is_news = before is None or terms_of(version).to_json() != terms_of(before).to_json()
        if is_news and version.tier_id not in found:
            found[version.tier_id] = version
    return found


def _effective(versions: QuerySet[Version]) -> list[Version]:
    """The one that holds of each level and instant, by instant."""
    rows = versions.order_by("tier_id", "effective_at", "-pk").distinct("tier_id", "effective_at")
    return sorted(rows, key=lambda version: version.effective_at)


def list_history(*, tier_id: int, at: datetime) -> list[tuple[Version, str]]:
    """All versions of a level, newest first, each with its state: coming, in_force, past or called_off."""
    rows = Version.objects.filter(tier_id=tier_id).select_related("tier", "actor", "draft")
    found: list[tuple[Version, str]] = []
    seen: set[datetime] = set()
    has_current = False
    for version in rows.order_by("-effective_at", "-pk"):
        if version.effective_at in seen:
            state = "called_off"
        elif version.effective_at > at:
            state = "coming"
        else:
            state, has_current = ("past" if has_current else "in_force"), True
        seen.add(version.effective_at)
        found.append((version, state))
    return found


def find_version_in_force(*, tier_id: int, at: datetime) -> Version | None:
    """What a level says at ``at``; None for one whose first rules have not begun."""
    return Version.objects.filter(tier_id=tier_id, effective_at__lte=at).order_by("-effective_at", "-pk").first()


def list_tiers_of(track_id: int) -> list[Tier]:
    """The levels of a track, lowest first."""
    return list(Tier.objects.filter(track_id=track_id).select_related("track").order_by("rank"))


def find_open_draft(track_id: int) -> Draft | None:
    """The draft that is being worked on, if any."""
    return Draft.objects.filter(track_id=track_id, status=Draft.Status.OPEN).first()


def list_drafts(track_id: int) -> QuerySet[Draft]:
    """All drafts of a track, newest first."""
    return Draft.objects.filter(track_id=track_id).select_related("changed_by").order_by("-pk")


def list_perk_codes(tier: Tier) -> Sequence[str]:
    """Every code that a service of this level ever had, so that a new service never takes an old one's."""
    codes = [perk["code"] for perks in tier.versions.values_list("perks", flat=True) for perk in perks]
    drafts = Draft.objects.filter(track_id=tier.track_id).values_list("levels", flat=True)
    codes += [perk["code"] for levels in drafts for perk in levels.get(str(tier.pk), {}).get("perks", [])]
    return codes


def list_gifts(*, tier_id: int) -> QuerySet[TierGift]:
    """The packs that a level gives, by occasion."""
    return TierGift.objects.filter(tier_id=tier_id).select_related("pack").order_by("occasion", "pk")


def count_holders_of(tier_id: int) -> int:
    """How many members hold a level by an open period."""
    return Period.objects.filter(tier_id=tier_id, ends_at__isnull=True).count()
