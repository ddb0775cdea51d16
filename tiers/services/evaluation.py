"""Deciding a member's levels at the event that reaches them and after a refund."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from core import settings
from core.database import joining_atomic
from core.days import end_of, last_day, local_day
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Change, Period, ProgressEntry, Reason, Version
from tiers.rules import (
    BALANCE,
    METRICS_OF_TRACK,
    SINGLE_RECHARGE,
    Level,
    Sums,
    Thresholds,
    earned_level,
    fails_streak,
    first_days,
    is_kept,
    last_judged_day,
    late_until,
)
from tiers.selectors import (
    asks_for,
    get_balance,
    get_monthly,
    get_obtained_on,
    get_spans,
    joined_on,
    level_of,
    list_open_periods,
    list_versions_by_track,
)
from tiers.selectors.progress import Span, effective_first
from tiers.services.giving import cancel_upgrade, give_upgrade
from tiers.services.moving import Decision, figures_of, move, valid_until

REVOKE_DAYS = "tiers.revoke_within_days"
REVOKE = "tiers.revoke_on_refund"
AT_ONCE, WAIT = "at_once", "wait"


@dataclass
class _Case:
    """One track of a member that is being looked at: its rules, the level held, and the figures of the windows.

    ``found`` holds sums by span, ``balance`` the stored principal where somebody looks by hand (R-T11).
    """

    member_id: int
    versions: list[Version]
    period: Period | None
    today: date
    joined: date | None = None
    found: dict[Span, dict[str, Decimal]] = field(default_factory=dict)
    balance: Decimal | None = None

    def __post_init__(self) -> None:
        self.levels = [level_of(version) for version in self.versions]

    @property
    def rank(self) -> int:
        return self.versions[0].tier.rank if self.period is None else self.period.tier.rank

    def version_of(self, level: Level) -> Version:
        return next(version for version in self.versions if version.pk == level.version_id)

    def span(self, first: date | None, until: date | None = None) -> Span:
        return effective_first(first, None if self.period is None else self.period.counts_after), until

    def late_span(self, level: Level, business_on: date) -> tuple[date | None, Span]:
        """The window of a level around a day that is over: its beginning, and what is summed up."""
        window = level.thresholds.window
        first = window.first_day(business_on, self.joined)
        return first, self.span(first, late_until(window, business_on, self.joined))

    def spans(self, business_on: date | None) -> set[Span]:
        """All that a decision may ask for, so that it is summed in one statement."""
        wanted = {self.span(first) for first in first_days(self.levels, self.today, self.joined)}
        if business_on is not None:
            wanted |= {self.late_span(level, business_on)[1] for level in self.levels if level.thresholds.metrics}
        return wanted

    def figures(self, first: date | None, span: Span) -> Sums:
        """What counts on this track, by the first day of a window."""
        counted = METRICS_OF_TRACK[self.versions[0].tier.track.kind]
        found = {name: amount for name, amount in self.found[span].items() if name in counted}
        if self.balance is not None and BALANCE in counted:
            found[BALANCE] = self.balance
        return {first: found}

    @property
    def sums(self) -> Sums:
        """The figures of today's windows."""
        sums: dict[date | None, Any] = {}
        for first in first_days(self.levels, self.today, self.joined):
            sums.update(self.figures(first, self.span(first)))
        return sums


