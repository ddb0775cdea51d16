"""Who is about to lose a level: what the night would judge on the last day, with today's figures (R-T14, Q30)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from core.days import end_of, last_day, local_day
from core.months import add_months, month_end, month_start
from tiers.models import Tier, Version
from tiers.rules import ALL, ANY, NEVER_FALLS, OR, Level, Streak
from tiers.selectors.levels import EARNED, level_of, list_versions_by_track
from tiers.selectors.night_figures import Figures, Parameters

VALIDITY: Final = "validity"
STREAK: Final = "streak"


@dataclass(frozen=True)
class AtRisk:
    """A level that falls after ``by`` unless what is missing is made up for: ``missing`` amounts by metric, joined by
    ``mode``. ``kind`` says whether its validity ends or consecutive months take it. Nothing missing: it ends anyway,
    because it is given to nobody any more."""

    member_id: int
    period_id: int
    tier: Tier
    by: date
    kind: str
    mode: str
    missing: Mapping[str, Decimal]


def list_at_risk(*, at: datetime, until: date, tier_id: int | None = None) -> list[AtRisk]:
    """Levels that end by the day ``until`` as things stand, soonest first; one statement for each track and last day.

    Judged as the night will: on the last day of the validity, by the version in force now. Levels locked beyond that
    day are not at risk. Who cannot buy any more (closed, merged) is left out.
    """
    found: list[AtRisk] = []
    for versions in list_versions_by_track(at, EARNED):
        forecast = _Forecast(versions, at)
        for by in forecast.ends(until):
            found += forecast.of_validity(by)
        if month_end(local_day(at)) <= until:
            found += forecast.of_streaks()
    soonest: dict[int, AtRisk] = {}
    for row in sorted(found, key=lambda row: (row.by, row.member_id)):
        soonest.setdefault(row.period_id, row)
    return [row for row in soonest.values() if tier_id in (None, row.tier.pk)]


class _Forecast:
    """The statements of one track."""

    def __init__(self, versions: Sequence[Version], at: datetime) -> None:
        self.tiers = {version.tier_id: version.tier for version in versions}
        self.levels = {version.tier_id: level_of(version) for version in versions}
        self.track = versions[0].tier.track
        self.at = at

    def ends(self, until: date) -> list[date]:
        """The last days of levels held, up to a day."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT valid_until FROM tiers_period"
                " WHERE ends_at IS NULL AND track_id = %s AND valid_until > %s AND valid_until <= %s",
                [self.track.pk, self.at, end_of(until)],
            )
            return sorted(last_day(ends) for (ends,) in cursor.fetchall())

    def of_validity(self, by: date) -> list[AtRisk]:
        """Whose validity ends with a day and who would not be kept."""
        judged = [level for level in self.levels.values() if level.falls]
        parameters = Parameters()
        figures = Figures(judged, by, parameters)
        ends = parameters.add(end_of(by))
        kept = _by_tier((level, "false" if level.is_retired else figures.met(level.needs)) for level in judged)
        have = _by_tier((level, figures.have(level.needs)) for level in judged)
        rows = self._read(
            parameters,
            figures,
            condition=f"AND p.valid_until = {ends} AND (p.locked_until IS NULL OR p.locked_until <= p.valid_until)",
            is_lost=f"NOT {kept}",
            have=have,
        )
        return [
            AtRisk(member, period, self.tiers[tier], by, VALIDITY, *_missing(self.levels[tier], amounts))
            for member, period, tier, amounts in rows
        ]

    def of_streaks(self) -> list[AtRisk]:
        """Whom consecutive months would take the level from at the end of this one, with the figures so far."""
        strict: list[tuple[Level, Streak]] = [
            (level, level.keep_rule.streak)
            for level in self.levels.values()
            if level.keep_rule.streak is not None and level.keep != NEVER_FALLS
        ]
        if not strict:
            return []
        first = add_months(month_start(local_day(self.at)), 1)
        parameters = Parameters()
        figures = Figures([level for level, _streak in strict], first, parameters)
        fails = _by_tier((level, figures.fails(streak, "begun.obtained_on")) for level, streak in strict)
        have = _by_tier((level, figures.have_of_months(streak)) for level, streak in strict)
        tiers = parameters.add([level.tier_id for level, _streak in strict])
        rows = self._read(
            parameters,
            figures,
            condition=f"AND p.tier_id = ANY({tiers})"
            f" AND (p.locked_until IS NULL OR p.locked_until <= {parameters.add(end_of(first - timedelta(days=1)))})",
            is_lost=fails,
            have=have,
            begun=True,
        )
        by = first - timedelta(days=1)
        streaks = {level.tier_id: streak for level, streak in strict}
        return [
            AtRisk(member, period, self.tiers[tier], by, STREAK, *_missing_of_months(streaks[tier], amounts))
            for member, period, tier, amounts in rows
        ]

    def _read(
        self, parameters: Parameters, figures: Figures, *, condition: str, is_lost: str, have: str, begun: bool = False
    ) -> list[Any]:
        track = parameters.add(self.track.pk)
        held = f"""held AS (
            SELECT p.id, p.member_id, p.tier_id, p.starts_at, p.reason, p.track_id, p.counts_after
            FROM tiers_period p JOIN members_member m ON m.id = p.member_id AND m.status IN ('active', 'frozen')
            WHERE p.ends_at IS NULL AND p.track_id = {track} {condition}
        )"""  # noqa: S608 (fixed text; values are parameters)
        parts = [held, *([figures.begun()] if begun else []), *figures.ctes("true", of_holders=True)]
        joins = f"{'JOIN begun ON begun.member_id = held.member_id ' if begun else ''}{figures.joins('held')}"
        statement = f"""
            WITH {", ".join(parts)}
            SELECT held.member_id, held.id, held.tier_id, {have}
            FROM held {joins} WHERE {is_lost}
        """  # noqa: S608 (fixed text; values are parameters)
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters.values)
            return [(member, period, tier, json.loads(have)) for member, period, tier, have in cursor.fetchall()]


def _by_tier(cases: Any) -> str:
    """One expression for each level held."""
    return f"(CASE held.tier_id {' '.join(f'WHEN {level.tier_id} THEN {text}' for level, text in cases)} END)"


def _missing(level: Level, have: Mapping[str, str]) -> tuple[str, dict[str, Decimal]]:
    if level.is_retired:
        return ALL, {}
    needs = level.needs
    missing = {metric: amount - Decimal(have[metric]) for metric, amount in needs.metrics.items()}
    return needs.mode, {metric: amount for metric, amount in missing.items() if amount > 0}


def _missing_of_months(streak: Streak, have: Mapping[str, str]) -> tuple[str, dict[str, Decimal]]:
    """One failing metric is enough to fall, so all of them have to be made up for; or all must fail, so one is enough.

    What is read month by month is saved by this month alone.
    """
    missing = {metric: amount - Decimal(have[metric]) for metric, amount in streak.metrics.items()}
    return (
        ALL if streak.joint == OR else ANY,
        {metric: amount for metric, amount in missing.items() if amount > 0},
    )
