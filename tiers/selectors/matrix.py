"""Figures of how members move between levels: who holds what, from where to where, and how long a rise takes (Q30)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from core.days import end_of, start_of, zone
from members.models import Member
from tiers.models import Period, Tier, Track


def name_of(tier: Tier) -> str:
    """What a level is called in lists of moves; the lowest of a track beside growth says that there is none."""
    if tier.track.kind != Track.Kind.GROWTH and tier.code.startswith("no_"):
        return _("none")
    return tier.label


@dataclass(frozen=True)
class Pace:
    """How often members rose from one level to another, and the days that they had been on the lower one."""

    from_name: str
    to_name: str
    count: int
    mean: Decimal | None
    median: Decimal | None


@dataclass(frozen=True)
class Cell:
    """Decisions from one level to another: ``sign`` is 1 for a rise, -1 for a fall and 0 for the same level."""

    count: int
    sign: int


@dataclass(frozen=True)
class Matrix:
    """One track in a period: decisions by the level before and after, and the pace of its upgrades."""

    track: Track
    tiers: Sequence[Tier]
    counts: dict[tuple[int, int], int] = field(default_factory=dict)
    paces: Sequence[Pace] = ()

    @property
    def names(self) -> list[str]:
        """The heads of the columns, lowest level first."""
        return [name_of(tier) for tier in self.tiers]

    @property
    def rows(self) -> list[tuple[str, list[Cell], int]]:
        """Each level's name with the counts to every level (its own: kept or renewed) and their sum."""
        found = []
        for before in self.tiers:
            cells = [
                Cell(self.counts.get((before.pk, after.pk), 0), (after.rank > before.rank) - (after.rank < before.rank))
                for after in self.tiers
            ]
            found.append((name_of(before), cells, sum(cell.count for cell in cells)))
        return found

    @property
    def pairs(self) -> list[Pace]:
        """Every pair of levels with its count; mean and median for upgrades only."""
        names = {tier.pk: name_of(tier) for tier in self.tiers}
        paces = {(pace.from_name, pace.to_name): pace for pace in self.paces}
        return [
            paces.get((names[before], names[after])) or Pace(names[before], names[after], count, None, None)
            for (before, after), count in self.counts.items()
        ]

    @property
    def totals(self) -> list[int]:
        """The sum of each column."""
        return [sum(self.counts.get((before.pk, after.pk), 0) for before in self.tiers) for after in self.tiers]

    @property
    def total(self) -> int:
        """All decisions of the period."""
        return sum(self.counts.values())

    def _moved(self, sign: int) -> int:
        ranks = {tier.pk: tier.rank for tier in self.tiers}
        return sum(count for (before, after), count in self.counts.items() if (ranks[after] - ranks[before]) * sign > 0)

    @property
    def risen(self) -> int:
        """Decisions that raised a member."""
        return self._moved(1)

    @property
    def fallen(self) -> int:
        """Decisions that lowered a member."""
        return self._moved(-1)


def list_matrices(*, first: date, last: date) -> list[Matrix]:
    """The moves of a period (shop days, both included) of every track that has any; three statements.

    Counted are decisions, so a member who rose and fell counts in both cells and a renewal on the diagonal. The days
    to an upgrade run from the day on which the member came to the lower level, for the base level from registration,
    until the upgrade; renewals on the way do not begin them afresh.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, {"since": start_of(first), "until": end_of(last), "zone": str(zone())})
        moves = cursor.fetchall()
    tiers = list(Tier.objects.select_related("track").order_by("track_id", "rank"))
    by_id = {tier.pk: tier for tier in tiers}
    matrices = []
    for track in Track.objects.order_by("pk"):
        matrix = Matrix(track, [tier for tier in tiers if tier.track_id == track.pk])
        paces = []
        for before, after, count, mean, median in moves:
            if by_id[before].track_id != track.pk:
                continue
            matrix.counts[before, after] = count
            if mean is not None:
                paces.append(Pace(name_of(by_id[before]), name_of(by_id[after]), count, _days(mean), _days(median)))
        if matrix.counts:
            matrices.append(Matrix(track, matrix.tiers, matrix.counts, paces))
    return matrices


def _days(figure: Any) -> Decimal:
    """Days to one place; the database answers the mean as numeric and the median as double, both of whole days."""
    return Decimal(str(figure)).quantize(Decimal("0.1"))


_MOVES = """
SELECT c.from_tier_id, c.to_tier_id, count(*), avg(since.days), percentile_cont(0.5) WITHIN GROUP (ORDER BY since.days)
  FROM tiers_change c
  JOIN tiers_tier before ON before.id = c.from_tier_id
  JOIN tiers_tier after ON after.id = c.to_tier_id
  JOIN members_member m ON m.id = c.member_id
  LEFT JOIN LATERAL (
    SELECT greatest(0, (c.occurred_at AT TIME ZONE %(zone)s)::date - (coalesce((
             SELECT e.occurred_at FROM tiers_change e
              WHERE e.member_id = c.member_id AND e.id < c.id AND e.to_tier_id = c.from_tier_id
                AND e.from_tier_id <> e.to_tier_id
              ORDER BY e.id DESC LIMIT 1
           ), m.registered_at) AT TIME ZONE %(zone)s)::date) AS days
     WHERE after.rank > before.rank
  ) since ON true
 WHERE c.occurred_at >= %(since)s AND c.occurred_at < %(until)s
 GROUP BY c.from_tier_id, c.to_tier_id
 ORDER BY c.from_tier_id, c.to_tier_id
"""


def count_pyramid() -> list[tuple[Track, list[tuple[Tier, int]]]]:
    """How many members hold each level now, highest first, by track; three statements.

    The base level of the growth track counts everybody who may buy and holds no other level of it; the base of the
    other tracks means "not on the track" and is left out.
    """
    held = dict(
        Period.objects.filter(Q(ends_at__isnull=True), member__status__in=(Member.Status.ACTIVE, Member.Status.FROZEN))
        .order_by()
        .values_list("tier_id")
        .annotate(n=Count("pk"))
    )
    everybody = Member.objects.filter(status__in=(Member.Status.ACTIVE, Member.Status.FROZEN)).count()
    ladders: dict[int, list[Tier]] = {}
    for tier in Tier.objects.select_related("track").order_by("track_id", "-rank"):
        ladders.setdefault(tier.track_id, []).append(tier)
    pyramid = []
    for ladder in ladders.values():
        steps = [(tier, held.get(tier.pk, 0)) for tier in ladder[:-1]]
        track = ladder[0].track
        if track.kind == Track.Kind.GROWTH:
            steps.append((ladder[-1], everybody - sum(count for _tier, count in steps)))
        pyramid.append((track, steps))
    return pyramid
