"""The night in SQL decides for every member what the pure rules decide, whatever happened before (R-T4, R-T5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.days import end_of, last_day, local_day, start_of
from core.months import month_end
from members.models import Member
from tests.factories.members import create_member
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Reason, Tier, Version
from tiers.proofs import PROOFS
from tiers.rules import (
    ALL,
    AND,
    ANY,
    KEEPS,
    METRICS,
    OR,
    PER_MONTH,
    RECHARGE,
    ROUND_UPS,
    SINGLE_RECHARGE,
    WINDOW_TOTAL,
    WINDOWS,
    KeepRule,
    Level,
    Streak,
    Thresholds,
    Validity,
    Window,
    earned_level,
    fails_streak,
    first_days,
    level_after,
    level_after_streak,
    may_fall_on,
)
from tiers.selectors import level_of, list_versions_in_force
from tiers.selectors.preview import list_moves
from tiers.services import nightly

CODES = ("silver", "gold", "diamond")
MADE = datetime(2025, 1, 1, tzinfo=UTC)
numbers = count(1)

amounts = st.sampled_from([Decimal(1), Decimal(5), Decimal(9)])
thresholds = st.builds(
    Thresholds,
    metrics=st.dictionaries(st.sampled_from([*METRICS, SINGLE_RECHARGE]), amounts, min_size=1, max_size=3),
    mode=st.sampled_from([ANY, ALL]),
    window=st.builds(Window, st.sampled_from(WINDOWS), st.sampled_from([1, 2, 40])),
)
streaks = st.builds(
    Streak,
    months=st.integers(1, 3),
    metrics=st.dictionaries(st.sampled_from(METRICS), amounts, min_size=1, max_size=2),
    readings=st.dictionaries(st.sampled_from(METRICS), st.sampled_from([PER_MONTH, WINDOW_TOTAL])),
    joint=st.sampled_from([OR, AND]),
)
rules = st.fixed_dictionaries(
    {
        "thresholds": thresholds,
        "keep": st.sampled_from(KEEPS),
        "keep_rule": st.builds(KeepRule, st.none() | thresholds, st.none() | streaks),
        "validity": st.just(Validity())
        | st.builds(Validity, st.sampled_from([None, 1, 6]), st.none(), st.sampled_from(["", *ROUND_UPS])),
        "grace_days": st.sampled_from([0, 0, 3]),
        "is_retired": st.sampled_from([False, False, False, True]),
    }
)
holdings = st.none() | st.fixed_dictionaries(
    {
        "code": st.sampled_from(["normal", *CODES]),
        "held_for": st.integers(1, 400),
        "ends_in": st.none() | st.integers(-5, 2),
        "locked_for": st.sampled_from([None, None, -1, 1]),
        "joins": st.booleans(),
        "counts_after": st.none() | st.integers(0, 100),
        "is_renewed": st.booleans(),
    }
)
events = st.lists(
    st.tuples(st.sampled_from(METRICS), st.integers(-3, 9), st.integers(-1, 400), st.integers(0, 2)), max_size=12
)


@dataclass
class State:
    """What a member holds, as far as it decides."""

    level: Level
    valid_until: datetime | None
    locked_until: datetime | None
    joins: bool
    counts_after: date | None
    obtained_on: date


@dataclass
class Story:
    """A member's entries and what the pure rules make of them."""

    entries: list[ProgressEntry]
    joined: date

    def _counted(self, first: date | None, last: date | None, after: date | None) -> list[ProgressEntry]:
        return [
            entry
            for entry in self.entries
            if (first is None or entry.business_on >= first)
            and (last is None or entry.business_on <= last)
            and (after is None or entry.business_on > after)
        ]

    def sums(self, levels: list[Level], day: date, after: date | None) -> Mapping[Any, Mapping[str, Decimal]]:
        found = {}
        for first in first_days(levels, day, self.joined, keeping=True):
            counted = self._counted(first, None, after)
            figures = dict.fromkeys(METRICS, Decimal(0))
            recharges: dict[tuple[str, date], Decimal] = {}
            for entry in counted:
                figures[entry.metric] += entry.amount
                if entry.metric == RECHARGE:
                    key = (entry.source, entry.business_on)
                    recharges[key] = recharges.get(key, Decimal(0)) + entry.amount
            found[first] = {**figures, SINGLE_RECHARGE: max(recharges.values(), default=Decimal(0))}
        return found

    def monthly(self, streak: Streak, day: date, after: date | None) -> Mapping[date, Mapping[str, Decimal]]:
        found = {}
        for month in streak.counted_months(day):
            figures = dict.fromkeys(METRICS, Decimal(0))
            for entry in self._counted(month, month_end(month), after):
                figures[entry.metric] += entry.amount
            found[month] = figures
        return found


