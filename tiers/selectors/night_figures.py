"""Members' figures of a night as columns of SQL: sums of windows and months, largest recharges, balances (R-T1, R-T2).

The counterpart of ``tiers.selectors.progress`` for many members in one statement; both are tested to agree.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import wallet.selectors
from core.days import zone
from core.months import month_end
from tiers.rules import (
    ALL,
    BALANCE,
    MEMBERSHIP_YEAR,
    OR,
    PER_MONTH,
    ROUND_UPS,
    SINGLE_RECHARGE,
    Level,
    Streak,
    Thresholds,
)
from tiers.selectors.holding import CARRIED_ON
from tiers.selectors.progress import asks_for

# A window that begins on a day of each member's own.
_OWN = "own"
# The column of ``people`` that holds it.
_YEAR_BEGINS = "people.year_begins"


class Parameters:
    """Values of a statement under names of their own: no value is ever written into its text."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, value: Any, kind: str = "") -> str:
        """The placeholder of a value, with its type where SQL could not tell."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s::{kind}" if kind else f"%({name})s"


class Figures:
    """The figures that some levels ask for on a day, each a column once, and conditions over them.

    ``people`` (day of joining, beginning of the membership year), ``held`` and ``sums`` are what the statements of
    :mod:`tiers.selectors.nightly` call their parts.
    """

    def __init__(self, levels: Iterable[Level], day: date, parameters: Parameters) -> None:
        chosen = list(levels)
        self.day = day
        self.bind = parameters.add
        self.needs_people = any(level.needs_joining_day for level in chosen)
        self.needs_balance = asks_for(chosen, BALANCE)
        self.sums: dict[tuple[str, Any, date | None], str] = {}
        self.largest: dict[Any, str] = {}

    def _since(self, thresholds: Thresholds) -> Any:
        kind = thresholds.window.kind
        return _OWN if kind == MEMBERSHIP_YEAR else thresholds.window.first_day(self.day)

    def _column(self, metric: str, since: Any, until: date | None = None) -> str:
        if metric == BALANCE:
            return "coalesce(balances.principal, 0)"
        if metric == SINGLE_RECHARGE:
            return f"coalesce(largest.{self.largest.setdefault(since, f'r{len(self.largest)}')}, 0)"
        return f"coalesce(sums.{self.sums.setdefault((metric, since, until), f'm{len(self.sums)}')}, 0)"

    def met(self, thresholds: Thresholds) -> str:
        """The condition that thresholds are reached; equal is enough (R-T3)."""
        since = self._since(thresholds)
        reached = [
            f"{self._column(metric, since)} >= {self.bind(amount)}" for metric, amount in thresholds.metrics.items()
        ]
        if not reached:
            return "true"
        return f"({(' AND ' if thresholds.mode == ALL else ' OR ').join(reached)})"

    def fails(self, streak: Streak, obtained_on: str) -> str:
        """The condition that the last complete months take a level away (R-T5)."""
        if not streak.metrics:
            return "false"
        failed = []
        months = streak.counted_months(self.day)
        for metric, amount in streak.metrics.items():
            columns = [self._column(metric, month, month_end(month)) for month in months]
            if streak.reading(metric) == PER_MONTH:
                failed.append("(" + " AND ".join(f"{column} < {self.bind(amount)}" for column in columns) + ")")
            else:
                failed.append(f"({' + '.join(columns)}) < {self.bind(amount)}")
        counts_from = f"(date_trunc('month', {obtained_on}) + make_interval(months => {streak.months + 1}))::date"
        joint = " OR " if streak.joint == OR else " AND "
        return f"({self.bind(self.day, 'date')} >= {counts_from} AND ({joint.join(failed)}))"

    def have(self, thresholds: Thresholds) -> str:
        """What the member has of each metric of the thresholds, as JSON."""
        since = self._since(thresholds)
        return _json((metric, self._column(metric, since)) for metric in thresholds.metrics)

    def have_of_months(self, streak: Streak) -> str:
        """The same for consecutive months: the last of them where a metric is read by month, all of them otherwise."""
        months = streak.counted_months(self.day)
        return _json(
            (
                metric,
                " + ".join(
                    self._column(metric, month, month_end(month))
                    for month in (months[-1:] if streak.reading(metric) == PER_MONTH else months)
                ),
            )
            for metric in streak.metrics
        )

    def begun(self) -> str:
        """A part ``begun`` with the day since which those in ``held`` (with ``reason``, ``track_id``) have their level:
        of its last change that was no renewal."""
        carried = self.bind([reason.value for reason in CARRIED_ON])
        return f"""begun AS (
            SELECT held.member_id, ((CASE WHEN held.reason <> ALL({carried}) THEN held.starts_at ELSE (
                       SELECT q.starts_at FROM tiers_period q
                       WHERE q.member_id = held.member_id AND q.track_id = held.track_id AND q.reason <> ALL({carried})
                       ORDER BY q.starts_at DESC, q.id DESC LIMIT 1) END)
                   AT TIME ZONE {self.bind(str(zone()))})::date AS obtained_on
            FROM held
        )"""  # noqa: S608 (fixed text; values are parameters)

    def earned(self, levels: Iterable[Level], below: str = "") -> str:
        """The rank that the figures earn, the lowest where none is reached; only ranks below that column if named."""
        ranked = sorted(levels, key=lambda level: -level.rank)
        cases = [
            f"WHEN {f'{below} > {level.rank} AND ' if below else ''}{self.met(level.thresholds)} THEN {level.rank}"
            for level in ranked[:-1]
            if level.thresholds.metrics and not level.is_retired
        ]
        return f"CASE {' '.join(cases)} ELSE {ranked[-1].rank} END" if cases else str(ranked[-1].rank)

    def ctes(self, scope: str, *, of_holders: bool, restarts: bool = True) -> list[str]:
        """The parts of a statement that compute the columns, for the members of a scope; ``{id}`` in it is their id.

        Call it last: it knows only the columns that were asked for by then. Entries up to the day that counting was
        restarted after are left out (R-T8); where nobody has such a day, ``restarts`` False saves looking for it.
        ``of_holders``: only who is in ``held`` is looked at.
        """
        parts = []
        if self.needs_people:
            parts.append(self._people(scope, of_holders=of_holders))
        joins_held = of_holders or restarts
        joins = ""
        if joins_held:
            joins = f"{'JOIN' if of_holders else 'LEFT JOIN'} held ON held.member_id = e.member_id"
        if self.needs_people:
            joins += " JOIN people ON people.member_id = e.member_id"
        counted = "(held.counts_after IS NULL OR e.business_on > held.counts_after)" if joins_held else "true"
        where = f"{scope.format(id='e.member_id')} AND {counted}"
        sums = "".join(
            f", sum(e.amount) FILTER (WHERE e.metric = {self.bind(metric)}{self._within(since, until)}) AS {column}"
            for (metric, since, until), column in self.sums.items()
        )
        earliest = self._earliest()
        parts.append(
            f"""sums AS (
                SELECT e.member_id{sums} FROM tiers_progressentry e {joins} WHERE {where}{earliest} GROUP BY e.member_id
            )"""  # noqa: S608 (fixed text; values are parameters)
        )
        if self.largest:
            parts.append(self._largest(joins, where))
        if self.needs_balance:
            principals = str(wallet.selectors.list_principals().query)
            parts.append(f"balances (member_id, principal) AS ({principals})")
        return parts

    def joins(self, base: str) -> str:
        """The joins of the computed parts to a part that has ``member_id``."""
        names = ["sums"] if base != "sums" else []
        names += ["largest"] if self.largest else []
        names += ["balances"] if self.needs_balance else []
        names += ["people"] if self.needs_people and base != "people" else []
        return " ".join(f"LEFT JOIN {name} ON {name}.member_id = {base}.member_id" for name in names)

    def _people(self, scope: str, *, of_holders: bool) -> str:
        """Day of joining and the beginning of the membership year that ``day`` is in; 29 Feb is 28 Feb otherwise."""
        day = self.bind(self.day, "date")
        this_year = f"(j.joined_on + make_interval(years => extract(year FROM {day})::int - j.joined_year))::date"
        before = f"(j.joined_on + make_interval(years => extract(year FROM {day})::int - 1 - j.joined_year))::date"
        only = " AND m.id IN (SELECT member_id FROM held)" if of_holders else ""
        return f"""people AS (
            SELECT j.member_id, j.joined_on,
                   CASE WHEN {this_year} > {day} THEN {before} ELSE {this_year} END AS year_begins
            FROM (SELECT m.id AS member_id, (m.registered_at AT TIME ZONE {self.bind(str(zone()))})::date AS joined_on,
                         extract(year FROM m.registered_at AT TIME ZONE {self.bind(str(zone()))})::int AS joined_year
                  FROM members_member m WHERE {scope.format(id="m.id")}{only}) j
        )"""  # noqa: S608 (fixed text; values are parameters)

    def _within(self, since: Any, until: date | None, *, entry: str = "e", begins: str = _YEAR_BEGINS) -> str:
        condition = ""
        if since is not None:
            first = begins if since == _OWN else self.bind(since, "date")
            condition = f" AND {entry}.business_on >= {first}"
        return condition if until is None else f"{condition} AND {entry}.business_on <= {self.bind(until, 'date')}"

    def _earliest(self) -> str:
        """What no column asks for need not be read. A membership year begins at most a year and a day back."""
        begins = [self.day - timedelta(days=367) if since == _OWN else since for _metric, since, _until in self.sums]
        if not begins or None in begins:
            return ""
        return f" AND e.business_on >= {self.bind(min(begins), 'date')}"

    def _largest(self, joins: str, where: str) -> str:
        """The largest recharge of each window, less what was voided or refunded of it: its entries share a source."""
        columns = ", ".join(
            f"max(one.principal) FILTER (WHERE true{self._within(since, None, entry='one', begins='one.year_begins')})"
            f" AS {column}"
            for since, column in self.largest.items()
        )
        begins = ", people.year_begins" if self.needs_people else ""
        return f"""largest AS (
            SELECT one.member_id, {columns}
            FROM (SELECT e.member_id, e.business_on, sum(e.amount) AS principal{begins}
                  FROM tiers_progressentry e {joins}
                  WHERE {where} AND e.metric = 'recharge'
                  GROUP BY e.member_id, e.source, e.business_on{begins}) one
            GROUP BY one.member_id
        )"""  # noqa: S608 (fixed text; values are parameters)

    def told(self) -> str:
        """The figures as JSON in the form of ``evaluation.figures_of``: zeros left out, of single months kept."""
        objects = []
        for (metric, since, until), column in self.sums.items():
            begins = f"{_YEAR_BEGINS}::text" if since == _OWN else f"'{'' if since is None else since.isoformat()}'"
            ends = "" if until is None else f", 'until', '{until.isoformat()}'"
            amount = f"coalesce(sums.{column}, 0)"
            objects.append(
                f"CASE WHEN {'true' if until else f'{amount} <> 0'} THEN jsonb_build_object('metric', '{metric}',"
                f" 'since', {begins}, 'amount', {amount}::numeric(14, 2)::text{ends}) END"
            )
        for since, column in self.largest.items():
            begins = f"{_YEAR_BEGINS}::text" if since == _OWN else f"'{'' if since is None else since.isoformat()}'"
            objects.append(
                f"CASE WHEN coalesce(largest.{column}, 0) <> 0 THEN jsonb_build_object('metric', '{SINGLE_RECHARGE}',"
                f" 'since', {begins}, 'amount', largest.{column}::text) END"
            )
        if self.needs_balance:
            objects.append(
                f"CASE WHEN coalesce(balances.principal, 0) <> 0 THEN jsonb_build_object('metric', '{BALANCE}',"
                " 'since', '', 'amount', balances.principal::text) END"
            )
        if not objects:
            return "'[]'::jsonb"
        array = ", ".join(objects)
        return f"(SELECT coalesce(jsonb_agg(o), '[]') FROM unnest(ARRAY[{array}]) o WHERE o IS NOT NULL)"  # noqa: S608

    def last_day(self, level: Level, day: date, today: date | None = None) -> str:
        """SQL of ``Level.valid_through(day)``, or of ``renewed_through`` where ``today`` is given, as a date."""
        if not _ends_by_membership(level):
            # Any day of joining will do: it decides nothing here.
            last = level.valid_through(day, day) if today is None else level.renewed_through(day, today, day)
            return "NULL::date" if last is None else self.bind(last, "date")
        ends = self._through(level, day)
        if today is None:
            return ends
        later = self._through(level, today - timedelta(days=1))
        return f"CASE WHEN {ends} < {self.bind(today, 'date')} THEN {later} ELSE {ends} END"

    def _through(self, level: Level, day: date) -> str:
        ends = [
            self._year_after_next(day)
            if thresholds.window.kind == MEMBERSHIP_YEAR
            else self._constant(thresholds.window.valid_through(day))
            for thresholds in (level.thresholds, level.needs)
        ]
        last = f"greatest({', '.join(ends)})"
        if not level.validity.round_up:
            return last
        months = ROUND_UPS[level.validity.round_up]
        return (
            f"(date_trunc('year', {last}) + make_interval(months =>"
            f" ((extract(month FROM {last})::int - 1) / {months} + 1) * {months}) - interval '1 day')::date"
        )

    def _constant(self, day: date | None) -> str:
        if day is None:
            raise ValueError("a level whose window has no end does not end by membership years")
        return self.bind(day, "date")

    def _year_after_next(self, day: date) -> str:
        """The last day of the membership year that follows the one of a day."""
        years = f"(extract(year FROM {self.bind(day, 'date')})::int - extract(year FROM people.joined_on)::int)"
        begins = f"(people.joined_on + make_interval(years => {years}))::date"
        back = f"CASE WHEN {begins} > {self.bind(day, 'date')} THEN 1 ELSE 0 END"
        return f"((people.joined_on + make_interval(years => {years} - {back} + 2))::date - 1)"


def _json(pairs: Iterable[tuple[str, str]]) -> str:
    fields = ", ".join(f"'{name}', ({amount})::text" for name, amount in pairs)
    return f"jsonb_build_object({fields})"


def _ends_by_membership(level: Level) -> bool:
    """Whether each member has an end of their own: a membership year decides and no length or endless window does."""
    if not level.falls or not level.thresholds.metrics or (level.keep_rule.is_streak_only and level.validity.is_empty):
        return False
    if level.validity.months is not None or level.validity.days is not None or not level.needs_joining_day:
        return False
    # What the other window says on any day tells whether it ends at all.
    return all(
        window.kind == MEMBERSHIP_YEAR or window.valid_through(date(2000, 1, 1)) is not None
        for window in (level.thresholds.window, level.needs.window)
    )
