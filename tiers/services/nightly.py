"""The evaluation of the night: levels whose validity is over, and upgrades that no sale has seen (R-T4)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core.days import end_of, start_of
from jobs.registry import Counts
from tiers.models import Reason, Version
from tiers.rules import ANY, Level, first_days
from tiers.selectors import level_of, list_versions_in_force

CHUNK = 5000
SOURCE = "tiers.evaluate"


def evaluate_due(day: date, at: datetime) -> Iterator[Counts]:
    """Renew or lower every level whose validity has ended by ``day``, and make up for missed upgrades (R-T7).

    One statement finds the members, then chunks of them are locked, decided afresh and written by set-based statements,
    each chunk in a transaction of its own: a kill loses at most one, a second run finds nobody and writes nothing.
    A level locked by hand is left alone until its lock ends (R-T8).
    """
    versions = list_versions_in_force(at)
    due_before = min(at, end_of(day) - timedelta(microseconds=1))
    query = _Query([level_of(version) for version in versions], day, due_before, at)
    members = [row[0] for row in _rows(*query.candidates())]
    for start in range(0, len(members), CHUNK):
        yield _evaluate_chunk(query, versions, members[start : start + CHUNK], at)


def _rows(statement: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def _lock(members: list[int]) -> None:
    """``lock_member`` for many, in order of their ids."""
    _rows("SELECT id FROM members_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [members])


@transaction.atomic
def _evaluate_chunk(query: "_Query", versions: Sequence[Version], members: list[int], at: datetime) -> Counts:
    _lock(members)
    ranks = {version.tier_id: version.tier.rank for version in versions}
    chosen = {version.tier.rank: version for version in versions}
    counts: Counts = {"changed": 0, "upgraded": 0, "kept": 0, "downgraded": 0}
    rows: list[tuple[Any, ...]] = []
    for member_id, period_id, tier_id, earned_rank, figures in _rows(*query.decisions(members)):
        current = versions[0].tier_id if tier_id is None else tier_id
        version = chosen[earned_rank]
        difference = earned_rank - ranks[current]
        reason = Reason.UPGRADED if difference > 0 else Reason.KEPT if difference == 0 else Reason.DOWNGRADED
        counts[reason.value] += 1
        valid_until = query.valid_until(version)
        rows.append((member_id, period_id, current, version.tier_id, version.pk, valid_until, reason.value, figures))
    if rows:
        _write(rows, versions[0].tier.track_id, at)
    counts["changed"] = 3 * len(rows) - sum(1 for row in rows if row[1] is None)
    return counts


def _write(rows: Sequence[tuple[Any, ...]], track_id: int, at: datetime) -> None:
    member, period, before, after, version, until, reason, figures = (
        list(column) for column in zip(*rows, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tiers_period SET ends_at = greatest(starts_at, %s) WHERE id = ANY(%s)",
            [at, [pk for pk in period if pk is not None]],
        )
        cursor.execute(
            """
            WITH decided AS (
                SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                                     %s::timestamptz[], %s::text[], %s::text[])
                    AS d (member_id, period_id, from_id, to_id, version_id, valid_until, reason, figures)
            ), opened AS (
                INSERT INTO tiers_period (member_id, track_id, tier_id, version_id, starts_at, valid_until, reason,
                                          previous_id, locked_until, joins_auto_upgrade, counts_after,
                                          upgraded_at, falls_back_to_id)
                SELECT d.member_id, %s, d.to_id, d.version_id, greatest(%s, p.starts_at), d.valid_until, d.reason, p.id,
                       p.locked_until, coalesce(p.joins_auto_upgrade, true), p.counts_after,
                       CASE WHEN d.reason = 'upgraded' THEN greatest(%s, p.starts_at) END,
                       CASE WHEN d.reason = 'upgraded' THEN p.id END
                FROM decided d LEFT JOIN tiers_period p ON p.id = d.period_id
                ORDER BY d.member_id
                RETURNING id, member_id, starts_at
            )
            INSERT INTO tiers_change (member_id, period_id, from_tier_id, to_tier_id, reason, memo, figures, source,
                                      occurred_at, recorded_at)
            SELECT d.member_id, o.id, d.from_id, d.to_id, d.reason, '', d.figures::jsonb, %s, o.starts_at,
                   clock_timestamp()
            FROM decided d JOIN opened o USING (member_id)
            ORDER BY d.member_id
            """,
            [member, period, before, after, version, until, reason, figures, track_id, at, at, SOURCE],
        )


class _Query:
    """The statements of one night, built from the levels in force. All values are parameters."""

    def __init__(self, levels: Sequence[Level], today: date, due_before: datetime, at: datetime) -> None:
        self.levels = sorted(levels, key=lambda level: -level.rank)
        self.today = today
        self.due_before = due_before
        self.at = at
        self.since = first_days(levels, today)
        self.columns: dict[tuple[date | None, str], str] = {}
        for level in levels:
            first = level.thresholds.window.first_day(today)
            for metric in level.thresholds.metrics:
                self.columns.setdefault((first, metric), f"m{len(self.columns)}")

    def valid_until(self, version: Version) -> datetime | None:
        """The exclusive end of a level given tonight."""
        last = level_of(version).valid_through(self.today)
        return None if last is None else start_of(last + timedelta(days=1))

    def candidates(self) -> tuple[str, list[Any]]:
        """Ids of the members to look at, in order."""
        statement, params = self._decided("", [])
        return f"SELECT member_id FROM ({statement}) d ORDER BY member_id", params  # noqa: S608

    def decisions(self, members: list[int]) -> tuple[str, list[Any]]:
        """Period, level held, rank earned and figures of those members of a chunk that still have to move."""
        return self._decided("AND member_id = ANY(%s)", [members])

    def _decided(self, only: str, only_params: list[Any]) -> tuple[str, list[Any]]:
        sums, sum_params = self._sums()
        rank, rank_params = self._rank()
        lower, lower_params = self._earliest()
        # Every part is made of fixed text and column names of this class; values travel as parameters.
        statement = f"""
            WITH held AS (
                SELECT p.id, p.member_id, p.tier_id, t.rank, p.valid_until, p.locked_until, p.joins_auto_upgrade,
                       p.counts_after
                FROM tiers_period p JOIN tiers_tier t ON t.id = p.tier_id
                WHERE p.ends_at IS NULL {only}
            ), sums AS (
                SELECT e.member_id {sums}
                FROM tiers_progressentry e LEFT JOIN held ON held.member_id = e.member_id
                WHERE (held.counts_after IS NULL OR e.business_on > held.counts_after) {lower}
                      {only.replace("member_id", "e.member_id")}
                GROUP BY e.member_id
            ), earned AS (
                SELECT coalesce(s.member_id, held.member_id) AS member_id, held.id AS period_id, held.tier_id,
                       held.rank, held.valid_until, held.locked_until, held.joins_auto_upgrade,
                       {rank} AS earned_rank, {self._figures()} AS figures
                FROM sums s FULL JOIN held ON held.member_id = s.member_id
            )
            SELECT member_id, period_id, tier_id, earned_rank, figures
            FROM earned
            WHERE (earned_rank > coalesce(rank, %s)
                   AND (rank IS NULL OR joins_auto_upgrade OR locked_until IS NULL OR locked_until <= %s))
               OR (valid_until <= %s AND (locked_until IS NULL OR locked_until <= %s))
        """  # noqa: S608
        base_rank = self.levels[-1].rank
        params = [
            *only_params, *sum_params, *lower_params, *only_params, *rank_params,
            base_rank, self.at, self.due_before, self.at,
        ]  # fmt: skip
        return statement, params

    def _sums(self) -> tuple[str, list[Any]]:
        parts: list[str] = []
        params: list[Any] = []
        for (first, metric), column in self.columns.items():
            condition = "" if first is None else " AND e.business_on >= %s"
            parts.append(f", sum(e.amount) FILTER (WHERE e.metric = %s{condition}) AS {column}")
            params += [metric] if first is None else [metric, first]
        return "".join(parts), params

    def _earliest(self) -> tuple[str, list[Any]]:
        if not self.since or self.since[0] is None:
            return "", []
        return "AND e.business_on >= %s", [self.since[0]]

    def _rank(self) -> tuple[str, list[Any]]:
        """The rank that the sums earn: the first level from above whose thresholds are met."""
        parts: list[str] = []
        params: list[Any] = []
        for level in self.levels:
            thresholds = level.thresholds
            if not thresholds.metrics:
                continue
            first = thresholds.window.first_day(self.today)
            conditions = []
            for metric, amount in thresholds.metrics.items():
                conditions.append(f"coalesce(s.{self.columns[first, metric]}, 0) >= %s")
                params.append(amount)
            parts.append(f"WHEN {(' OR ' if thresholds.mode == ANY else ' AND ').join(conditions)} THEN %s")
            params.append(level.rank)
        if not parts:
            return "%s::int", [self.levels[-1].rank]
        return f"CASE {' '.join(parts)} ELSE %s END", [*params, self.levels[-1].rank]

    def _figures(self) -> str:
        """The sums as JSON text in the form of ``evaluation.figures_of``, zeros left out."""
        objects = [
            f"CASE WHEN s.{column} <> 0 THEN jsonb_build_object('metric', '{metric}', 'since', "
            f"'{'' if first is None else first.isoformat()}', 'amount', s.{column}::text) END"
            for (first, metric), column in self.columns.items()
        ]
        if not objects:
            return "'[]'"
        array = ", ".join(objects)
        return f"(SELECT coalesce(jsonb_agg(o), '[]')::text FROM unnest(ARRAY[{array}]) o WHERE o IS NOT NULL)"  # noqa: S608