def after_the_night(levels: list[Level], state: State | None, story: Story, day: date, at: datetime) -> tuple[Any, ...]:
    """Level, end, restart and reason of the last move, by the pure rules in the order of the night."""
    base = min(levels, key=lambda level: level.rank)
    reason = None
    held = state or State(base, None, None, True, None, day)
    is_locked = held.locked_until is not None and held.locked_until > at
    streak = held.level.keep_rule.streak
    after = held.counts_after

    def rises() -> bool:
        return earned_level(levels, story.sums(levels, day, after), day, story.joined).rank > held.level.rank

    if not is_locked:
        failed = (
            streak is not None
            and held.level.falls
            and held.level is not base
            and fails_streak(streak, story.monthly(streak, day, after), held.obtained_on, day)
        )
        if failed and not rises():
            outcome = level_after_streak(levels, held.level, story.sums(levels, day, after), day, story.joined)
            until = outcome.level.valid_through(day, story.joined)
            reason = Reason.DOWNGRADED
        elif held.valid_until is not None and held.valid_until <= at:
            judged = last_day(held.valid_until)
            outcome = level_after(levels, held.level, story.sums(levels, judged, after), judged, story.joined)
            until = outcome.level.renewed_through(judged, day, story.joined)
            difference = outcome.level.rank - held.level.rank
            if difference >= 0 or may_fall_on(held.level, judged, day):
                reason = Reason.UPGRADED if difference > 0 else Reason.KEPT if not difference else Reason.DOWNGRADED
        if reason is not None:
            ends = None if until is None else end_of(until)
            after = max((day for day in (after, outcome.counts_after) if day is not None), default=None)
            held = State(outcome.level, ends, held.locked_until, held.joins, after, day)
    if rises() and (held.joins or not is_locked):
        level = earned_level(levels, story.sums(levels, day, after), day, story.joined)
        last = level.valid_through(day, story.joined)
        held = State(level, None if last is None else end_of(last), held.locked_until, held.joins, after, day)
        reason = Reason.UPGRADED
    return held.level.code, held.valid_until, held.counts_after, reason


def lay(rule: Mapping[str, Any], code: str) -> None:
    tier = Tier.objects.get(code=code)
    tier.retired_at = MADE if rule["is_retired"] else None
    tier.save(update_fields=["retired_at"])
    Version.objects.create(
        tier=tier,
        effective_at=MADE,
        thresholds=rule["thresholds"].to_json(),
        keep=rule["keep"],
        keep_rule=rule["keep_rule"].to_json(),
        validity=rule["validity"].to_json(),
        grace_days=rule["grace_days"],
    )


def hold(member: Member, holding: Mapping[str, Any], day: date, at: datetime, levels: dict[str, Level]) -> State:
    level = levels[holding["code"]]
    tier = Tier.objects.get(code=holding["code"])
    begun = at - timedelta(days=holding["held_for"])
    common = {"member": member, "track": tier.track, "tier": tier, "version_id": level.version_id}
    previous = None
    if holding["is_renewed"]:
        previous = Period.objects.create(**common, starts_at=begun - timedelta(days=90), ends_at=begun, reason="manual")
    ends = None if holding["ends_in"] is None else end_of(day + timedelta(days=holding["ends_in"]))
    locked = None if holding["locked_for"] is None else at + timedelta(days=holding["locked_for"])
    after = None if holding["counts_after"] is None else day - timedelta(days=holding["counts_after"])
    Period.objects.create(
        **common,
        starts_at=begun,
        valid_until=ends,
        reason="kept" if previous else "upgraded",
        previous=previous,
        locked_until=locked,
        joins_auto_upgrade=holding["joins"],
        counts_after=after,
    )
    obtained = local_day(previous.starts_at if previous else begun)
    return State(level, ends, locked, holding["joins"], after, obtained)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    laid=st.tuples(rules, rules, rules),
    held=st.tuples(holdings, holdings, holdings),
    happened=events,
    joined=st.tuples(*[st.dates(date(2023, 2, 27), date(2026, 5, 31))] * 3),
    day=st.sampled_from([date(2026, 3, 18), date(2026, 4, 1), date(2026, 2, 28), date(2027, 1, 1), date(2026, 5, 31)]),
)
def test_the_night_decides_for_every_member_what_the_pure_rules_decide(
    member: Member, laid: Any, held: Any, happened: Any, joined: Any, day: date
) -> None:
    at = start_of(day) + timedelta(minutes=30)
    for code, rule in zip(CODES, laid, strict=True):
        lay(rule, code)
    versions = list_versions_in_force(at)
    levels = [level_of(version) for version in versions]
    by_code = {level.code: level for level in levels}
    members = [create_member(member.store) for _ in joined]
    for one, on in zip(members, joined, strict=True):
        Member.objects.filter(pk=one.pk).update(registered_at=start_of(on) + timedelta(hours=9))
    states = [
        None if holding is None else hold(one, holding, day, at, by_code)
        for one, holding in zip(members, held, strict=True)
    ]
    entries = [
        ProgressEntry(
            member=members[who], metric=metric, amount=Decimal(amount), business_on=day - timedelta(days=ago),
            source=f"order:{ago % 2}", idempotency_key=f"night:{next(numbers)}", occurred_at=at,
        )
        for metric, amount, ago, who in happened
    ]  # fmt: skip
    ProgressEntry.objects.bulk_create(entries)
    expected = [
        after_the_night(levels, state, Story([entry for entry in entries if entry.member_id == one.pk], on), day, at)
        for one, state, on in zip(members, states, joined, strict=True)
    ]
    foretold = {move.member_id for move in list_moves(day, at)}

    list(services.evaluate_due(day, at))

    for one, wish, state in zip(members, expected, states, strict=True):
        period = Period.objects.filter(member=one, ends_at__isnull=True).select_related("tier").first()
        moved = period is not None and period.starts_at == at
        assert (one.pk in foretold) == moved == (wish[3] is not None)
        if period is not None and moved:
            assert (period.tier.code, period.valid_until, period.counts_after, period.reason) == wish
            assert period.version_id == by_code[period.tier.code].version_id
            change = Change.objects.filter(period__member=one).select_related("from_tier").earliest("pk")
            before = "normal" if state is None else state.level.code
            assert (change.from_tier.code, Change.objects.latest("pk").source) == (before, "tiers.evaluate")
    assert list(nightly.evaluate_due(day, at)) == []
    assert PROOFS[0].check()[1] == []
