"""What the member page says about levels, as ready values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from catalog.selectors import get_category_tree
from core.days import local_day
from core.months import add_months
from tiers import selectors, wording
from tiers.models import Period, Track
from tiers.selectors import Benefits, HeldTier
from tiers.selectors.benefits import CATEGORY, DISCOUNT
from tiers.selectors.perks import Perk, list_perks
from tiers.wording_terms import plain, streak_text


@dataclass(frozen=True)
class Bar:
    """One figure on the way."""

    have: str
    need: str
    percent: int


@dataclass(frozen=True)
class Way:
    """A way to a level or to keeping one, in words and bars; a way that is done has no bars."""

    text: str
    bars: tuple[Bar, ...] = ()
    is_met: bool = False


@dataclass(frozen=True)
class Month:
    """A month that the rule of consecutive months looks at."""

    name: str
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """A level held with what is said about it."""

    tier: HeldTier
    period: Period | None
    track: str
    keep: Way | None
    streak: str
    months: tuple[Month, ...]
    judged_on: date | None


@dataclass(frozen=True)
class Panel:
    """Everything of the block."""

    held: tuple[Held, ...]
    ways: tuple[Way, ...]
    is_at_top: bool
    gives: tuple[tuple[str, str], ...]
    not_rechargeable_by: str
    perks: Sequence[Perk]


def gather(*, member_id: int, at: datetime) -> Panel:
    """Levels, ways and benefits of a member; statements grow with the tracks that have levels, not with levels."""
    benefits = selectors.get_benefits(member_id=member_id, at=at)
    periods = selectors.list_open_periods(member_id)
    earned = {versions[0].tier.track.kind: versions for versions in selectors.list_versions_by_track(at)}
    nexts = [
        selectors.get_progress_to_next(member_id=member_id, at=at, kind=kind)
        for kind in (Track.Kind.GROWTH, Track.Kind.STORED)
        # A track without levels above its lowest has nothing to reach.
        if len(earned.get(kind, ())) > 1
    ]
    return Panel(
        held=tuple(_held(member_id, tier, periods.get(tier.track_id), at) for tier in benefits.held),
        ways=tuple(_way(one, wording.still_needed(one)) for one in nexts if one is not None),
        is_at_top=bool(nexts) and nexts[0] is None,
        gives=tuple(_gives(benefits)),
        not_rechargeable_by=benefits.not_rechargeable_by,
        perks=list_perks(member_id=member_id, at=at, benefits=benefits),
    )


def _held(member_id: int, tier: HeldTier, period: Period | None, at: datetime) -> Held:
    keep: Way | None = None
    streak = ""
    months: tuple[Month, ...] = ()
    judged_on: date | None = None
    if period is not None and tier.track_kind in selectors.EARNED:
        progress = selectors.get_progress_to_keep(member_id=member_id, at=at, kind=tier.track_kind)
        if progress is not None:
            keep = _way(progress, wording.still_needed_to_keep(progress))
        if period.version.keep_rule.get("streak"):
            streak, months, judged_on = _streak(member_id, tier, at)
    track = str(period.track) if period is not None and tier.track_kind != Track.Kind.GROWTH else ""
    return Held(tier, period, track, keep, streak, months, judged_on)


def _streak(member_id: int, tier: HeldTier, at: datetime) -> tuple[str, tuple[Month, ...], date | None]:
    """The rule in words, the months that count so far, and the day it is judged from where that lies ahead."""
    found = selectors.get_streak_progress(member_id=member_id, at=at, kind=tier.track_kind)
    if found is None:
        return "", (), None
    obtained = add_months(found.counts_from, -found.streak.months - 1)
    months = tuple(
        Month(
            f"{first:%Y-%m}",
            tuple(wording.amount_of(metric, figures.get(metric, Decimal(0))) for metric in found.streak.metrics),
        )
        for first, figures in found.months
        # The month in which the level was reached does not count, nor what was before it.
        if first > obtained
    )
    return streak_text(found.streak), months, found.counts_from if found.counts_from > local_day(at) else None


def _way(progress: selectors.Progress, text: str) -> Way:
    bars = tuple(
        Bar(wording.amount_of(one.metric, one.have), wording.amount_of(one.metric, one.need), one.percent)
        for one in progress.metrics
    )
    return Way(text, () if progress.is_met else bars, progress.is_met)


def _gives(benefits: Benefits) -> list[tuple[str, str]]:
    """Each benefit and the level that it comes from (R-T9)."""
    names = {}
    if benefits.category_factors:
        names = {category.pk: category.name for _depth, category in get_category_tree().flat()}
    found = []
    for source in benefits.sources:
        if source.benefit == DISCOUNT:
            text = wording.discount_text(source.value)
        elif source.benefit == CATEGORY:
            text = _("%(category)s: %(discount)s") % {
                "category": names.get(source.category_id or 0, f"#{source.category_id}"),
                "discount": wording.discount_text(source.value),
            }
        else:
            text = _("points × %(multiple)s") % {"multiple": plain(source.value)}
        found.append((text, source.tier_name))
    return found
