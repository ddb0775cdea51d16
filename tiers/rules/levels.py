"""Which level a member's figures earn, and what becomes of a level at the end of its validity. No Django, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tiers.rules.keeping import NEVER_FALLS, ONE_DOWN, REQUALIFY, TO_BASE, KeepRule, last_judged_day
from tiers.rules.thresholds import MetricProgress, Sums, Thresholds, progress_of
from tiers.rules.windows import MEMBERSHIP_YEAR, Validity

_THRESHOLDS_THEMSELVES = KeepRule()
_OF_THE_WINDOW = Validity()


@dataclass(frozen=True)
class Level:
    """A tier with its version in force, as far as a decision needs it. The levels of a decision are of one track."""

    tier_id: int
    version_id: int
    code: str
    rank: int
    thresholds: Thresholds
    keep: str = REQUALIFY
    keep_rule: KeepRule = _THRESHOLDS_THEMSELVES
    validity: Validity = _OF_THE_WINDOW
    grace_days: int = 0
    is_retired: bool = False

    @property
    def falls(self) -> bool:
        """Whether the level can be lost at all (checklist T06)."""
        return self.keep != NEVER_FALLS

    @property
    def needs(self) -> Thresholds:
        """What must be reached to keep it: a rule of its own, else what reached it."""
        return self.keep_rule.thresholds or self.thresholds

    @property
    def needs_joining_day(self) -> bool:
        """Whether one of its windows is the membership year."""
        return MEMBERSHIP_YEAR in (self.thresholds.window.kind, self.needs.window.kind)

    def valid_through(self, today: date, joined_on: date | None = None) -> date | None:
        """The last day of this level when reached on ``today`` (R-T3), None where it has no end.

        It is the longest that the windows of reaching and keeping it give, unless the version has a validity of its
        own. A level without thresholds (the base, a card type) ends only by such a validity. No end have levels nobody
        falls from, and levels that only consecutive months take away.
        """
        if not self.thresholds.metrics:
            return self.validity.through(today, None)
        if not self.falls or (self.keep_rule.is_streak_only and self.validity.is_empty):
            return None
        ends = [thresholds.window.valid_through(today, joined_on) for thresholds in (self.thresholds, self.needs)]
        longest = None if None in ends else max(end for end in ends if end is not None)
        return self.validity.through(today, longest)

    def renewed_through(self, judged_on: date, today: date, joined_on: date | None = None) -> date | None:
        """The last day of this level when it was kept by the figures of ``judged_on``, the last day of its validity.

        Counted from that day, so that a late night lengthens nothing; from yesterday where that would be over already.
        """
        last = self.valid_through(judged_on, joined_on)
        if last is not None and last < today:
            return self.valid_through(today - timedelta(days=1), joined_on)
        return last


def first_days(
    levels: Iterable[Level], today: date, joined_on: date | None = None, *, keeping: bool = False
) -> list[date | None]:
    """The distinct beginnings of all windows, earliest first, a lifetime before all.

    ``keeping`` adds the windows of what must be reached to keep the levels.
    """
    found = {
        thresholds.window.first_day(today, joined_on)
        for level in levels
        for thresholds in ((level.thresholds, level.needs) if keeping else (level.thresholds,))
        if thresholds.metrics
    }
    return sorted(found, key=lambda day: day or date.min)


def lowest(levels: Sequence[Level]) -> Level:
    """The base of the track."""
    return min(levels, key=lambda level: level.rank)


def earned_level(levels: Sequence[Level], sums: Sums, today: date, joined_on: date | None = None) -> Level:
    """The highest level whose thresholds are met, skipping those between; the lowest of all where none is.

    Nobody earns a retired level, nor one above the lowest without thresholds: that is given by hand or bought.
    """
    base = lowest(levels)
    for level in sorted(levels, key=lambda level: -level.rank):
        if level is base or (
            not level.is_retired and level.thresholds.metrics and level.thresholds.are_met_in(sums, today, joined_on)
        ):
            return level
    return base


@dataclass(frozen=True)
class Outcome:
    """What became of a level that was judged. ``counts_after`` is set where the member fell below what the figures up
    to that day would earn again at once: they are used up (R-T8's restart, for falls by rule)."""

    level: Level
    is_kept: bool
    counts_after: date | None = None


def is_kept(held: Level, sums: Sums, judged_on: date, joined_on: date | None = None) -> bool:
    """Whether the figures of ``judged_on`` (the last day of the validity) keep the level.

    A retired one is not kept, one that nobody falls from always."""
    return not held.is_retired and (not held.falls or held.needs.are_met_in(sums, judged_on, joined_on))


def level_after(
    levels: Sequence[Level], held: Level, sums: Sums, judged_on: date, joined_on: date | None = None
) -> Outcome:
    """Where a member goes whose validity ended with ``judged_on`` (R-T4).

    The sums are of the windows of that day, with everything recorded for days after it (none but for stores ahead of
    the installation's zone, and what was bought during days of grace). A level missed upwards is made up for. Who
    fails goes to the best lower level that the figures earn, to the next lower one, or to the lowest, as the version
    says; from a retired level to what is earned, whatever it says, because its end is nobody's failing.
    """
    earned = earned_level(levels, sums, judged_on, joined_on)
    if earned.rank > held.rank:
        return Outcome(earned, is_kept=False)
    if held.is_retired:
        return Outcome(earned, is_kept=False)
    if is_kept(held, sums, judged_on, joined_on):
        return Outcome(held, is_kept=True)
    return _fallen(levels, held, sums, judged_on, judged_on, joined_on)


def level_after_streak(
    levels: Sequence[Level], held: Level, sums: Sums, today: date, joined_on: date | None = None
) -> Outcome:
    """Where a member goes whom consecutive months took the level from on ``today``; the sums are of today's windows."""
    return _fallen(levels, held, sums, today, last_judged_day(today), joined_on)


def _fallen(
    levels: Sequence[Level], held: Level, sums: Sums, on: date, counts_after: date, joined_on: date | None
) -> Outcome:
    lower = [level for level in levels if level.rank < held.rank]
    if not lower:
        return Outcome(held, is_kept=True)
    base = lowest(levels)
    if held.keep == TO_BASE:
        fallen = base
    elif held.keep == ONE_DOWN:
        fallen = max((level for level in lower if not level.is_retired or level is base), key=lambda level: level.rank)
    else:
        fallen = earned_level(lower, sums, on, joined_on)
    would_rise = earned_level(levels, sums, on, joined_on).rank > fallen.rank
    return Outcome(fallen, is_kept=False, counts_after=counts_after if would_rise else None)


def may_fall_on(held: Level, last_valid_day: date, today: date) -> bool:
    """Whether the days of grace after the validity are over on ``today``; until then a level can only be kept."""
    return today > last_valid_day + timedelta(days=held.grace_days)


def progress_towards(level: Level, sums: Sums, today: date, joined_on: date | None = None) -> list[MetricProgress]:
    """How far a member is on each metric of a level, in the fixed order of metrics."""
    return progress_of(level.thresholds, sums, today, joined_on)
