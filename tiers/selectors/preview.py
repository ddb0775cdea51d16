"""What the coming night would do, before it does (R-T4): the statements of the night itself, read only."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from members.models import Member
from tiers.models import Tier
from tiers.selectors.nightly import Night, list_nights, read, spans


@dataclass(frozen=True)
class Move:
    """One member's move with the figures that cause it, in the form of a change."""

    member_id: int
    from_tier: Tier
    to_tier: Tier
    reason: str
    valid_until: datetime | None
    figures: list[dict[str, str]]

    @property
    def key(self) -> str:
        """The kind of move as it stands in the URL of the page."""
        return f"{self.from_tier.pk}-{self.to_tier.pk}-{self.reason}"


@dataclass
class Preview:
    """How many would move from where to where, and the first of those asked for with their members."""

    day: date
    counts: list[tuple[Move, int]] = field(default_factory=list)
    moves: list[tuple[Member, Move]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Everybody whom the night would touch, renewals included."""
        return sum(count for _move, count in self.counts)


def list_moves(day: date, at: datetime) -> Iterator[Move]:
    """Every move of a night for a shop day, run at ``at``, as things stand now. Nothing is written.

    A member is named once for each track, with the first step of the night that moves them.
    """
    tiers = {tier.pk: tier for tier in Tier.objects.select_related("track")}
    ranges = list(spans())
    for night in list_nights(day, at):
        yield from _of_track(night, ranges, tiers)


def _of_track(night: Night, ranges: Sequence[tuple[int, int]], tiers: dict[int, Tier]) -> Iterator[Move]:
    steps = night.steps()
    for between in ranges if steps else ():
        moved: set[int] = set()
        for step in steps:
            for row in read(night.decisions(step, between=between)):
                if row.member_id not in moved:
                    moved.add(row.member_id)
                    yield Move(
                        row.member_id,
                        tiers[row.from_id],
                        tiers[row.to_id],
                        row.reason,
                        row.valid_until,
                        json.loads(row.figures),
                    )


def preview_evaluation(day: date, at: datetime, *, only: str = "", limit: int = 100) -> Preview:
    """Count the moves of a night by level before, level after and reason, and list the first ``limit`` of them.

    ``only`` is the key of one kind of move to be listed. Call it inside ``read_only()``.
    """
    counts: Counter[str] = Counter()
    kinds: dict[str, Move] = {}
    listed: list[Move] = []
    for move in list_moves(day, at):
        counts[move.key] += 1
        kinds.setdefault(move.key, move)
        if len(listed) < limit and only in ("", move.key):
            listed.append(move)
    ordered = sorted(kinds, key=lambda key: _order(kinds[key]))
    return Preview(day, [(kinds[key], counts[key]) for key in ordered], list(with_members(listed)))


def _order(move: Move) -> tuple[Any, ...]:
    return (move.from_tier.track_id, -move.from_tier.rank, -move.to_tier.rank, move.reason)


def with_members(moves: Sequence[Move]) -> Iterator[tuple[Member, Move]]:
    """The moves with their members and stores; one statement."""
    members = Member.objects.select_related("store").in_bulk({move.member_id for move in moves})
    for move in moves:
        yield members[move.member_id], move
