"""One member's way through the levels of a track, event by event and night by night, from the pure rules alone.

The same functions decide here that decide at the till and in the night, so that a draft can be run over what really
happened. No Django, no clock. Not replayed: the balance of stored value (R-T11), which nobody keeps for past days, and
reinstatements after late orders (R-T7), because every event counts when it happened.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from core.months import add_months, month_start
from tiers.rules.keeping import fails_streak
from tiers.rules.levels import (
    Level,
    earned_level,
    first_days,
    level_after,
    level_after_streak,
    lowest,
    may_fall_on,
)
from tiers.rules.thresholds import RECHARGE, SINGLE_RECHARGE, Sums

UPGRADED: Final = "upgraded"
KEPT: Final = "kept"
DOWNGRADED: Final = "downgraded"
REVOKED: Final = "revoked"
GIVEN: Final = "given"

ZERO: Final = Decimal(0)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """What one sale, recharge or refund counted: its amounts by metric on ``business_on``, known since ``at``.

    ``today`` is the shop day of ``at``. ``recharge`` names the recharge that its recharge amounts belong to.
    """

    at: datetime
    today: date
    business_on: date
    amounts: Mapping[str, Decimal]
    recharge: str = ""

    @property
    def takes_back(self) -> bool:
        """Whether anything of it is negative."""
        return any(amount < 0 for amount in self.amounts.values())


@dataclass(frozen=True)
class Held:
    """A level as a member holds it: what a period stores."""

    level: Level
    since: date
    valid_through: date | None = None
    upgraded_at: datetime | None = None
    upgraded_on: date | None = None
    falls_back_to: "Held | None" = None
    locked_through: date | None = None
    joins_auto_upgrade: bool = True
    counts_after: date | None = None


@dataclass(frozen=True)
class Given:
    """A level that a person gave at an instant, whatever the rules say."""

    at: datetime
    today: date
    held: Held


@dataclass(frozen=True)
class Step:
    """One movement, on its shop day; ``at`` is None where the night made it, before anything else of that day."""

    today: date
    at: datetime | None
    before: Level
    after: Level
    reason: str


@dataclass(frozen=True)
class Edition:
    """Levels of a track in force from an instant on; ``first_night`` is the first night that decides by them."""

    begins_at: datetime
    first_night: date
    levels: Sequence[Level]


@dataclass(frozen=True)
class Rulebook:
    """The editions of a track's rules, earliest first; a level's id never changes. Before the first, it holds too."""

    editions: Sequence[Edition]
    revoke_days: int = 7
    revokes: bool = True

    def at(self, instant: datetime) -> Sequence[Level]:
        """What is in force at an instant."""
        return self._last(lambda edition: edition.begins_at <= instant)

    def in_night(self, today: date) -> Sequence[Level]:
        """What the night of a day decides by."""
        return self._last(lambda edition: edition.first_night <= today)

    def _last(self, has_begun: Callable[[Edition], bool]) -> Sequence[Level]:
        begun = [edition for edition in self.editions if has_begun(edition)]
        return (begun or self.editions)[-1 if begun else 0].levels

    def first_nights(self, after: date) -> Iterator[date]:
        """Nights that see new rules."""
        return (edition.first_night for edition in self.editions if edition.first_night > after)


def _current(levels: Sequence[Level], level: Level) -> Level:
    """What a held level says now."""
    return next((one for one in levels if one.tier_id == level.tier_id), level)


@dataclass
class _Book:
    """What is known of a member so far, by business day."""

    entries: list[tuple[date, str, Decimal]] = field(default_factory=list)
    recharges: dict[str, tuple[date, Decimal]] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        for metric, amount in event.amounts.items():
            insort(self.entries, (event.business_on, metric, amount))
            if metric == RECHARGE and event.recharge:
                day, before = self.recharges.get(event.recharge, (event.business_on, ZERO))
                self.recharges[event.recharge] = (day, before + amount)

    def sums(self, firsts: Iterable[date | None], counts_after: date | None) -> Sums:
        """Figures of each window: its first day to everything that is known."""
        return {first: self._sum(first, counts_after) for first in firsts}

    def _sum(self, first: date | None, counts_after: date | None) -> dict[str, Decimal]:
        begin = max((day for day in (first, counts_after and counts_after + DAY) if day), default=date.min)
        figures: dict[str, Decimal] = {}
        for day, metric, amount in reversed(self.entries):
            if day < begin:
                break
            figures[metric] = figures.get(metric, ZERO) + amount
        single = max((amount for day, amount in self.recharges.values() if day >= begin), default=ZERO)
        return figures | {SINGLE_RECHARGE: single}

    def monthly(self, months: Sequence[date], counts_after: date | None) -> dict[date, dict[str, Decimal]]:
        """Figures of calendar months by their first days."""
        figures: dict[date, dict[str, Decimal]] = {month: {} for month in months}
        for day, metric, amount in self.entries:
            month = figures.get(month_start(day))
            if month is not None and (counts_after is None or day > counts_after):
                month[metric] = month.get(metric, ZERO) + amount
        return figures


class Replay:
    """A member on the way. Feed :meth:`run` everything in order of time; ``held`` is where they are."""

    def __init__(
        self,
        rules: Rulebook,
        held: Held,
        *,
        joined_on: date | None,
        night_at: Callable[[date], datetime],
        known: Iterable[Event] = (),
    ) -> None:
        """``known`` are the events before the first day of the replay, which count but move nobody; ``night_at`` is the
        instant of a day's night."""
        self.rules = rules
        self.held = held
        self.joined_on = joined_on
        self.night_at = night_at
        self.book = _Book()
        self.taken_back_at: datetime | None = None
        for event in known:
            self._note(event)

    def run(self, happenings: Iterable[Event | Given], first: date, last: date) -> Iterator[Step]:
        """Every movement from the night of ``first`` to the end of ``last``, in order."""
        night: date | None = first
        for happening in happenings:
            while night is not None and night <= min(happening.today, last):
                yield from self._night(night)
                night = self._next_night(night)
            if isinstance(happening, Given):
                yield self._move(happening.held, happening.today, happening.at, GIVEN)
            else:
                self._note(happening)
                yield from self._at_event(happening)
            # What happened may have made an earlier night worth looking at; what a person gave, the very next one.
            today = min(happening.today, last)
            coming = today + DAY if isinstance(happening, Given) else self._next_night(today)
            night = min((one for one in (night, coming) if one is not None), default=None)
        while night is not None and night <= last:
            yield from self._night(night)
            night = self._next_night(night)

    def _note(self, event: Event) -> None:
        self.book.add(event)
        if event.takes_back:
            self.taken_back_at = event.at

    def _move(self, held: Held, today: date, at: datetime | None, reason: str) -> Step:
        step = Step(today, at, self.held.level, held.level, reason)
        self.held = held
        return step

    # Events ----------------------------------------------------------------------------------------------------------

    def _at_event(self, event: Event) -> Iterator[Step]:
        levels, today, held = self.rules.at(event.at), event.today, self.held
        earned = self._earned(levels, today)
        if earned.rank > held.level.rank:
            if held.joins_auto_upgrade or not self._is_locked(today):
                yield self._move(self._risen(earned, today, event.at), today, event.at, UPGRADED)
        elif (
            earned.rank < held.level.rank
            and self.rules.revokes
            and not self._is_locked(today)
            and self._is_undone(held, today)
        ):
            yield self._move(self._revoked(earned, today), today, event.at, REVOKED)

    def _earned(self, levels: Sequence[Level], today: date) -> Level:
        firsts = first_days(levels, today, self.joined_on)
        return earned_level(levels, self.book.sums(firsts, self.held.counts_after), today, self.joined_on)

    def _is_locked(self, today: date) -> bool:
        return self.held.locked_through is not None and today <= self.held.locked_through

    def _risen(self, level: Level, today: date, at: datetime) -> Held:
        return replace(
            self.held,
            level=level,
            since=today,
            valid_through=level.valid_through(today, self.joined_on),
            upgraded_at=at,
            upgraded_on=today,
            falls_back_to=self.held,
        )

    def _is_undone(self, held: Held, today: date) -> bool:
        """Whether a young upgrade's window, as it was on its day, fails now (R-T6)."""
        if held.upgraded_on is None or held.upgraded_at is None or held.level.thresholds.ask_for_balance:
            return False
        if today > held.upgraded_on + timedelta(days=self.rules.revoke_days):
            return False
        if self.taken_back_at is None or self.taken_back_at < held.upgraded_at:
            return False
        sums = self.book.sums(
            [held.level.thresholds.window.first_day(held.upgraded_on, self.joined_on)], held.counts_after
        )
        return not held.level.thresholds.are_met_in(sums, held.upgraded_on, self.joined_on)

    def _revoked(self, earned: Level, today: date) -> Held:
        held = self.held
        before = held.falls_back_to
        while before is not None and before.level.rank > earned.rank and self._is_undone(before, today):
            before = before.falls_back_to
        if before is not None and before.level.rank >= earned.rank:
            return replace(
                before,
                since=today,
                locked_through=held.locked_through,
                joins_auto_upgrade=held.joins_auto_upgrade,
                counts_after=held.counts_after,
            )
        return replace(held, level=earned, since=today, valid_through=earned.valid_through(today, self.joined_on))

    # Nights ----------------------------------------------------------------------------------------------------------

    def _next_night(self, after: date) -> date | None:
        """The next night in which anything can happen to this member without an event before it."""
        held, levels = self.held, self.rules.in_night(after)
        level = _current(levels, held.level)
        nights = list(self.rules.first_nights(after))[:1]
        if held.valid_through is not None:
            due = held.valid_through + DAY
            end_of_grace = due + timedelta(days=level.grace_days)
            nights.append(
                due if due > after else min(after + DAY, end_of_grace) if end_of_grace > after else after + DAY
            )
        if level.keep_rule.streak is not None and level.rank > lowest(levels).rank:
            nights.append(max(add_months(month_start(after), 1), level.keep_rule.streak.counts_from(held.since)))
        if held.locked_through is not None and held.locked_through >= after:
            nights.append(held.locked_through + DAY)
        return min(nights, default=None)

    def _night(self, today: date) -> Iterator[Step]:
        """The parts of a night in their order: consecutive months, the end of a validity, missed upgrades."""
        levels = self.rules.in_night(today)
        if not self._is_locked(today):
            for step in (self._streak(levels, today), self._end_of_validity(levels, today)):
                if step is not None:
                    yield step
        earned = self._earned(levels, today)
        if earned.rank > self.held.level.rank and (self.held.joins_auto_upgrade or not self._is_locked(today)):
            yield self._move(self._risen(earned, today, self.night_at(today)), today, None, UPGRADED)

    def _end_of_validity(self, levels: Sequence[Level], today: date) -> Step | None:
        held = self.held
        if held.valid_through is None or held.valid_through >= today:
            return None
        level = _current(levels, held.level)
        judged_on = held.valid_through
        sums = self.book.sums(first_days(levels, judged_on, self.joined_on, keeping=True), held.counts_after)
        outcome = level_after(levels, level, sums, judged_on, self.joined_on)
        through = outcome.level.renewed_through(judged_on, today, self.joined_on)
        if outcome.is_kept:
            kept = replace(held, level=level, valid_through=through, upgraded_at=None, upgraded_on=None)
            return self._move(replace(kept, falls_back_to=None), today, None, KEPT)
        if outcome.level.rank > level.rank:
            risen = self._risen(outcome.level, today, self.night_at(today))
            return self._move(replace(risen, valid_through=through), today, None, UPGRADED)
        if not level.is_retired and not may_fall_on(level, judged_on, today):
            return None
        fallen = self._fallen(outcome.level, outcome.counts_after, today)
        return self._move(replace(fallen, valid_through=through), today, None, DOWNGRADED)

    def _streak(self, levels: Sequence[Level], today: date) -> Step | None:
        held = self.held
        level = _current(levels, held.level)
        streak = level.keep_rule.streak
        if streak is None or level.rank == lowest(levels).rank or not level.falls:
            return None
        monthly = self.book.monthly(streak.counted_months(today), held.counts_after)
        if not fails_streak(streak, monthly, held.since, today):
            return None
        sums = self.book.sums(first_days(levels, today, self.joined_on, keeping=True), held.counts_after)
        if earned_level(levels, sums, today, self.joined_on).rank > level.rank:
            return None
        outcome = level_after_streak(levels, level, sums, today, self.joined_on)
        return self._move(self._fallen(outcome.level, outcome.counts_after, today), today, None, DOWNGRADED)

    def _fallen(self, level: Level, counts_after: date | None, today: date) -> Held:
        return replace(
            self.held,
            level=level,
            since=today,
            valid_through=level.valid_through(today, self.joined_on),
            upgraded_at=None,
            upgraded_on=None,
            falls_back_to=None,
            counts_after=max(filter(None, (counts_after, self.held.counts_after)), default=None),
        )
