"""What the night would decide about the members of a track (R-T4, R-T5), in SQL for all of them at once.

The decisions are those of ``tiers.rules``, member by member; a test with random rules and figures holds them together.
Nothing is written here: ``tiers.services.nightly`` does that under the members' locks, the preview only reads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from core.days import end_of, last_day, zone
from tiers.models import Change, Period, ProgressEntry, Reason, Track, Version
from tiers.rules import NEVER_FALLS, ONE_DOWN, TO_BASE, Level, last_judged_day
from tiers.selectors.levels import EARNED, level_of, list_versions_by_track
from tiers.selectors.night_figures import Figures, Parameters

Statement = tuple[str, dict[str, Any]]
# Members whose figures one reading statement looks at.
SPAN = 50_000


class Decided(NamedTuple):
    """One member's move: levels by their ids, the period it closes (None: the base level without one), the end of the
    new validity, the day that counting restarts after, and the figures as JSON."""

    member_id: int
    period_id: int | None
    from_id: int
    to_id: int
    version_id: int
    reason: str
    valid_until: datetime | None
    counts_after: date | None
    figures: Any


@dataclass(frozen=True)
class Step:
    """One part of the night on one track: what has expired, which consecutive months failed, whose validity ended with
    ``judged_on``, and who rises."""

    kind: str
    judged_on: date | None = None


EXPIRED = "expired"
STREAK = "streak"
DUE = "due"
RISE = "rise"


class Night:
    """The statements of one track on one shop day. ``at`` is the instant of the run, ``due`` are the last days of the
    levels whose validity is over, ``restarts`` says whether counting was restarted for anybody."""

    def __init__(
        self, versions: Sequence[Version], day: date, at: datetime, due: Sequence[date], restarts: bool
    ) -> None:
        self.track: Track = versions[0].tier.track
        self.levels: list[Level] = [level_of(version) for version in versions]
        self.base = min(self.levels, key=lambda level: level.rank)
        self.day = day
        self.at = at
        self.due = due
        self.restarts = restarts

    def steps(self) -> list[Step]:
        """The parts of this night in their order, each due day by itself; those that concern nobody are left out."""
        if self.track.kind not in EARNED:
            return [Step(EXPIRED)] if self.due else []
        steps = [Step(STREAK)] if self._streaks() else []
        steps += [Step(DUE, judged_on) for judged_on in self.due]
        if any(level.thresholds.metrics and not level.is_retired for level in self.levels):
            steps.append(Step(RISE))
        return steps

    def decisions(
        self, step: Step, *, members: Sequence[int] | None = None, between: tuple[int, int] | None = None
    ) -> Statement:
        """The moves of a step (columns of :class:`Decided`, by member), of some members or of a range of ids."""
        parameters = Parameters()
        if members is not None:
            scope = f"{{id}} = ANY({parameters.add(list(members))})"
        elif between is not None:
            scope = f"{{id}} BETWEEN {parameters.add(between[0])} AND {parameters.add(between[1])}"
        else:
            scope = "true"
        # Under the lock of named members nothing that was read before it counts.
        restarts = self.restarts or members is not None
        build = {EXPIRED: self._expired, STREAK: self._streak, DUE: self._due, RISE: self._rise}[step.kind]
        return build(step, scope, parameters, restarts), parameters.values

    def _streaks(self) -> list[Level]:
        return [
            level
            for level in self.levels
            if level.keep_rule.streak is not None and level.keep != NEVER_FALLS and level is not self.base
        ]

    def _held(self, scope: str, parameters: Parameters, condition: str = "") -> str:
        return f"""held AS (
            SELECT p.id, p.member_id, p.track_id, p.tier_id, t.rank, p.starts_at, p.reason, p.valid_until,
                   p.locked_until, p.joins_auto_upgrade, p.counts_after
            FROM tiers_period p JOIN tiers_tier t ON t.id = p.tier_id
            WHERE p.ends_at IS NULL AND p.track_id = {parameters.add(self.track.pk)}
              AND {scope.format(id="p.member_id")} {condition}
        )"""  # noqa: S608 (fixed text; values are parameters)

    def _unlocked(self, parameters: Parameters) -> str:
        return f"(locked_until IS NULL OR locked_until <= {parameters.add(self.at)})"

    def _expired(self, step: Step, scope: str, parameters: Parameters, restarts: bool) -> str:
        """What was bought or given for a time ends with it (M02); the other tracks are as they are (T07)."""
        base, ends = self.base, parameters.add(end_of(max(self.due)))
        return f"""
            WITH {self._held(scope, parameters)}
            SELECT member_id, id, tier_id, {base.tier_id}, {base.version_id}, '{Reason.EXPIRED.value}',
                   NULL::timestamptz, NULL::date, '[]'::jsonb
            FROM held WHERE valid_until <= {ends} AND {self._unlocked(parameters)} AND tier_id <> {base.tier_id}
            ORDER BY member_id
        """  # noqa: S608 (fixed text; values are parameters)

    def _streak(self, step: Step, scope: str, parameters: Parameters, restarts: bool) -> str:
        """Who failed the rule of consecutive months falls as the version says, unless the figures earn a higher level.

        The level is held since its last change that was no renewal.
        """
        figures = Figures(self.levels, self.day, parameters)
        strict = self._streaks()
        fails = " ".join(
            f"WHEN {level.tier_id} THEN {figures.fails(level.keep_rule.streak, 'begun.obtained_on')}"
            for level in strict
            if level.keep_rule.streak is not None
        )
        earned, to_rank = figures.earned(self.levels), self._fallen(figures, strict)
        after = last_judged_day(self.day)
        tiers = parameters.add([level.tier_id for level in strict])
        held = self._held(scope, parameters, f"AND p.tier_id = ANY({tiers}) AND {self._unlocked(parameters)}")
        source = f"held JOIN begun ON begun.member_id = held.member_id {figures.joins('held')}"
        judged = f"""judged AS (
            SELECT held.*, {earned} AS earned, {to_rank} AS to_rank, {self._ends(figures, self.day, None)},
                   {figures.told()} AS figures
            FROM {source}
            WHERE CASE held.tier_id {fails} ELSE false END
        )"""  # noqa: S608 (fixed text; values are parameters)
        parts = [held, figures.begun(), *figures.ctes(scope, of_holders=True), judged]
        return f"""
            WITH {", ".join(parts)}
            SELECT j.member_id, j.id, j.tier_id, {self._chosen("tier_id", "j.to_rank")},
                   {self._chosen("version_id", "j.to_rank")}, '{Reason.DOWNGRADED.value}', {self._until("j")},
                   CASE WHEN j.earned > j.to_rank THEN {parameters.add(after, "date")} END, j.figures
            FROM judged j WHERE j.earned <= j.rank ORDER BY j.member_id
        """  # noqa: S608 (fixed text; values are parameters)

    def _due(self, step: Step, scope: str, parameters: Parameters, restarts: bool) -> str:
        """``level_after`` for whose validity ended with one day; in the days of grace a level can only be kept."""
        judged_on = step.judged_on or self.day
        figures = Figures(self.levels, judged_on, parameters)
        earned, fallen = figures.earned(self.levels), self._fallen(figures, self.levels)
        kept = " ".join(
            f"WHEN {level.tier_id} THEN {'true' if not level.falls else figures.met(level.needs)}"
            for level in self.levels
        )
        retired = [level.tier_id for level in self.levels if level.is_retired]
        over = [level.tier_id for level in self.levels if self.day > judged_on + timedelta(days=level.grace_days)]
        condition = f"AND p.valid_until = {parameters.add(end_of(judged_on))} AND {self._unlocked(parameters)}"
        judged = f"""judged AS (
            SELECT held.*, {earned} AS earned, CASE held.tier_id {kept} ELSE false END AS is_kept, {fallen} AS fallen,
                   {self._ends(figures, judged_on, self.day)}, {figures.told()} AS figures
            FROM held {figures.joins("held")}
        )"""  # noqa: S608 (fixed text; values are parameters)
        moved = f"""moved AS (
            SELECT judged.*, CASE WHEN earned > rank OR tier_id = ANY({parameters.add(retired)}) THEN earned
                                  WHEN is_kept OR rank = {self.base.rank} THEN rank ELSE fallen END AS to_rank,
                   NOT (earned > rank OR tier_id = ANY({parameters.add(retired)}) OR is_kept) AS fails
            FROM judged
        )"""  # noqa: S608 (fixed text; values are parameters)
        parts = [self._held(scope, parameters, condition), *figures.ctes(scope, of_holders=True), judged, moved]
        return f"""
            WITH {", ".join(parts)}
            SELECT j.member_id, j.id, j.tier_id, {self._chosen("tier_id", "j.to_rank")},
                   {self._chosen("version_id", "j.to_rank")},
                   CASE WHEN j.to_rank > j.rank THEN '{Reason.UPGRADED.value}' WHEN j.to_rank = j.rank
                        THEN '{Reason.KEPT.value}' ELSE '{Reason.DOWNGRADED.value}' END, {self._until("j")},
                   CASE WHEN j.fails AND j.earned > j.to_rank THEN {parameters.add(judged_on, "date")} END, j.figures
            FROM moved j WHERE j.to_rank >= j.rank OR j.tier_id = ANY({parameters.add(over)})
            ORDER BY j.member_id
        """  # noqa: S608 (fixed text; values are parameters)

    def _rise(self, step: Step, scope: str, parameters: Parameters, restarts: bool) -> str:
        """Upgrades that no sale has seen: imported orders, balances, windows that a return left (R-T7, R-T11)."""
        figures = Figures(self.levels, self.day, parameters)
        earned = figures.earned(self.levels)
        parts = [self._held(scope, parameters), *figures.ctes(scope, of_holders=False, restarts=restarts)]
        base = "sums"
        if figures.needs_balance:
            # Who has a balance need not have any entry.
            base = "everybody"
            parts.append(f"everybody AS (SELECT id AS member_id FROM members_member WHERE {scope.format(id='id')})")  # noqa: S608
        joins = f"LEFT JOIN held ON held.member_id = {base}.member_id {figures.joins(base)}"
        judged = f"""judged AS (
            SELECT {base}.member_id, held.id, coalesce(held.tier_id, {self.base.tier_id}) AS tier_id,
                   {earned} AS to_rank, {self._ends(figures, self.day, None)}, {figures.told()} AS figures
            FROM {base} {joins}
            WHERE {earned} > coalesce(held.rank, {self.base.rank})
              AND (held.rank IS NULL OR held.joins_auto_upgrade OR {self._unlocked(parameters)})
        )"""  # noqa: S608 (fixed text; values are parameters)
        return f"""
            WITH {", ".join([*parts, judged])}
            SELECT j.member_id, j.id, j.tier_id, {self._chosen("tier_id", "j.to_rank")},
                   {self._chosen("version_id", "j.to_rank")}, '{Reason.UPGRADED.value}', {self._until("j")}, NULL::date,
                   j.figures
            FROM judged j ORDER BY j.member_id
        """  # noqa: S608 (fixed text; values are parameters)

    def _fallen(self, figures: Figures, held: Sequence[Level]) -> str:
        """The rank that who fails goes to, by the level held: the lowest, the next lower one, or the best earned."""
        cases = []
        for level in held:
            if level.keep == TO_BASE:
                cases.append(f"WHEN {level.tier_id} THEN {self.base.rank}")
            elif level.keep == ONE_DOWN:
                given = [one for one in self.levels if not one.is_retired or one is self.base]
                lower = [one.rank for one in given if one.rank < level.rank]
                cases.append(f"WHEN {level.tier_id} THEN {max(lower, default=self.base.rank)}")
        earned = figures.earned(self.levels, below="held.rank")
        return f"CASE held.tier_id {' '.join(cases)} ELSE {earned} END" if cases else earned

    def _ends(self, figures: Figures, on: date, today: date | None) -> str:
        """A column for the last day of each level, were it given now."""
        return ", ".join(f"{figures.last_day(level, on, today)} AS last_{level.tier_id}" for level in self.levels)

    def _until(self, row: str) -> str:
        """The exclusive end of the level chosen."""
        days = self._chosen_of([(level.rank, f"{row}.last_{level.tier_id}") for level in self.levels], f"{row}.to_rank")
        return f"(({days} + 1)::timestamp AT TIME ZONE '{zone()}')"

    def _chosen(self, column: str, rank: str) -> str:
        return self._chosen_of([(level.rank, str(getattr(level, column))) for level in self.levels], rank)

    def _chosen_of(self, pairs: Sequence[tuple[int, str]], rank: str) -> str:
        return f"CASE {rank} {' '.join(f'WHEN {one} THEN {value}' for one, value in pairs)} END"


def list_nights(day: date, at: datetime) -> list[Night]:
    """One for every track, in the order of the tracks' making; three statements.

    A run for a day that is over sees what was due by its end. What is locked is not due (R-T8).
    """
    due: dict[int, set[date]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT track_id, valid_until FROM tiers_period WHERE ends_at IS NULL AND valid_until <= %s"
            " AND (locked_until IS NULL OR locked_until <= %s)",
            [min(at, end_of(day) - timedelta(microseconds=1)), at],
        )
        for track_id, ends in cursor.fetchall():
            due.setdefault(track_id, set()).add(last_day(ends))
    restarted = set(
        Period.objects.filter(ends_at__isnull=True, counts_after__isnull=False)
        .order_by()
        .values_list("track_id", flat=True)
        .distinct()
    )
    nights = []
    for versions in list_versions_by_track(at, list(Track.Kind.values)):
        track_id = versions[0].tier.track_id
        nights.append(Night(versions, day, at, sorted(due.get(track_id, ())), track_id in restarted))
    return nights


def read(statement: Statement) -> list[Decided]:
    """The rows of :meth:`Night.decisions`."""
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return [Decided(*row) for row in cursor.fetchall()]


def spans() -> Iterator[tuple[int, int]]:
    """Ranges of member ids, both ends included, of at most :data:`SPAN` members each; one statement per range."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max(id) FROM (SELECT id FROM members_member WHERE id > %s ORDER BY id LIMIT %s) m",
                [after, SPAN],
            )
            (last,) = cursor.fetchone()
        if last is None:
            return
        yield after + 1, last
        after = last


def list_imported(changes: QuerySet[Change]) -> QuerySet[Change, int]:
    """Those of the changes whose member's newest figures came with an import: nobody is told and given anything for
    what happened before the shop had this product (rules.md 10)."""
    entries = ProgressEntry.objects.filter(member_id=OuterRef("member_id")).order_by()
    newest = Subquery(entries.values("member_id").annotate(newest=Max("pk")).values("newest"))
    imported = ProgressEntry.objects.filter(pk=OuterRef("newest"), idempotency_key__startswith="import:")
    return changes.annotate(newest=newest).filter(Exists(imported)).values_list("pk", flat=True)