@joining_atomic
def reevaluate(
    *,
    member_id: int,
    at: datetime,
    source: str,
    store: Store | None = None,
    actor: Staff | None = None,
    business_on: date | None = None,
    is_look: bool = False,
) -> Change | None:
    """Move the member up at once if a threshold is reached now (R-T3), skipping levels; None if nothing moves.

    Called as the last value step of a sale, recharge or refund, so the event itself was priced at the old level. Looks
    at the growth track and the one of stored value; the change that is returned is of growth where both moved. Never
    moves down inside a sale; only an upgrade younger than the return window is revoked when a refund takes back what
    it was earned with (R-T6): the member then has the level before it with its old validity, or the higher one that
    the figures still give. Two events at once: the member's lock lets the second see the first's level.

    ``business_on`` is the day that the event counts for. One that is over counts in its own windows too: what they
    reach takes effect now, as long as it would not have ended meanwhile, and a level that the night took away comes
    back where the late order would have kept it (R-T7). ``is_look`` is a look by hand: the stored principal counts,
    which no sale asks for (R-T11). Gifts of an upgrade are given, those of a revoked one go back.
    """
    member = lock_member(member_id)
    periods = list_open_periods(member_id)
    today = local_day(at)
    cases = [
        _Case(member_id, versions, periods.get(versions[0].tier.track_id), today)
        for versions in list_versions_by_track(at)
        if len(versions) > 1
    ]
    levels = [level for case in cases for level in case.levels]
    if any(level.needs_joining_day for level in levels):
        for case in cases:
            case.joined = local_day(member.registered_at)
    late = business_on if business_on is not None and business_on < today else None
    found = get_spans(
        member_id=member_id,
        spans={span for case in cases for span in case.spans(late)},
        largest=asks_for(levels, SINGLE_RECHARGE),
    )
    balance = get_balance(member_id, at) if is_look and asks_for(levels, BALANCE) else None
    changes = []
    for case in cases:
        case.found, case.balance = found, balance
        decision, kept = _decide(case, late, at)
        if decision is not None:
            changes.append(
                move(
                    member_id=member_id,
                    period=case.period,
                    base=case.versions[0],
                    decision=decision,
                    source=source,
                    at=at,
                    store=store,
                    actor=actor,
                    **kept,
                )
            )
    for change in changes:
        if change.reason == Reason.UPGRADED:
            give_upgrade(change=change, at=at, store=store, actor=actor)
        elif change.reason == Reason.REVOKED:
            cancel_upgrade(change=change, at=at, store=store, actor=actor)
    return changes[0] if changes else None


def _decide(case: _Case, late: date | None, at: datetime) -> tuple[Decision | None, dict[str, Any]]:
    """Where the member goes on this track, and what of the period's lock and counting is set anew."""
    period = case.period
    if period is None or _may_rise(period, at):
        if period is not None and late is not None:
            restored = _reinstatement(case, period, late)
            if restored is not None:
                return restored, {"counts_after": period.previous.counts_after}
        risen = _upgrade(case, late, at)
        if risen is not None:
            return risen, {}
    if period is None or _is_locked(period, at):
        return None, {}
    earned = earned_level(case.levels, case.sums, case.today, case.joined)
    if earned.rank < case.rank and _is_undone(period, at):
        return _revocation(period, case.version_of(earned), figures_of(case.sums), at), {}
    return None, {}


def _upgrade(case: _Case, late: date | None, at: datetime) -> Decision | None:
    earned = earned_level(case.levels, case.sums, case.today, case.joined)
    if earned.rank > case.rank:
        version = case.version_of(earned)
        until = valid_until(version, case.today, case.joined)
        best = Decision(version, Reason.UPGRADED, figures_of(case.sums), until, at, case.period)
    else:
        best = None
    reached = None if late is None else _late_upgrade(case, late, max(earned.rank, case.rank), at)
    return reached or best


def _late_upgrade(case: _Case, late: date, above: int, at: datetime) -> Decision | None:
    """The highest level that the windows of a day that is over reach, if it would still be valid today and the member
    did not have it on that day already: then its validity has run its own course (R-T7)."""
    for level in sorted(case.levels, key=lambda level: -level.rank):
        if level.rank <= above or level.is_retired or not level.thresholds.metrics:
            continue
        first, span = case.late_span(level, late)
        through = level.valid_through(late, case.joined)
        sums = case.figures(first, span)
        if level.thresholds.are_met(sums[first]) and (through is None or through >= case.today):
            if level.rank <= _rank_on(case, late):
                return None
            until = None if through is None else end_of(through)
            figures = figures_of(sums, until=span[1])
            return Decision(case.version_of(level), Reason.UPGRADED, figures, until, at, case.period)
    return None


def _rank_on(case: _Case, day: date) -> int:
    """The rank held at the end of a day that is over; no statement where the member has not moved since."""
    if case.period is None or case.period.starts_at < end_of(day):
        return case.rank
    held = Period.objects.filter(
        member_id=case.member_id, track_id=case.period.track_id, starts_at__lt=end_of(day)
    ).select_related("tier")
    before = held.order_by("-starts_at", "-pk").first()
    return case.versions[0].tier.rank if before is None else before.tier.rank


def _reinstatement(case: _Case, period: Period, late: date) -> Decision | None:
    """A level that the night took away, given back by a late order that would have kept it, with its old validity, so
    that the next night judges it again by the same figures (R-T7). Only while the member has not moved on since.
    """
    lost: Period | None = period.previous
    if period.reason != Reason.DOWNGRADED or lost is None or lost.tier.rank <= case.rank:
        return None
    version = next((one for one in case.versions if one.tier_id == lost.tier_id), lost.version)
    level = level_of(version)
    fell_on = local_day(period.starts_at)
    ended = lost.valid_until is not None and lost.valid_until <= period.starts_at
    judged_on = last_day(lost.valid_until) if ended and lost.valid_until is not None else last_judged_day(fell_on)
    earned = earned_level(case.levels, case.sums, case.today, case.joined)
    if late > judged_on or level.is_retired or earned.rank > level.rank:
        return None
    first = level.needs.window.first_day(judged_on, case.joined)
    until = fell_on - timedelta(days=1)
    span = (effective_first(first, lost.counts_after), until)
    sums: Sums = {first: get_spans(member_id=case.member_id, spans=[span], largest=_asks_largest(level.needs))[span]}
    if ended:
        would_keep = is_kept(level, sums, judged_on, case.joined)
    else:
        streak = level.keep_rule.streak
        would_keep = streak is not None and not fails_streak(
            streak,
            get_monthly(member_id=case.member_id, streak=streak, today=fell_on, counts_after=lost.counts_after),
            get_obtained_on(lost),
            fell_on,
        )
    if not would_keep:
        return None
    figures = figures_of(sums, until=until)
    return Decision(version, Reason.REINSTATED, figures, lost.valid_until, lost.upgraded_at, lost.falls_back_to)


def _asks_largest(thresholds: Thresholds) -> bool:
    return SINGLE_RECHARGE in thresholds.metrics


def _is_locked(period: Period, at: datetime) -> bool:
    return period.locked_until is not None and at < period.locked_until


def _may_rise(period: Period, at: datetime) -> bool:
    """A locked level rises by itself only where the person who locked it allowed that (R-T8)."""
    return period.joins_auto_upgrade or not _is_locked(period, at)


def _is_undone(period: Period, at: datetime) -> bool:
    """Whether a refund took back an upgrade: it is young, something was taken back since, and its window fails now.

    The window is the one of the day of the upgrade, or the past one that a late order reached it in: a window that
    merely moved on costs nobody a level. What stands on the stored principal waits for the night (R-T11), and so does
    everything where the shop says so.
    """
    if period.upgraded_at is None:
        return False
    policy = settings.values(at)
    upgraded_on = local_day(period.upgraded_at)
    if policy[REVOKE] == WAIT or at >= end_of(upgraded_on + timedelta(days=policy[REVOKE_DAYS])):
        return False
    thresholds = period.version.rule
    if thresholds.ask_for_balance:
        return False
    taken_back = ProgressEntry.objects.filter(
        member_id=period.member_id, amount__lt=0, occurred_at__gte=period.upgraded_at
    )
    if not taken_back.exists():
        return False
    joined = joined_on(period.member_id) if level_of(period.version).needs_joining_day else None
    spans = [
        (effective_first(thresholds.window.first_day(day, joined), period.counts_after), until)
        for day, until in _judged_days(period, period.upgraded_at)
    ]
    found = get_spans(member_id=period.member_id, spans=spans, largest=_asks_largest(thresholds))
    return not any(thresholds.are_met(found[span]) for span in spans)


def _judged_days(period: Period, upgraded_at: datetime) -> Sequence[tuple[date, date | None]]:
    """Days whose windows may have reached the level, each with the last day that counted."""
    # A till's clock may be behind, so that the change is later than the purchase that caused it.
    change = (
        Change.objects.filter(
            member_id=period.member_id,
            to_tier_id=period.tier_id,
            reason=Reason.UPGRADED,
            occurred_at__gte=upgraded_at,
        )
        .order_by("occurred_at", "pk")
        .first()
    )
    late = {date.fromisoformat(figure["until"]) for figure in (change.figures if change else []) if "until" in figure}
    return [(local_day(upgraded_at), None), *((until, until) for until in sorted(late))]


def _revocation(period: Period, earned: Version, figures: list[dict[str, str]], at: datetime) -> Decision:
    """The level held before the upgrade, unless the same refunds took that back too; at least what is earned now.

    Either can fall again with a later refund: the next one asks about the upgrade that first reached it.
    """
    before: Period | None = period.falls_back_to
    while before is not None and before.tier.rank > earned.tier.rank and _is_undone(before, at):
        before = before.falls_back_to
    if before is not None and before.tier.rank >= earned.tier.rank:
        return Decision(
            before.version, Reason.REVOKED, figures, before.valid_until, before.upgraded_at, before.falls_back_to
        )
    joined = joined_on(period.member_id) if level_of(earned).needs_joining_day else None
    until = valid_until(earned, local_day(at), joined)
    return Decision(earned, Reason.REVOKED, figures, until, period.upgraded_at, period.falls_back_to)
