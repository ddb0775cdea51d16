"""A draft of tier rules run over the orders of the last days: who would stand where, and what it would have cost.

Every member who did something walks twice through the period, event by event and night by night: once by the rules as
they were, once by the draft. Each order is priced by the till's own engine at the level of either walk. Two checks say
how far the past is reproduced: levels of the first walk against those really held, and prices against those paid.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from heapq import nlargest, nsmallest
from typing import Any

import points.selectors
from checkout.pricing.model import Quote
from checkout.selectors.frozen import get_rules
from checkout.selectors.replay.orders import PastOrder, PastOrders, gives, with_benefits
from core.days import local_day
from core.money import ZERO, floor
from tiers.models import Draft, Tier, Track, Version
from tiers.rules import Level
from tiers.rules.replaying import Replay, Step
from tiers.selectors import list_versions_in_force
from tiers.selectors import replay as past
from tiers.selectors.benefits import Benefits, HeldTier, held_tier, resolve
from trials.models import Trial
from trials.registry import Progress

CHUNK = 200
SHOWN = 10


@dataclass(frozen=True)
class Way:
    """One walk of a member: the level at the beginning, the movements, and the level at the end."""

    start: Level
    steps: Sequence[Step]

    @property
    def end(self) -> Level:
        """Where the walk ends."""
        return self.steps[-1].after if self.steps else self.start

    def level_for(self, at: datetime, today: date) -> Level:
        """The level that an order at an instant is priced at: what the order itself reaches comes after it (R-T3)."""
        level = self.start
        for step in self.steps:
            if step.today > today or (step.at is not None and step.at >= at):
                break
            level = step.after
        return level


@dataclass
class Side:
    """What one set of rules comes to."""

    payable: Decimal = ZERO
    points: int = 0
    margin: Decimal = ZERO
    upgrades: int = 0
    downgrades: int = 0

    def count(self, steps: Sequence[Step]) -> None:
        """Count movements up and down."""
        self.upgrades += sum(1 for step in steps if step.after.rank > step.before.rank)
        self.downgrades += sum(1 for step in steps if step.after.rank < step.before.rank)

    def add(self, quote: Quote) -> None:
        """Count an order. Points are without the caps of days and months, margin without goods of unknown cost."""
        self.payable += quote.payable
        self.points += quote.earns
        self.margin += sum(
            (line.net - line.line.cost * line.line.quantity for line in quote.lines if line.line.cost is not None), ZERO
        )


@dataclass
class Tally:
    """The figures of a run as it goes on."""

    matrix: Counter[tuple[int, int]] = field(default_factory=Counter)
    now: Side = field(default_factory=Side)
    then: Side = field(default_factory=Side)
    members: int = 0
    orders: int = 0
    orders_changed: int = 0
    orders_imported: int = 0
    orders_differ: int = 0
    levels_differ: int = 0
    gains: dict[int, tuple[Decimal, int]] = field(default_factory=dict)


class _Books:
    """The two sets of rules with what their levels give."""

    def __init__(self, track: Track, tried: Sequence[Version], first: date, at: datetime) -> None:
        self.track = track
        self.real = past.get_rulebook(track, first=first, at=at)
        self.draft = past.make_rulebook(tried, first=first, at=at)
        versions = Version.objects.select_related("tier__track").filter(tier__track=track)
        self.given = {version.pk: held_tier(version, None) for version in versions}
        self.tried = {version.tier_id: held_tier(version, None) for version in tried}
        self.growth = self._everybodys(at)

    def _everybodys(self, at: datetime) -> HeldTier | None:
        """What a member of another track has of the growth track; benefits begin with a growth level."""
        if self.track.kind == Track.Kind.GROWTH:
            return None
        base = list_versions_in_force(at)[0]
        return held_tier(base, None)

    def real_tier(self, level: Level, at: datetime) -> HeldTier:
        """What a level gave at an instant: its version in force then."""
        current = next((one for one in self.real.at(at) if one.tier_id == level.tier_id), level)
        return self.given[current.version_id]

    def benefits(self, tier: HeldTier, others: Sequence[HeldTier]) -> Benefits:
        """The level of this track together with the member's other tiers."""
        growth = [other for other in others if other.track_kind == Track.Kind.GROWTH]
        rest = [other for other in others if other.track_kind != Track.Kind.GROWTH]
        if self.growth is None:
            return resolve([tier, *rest])
        return resolve([*(growth or [self.growth]), tier, *rest])


def run(trial: Trial) -> Iterator[Progress]:
    """The run of a tier draft; the last progress has the result (see :func:`result_of`)."""
    draft = Draft.objects.select_related("track").get(pk=trial.subject.partition(":")[2])
    at = trial.asked_at
    last = local_day(at)
    first = last - timedelta(days=trial.days - 1)
    tried = past.versions_of_draft(draft, at)
    yield from simulate(draft.track, tried, first=first, last=last, at=at)


def simulate(track: Track, tried: Sequence[Version], *, first: date, last: date, at: datetime) -> Iterator[Progress]:
    """Run versions of a track's levels over the days ``first`` to ``last``, both included."""
    books = _Books(track, tried, first, at)
    rules = get_rules(at)
    orders = PastOrders(rules, points.selectors.get_rule_book(at=at))
    whole = max(past.count_walkers(track, first=first, last=last), 1)
    tally = Tally()
    after = 0
    while members := past.list_walkers(track, first=first, last=last, after=after, limit=CHUNK):
        walks = past.load_walks(track, members, first=first, last=last, at=at)
        bought = orders.load(members, first=first, last=last)
        for member_id in members:
            _walk(tally, books, member_id, walks[member_id], bought.get(member_id, []), first, last)
        after = members[-1]
        yield Progress(min(99, tally.members * 100 // whole))
    yield Progress(100, result_of(tally, books, first, last, rules.points_face_fen, rules.points_face_points))


def _walk(
    tally: Tally,
    books: _Books,
    member_id: int,
    walk: past.Walk,
    bought: Sequence[PastOrder],
    first: date,
    last: date,
) -> None:
    ways = []
    for rules, side in ((books.real, tally.now), (books.draft, tally.then)):
        replay = Replay(rules, walk.start, joined_on=walk.joined_on, night_at=past.night_at, known=walk.known)
        steps = list(replay.run(walk.happenings, first, last))
        side.count(steps)
        ways.append(Way(walk.start.level, steps))
    real, tried = ways
    tally.members += 1
    tally.matrix[real.end.tier_id, tried.end.tier_id] += 1
    held = walk.held_at_end or books.real.in_night(last)[0].tier_id
    tally.levels_differ += real.end.tier_id != held
    for order in bought:
        _price(tally, books, member_id, walk, order, real, tried)


def _price(
    tally: Tally, books: _Books, member_id: int, walk: past.Walk, order: PastOrder, real: Way, tried: Way
) -> None:
    if order.member is None:
        return
    at = order.order.priced_at
    today = local_day(at)
    others = walk.others_at(at)
    now = order.member
    if order.is_imported:
        tier = books.real_tier(real.level_for(at, today), at)
        now = with_benefits(now, books.benefits(tier, others))
    then = with_benefits(order.member, books.benefits(books.tried[tried.level_for(at, today).tier_id], others))
    quote_now = order.price(now)
    is_same = gives(now) == gives(then)
    quote_then = quote_now if is_same else order.price(then)
    tally.orders += 1
    tally.orders_imported += order.is_imported
    tally.orders_differ += not order.is_imported and not order.is_reproduced_by(quote_now)
    tally.now.add(quote_now)
    tally.then.add(quote_then)
    if not is_same:
        tally.orders_changed += 1
        money, more = tally.gains.get(member_id, (ZERO, 0))
        saved = quote_now.payable - quote_then.payable
        tally.gains[member_id] = (money + saved, more + quote_then.earns - quote_now.earns)


def result_of(tally: Tally, books: _Books, first: date, last: date, face_fen: int, face_points: int) -> dict[str, Any]:
    """The figures as JSON: money as text with two places, levels by id with their names of today."""

    def worth(number: int) -> Decimal:
        sign = -1 if number < 0 else 1
        return sign * floor(Decimal(abs(number) * face_fen) / face_points / 100)

    gains = {member: (money, more, money + worth(more)) for member, (money, more) in tally.gains.items()}
    ranked = [(total, member) for member, (_money, _more, total) in gains.items() if total]
    up = [member for total, member in nlargest(SHOWN, ranked) if total > 0]
    down = [member for total, member in nsmallest(SHOWN, ranked) if total < 0]
    tiers = Tier.objects.filter(track=books.track).order_by("rank")
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "tiers": [{"id": tier.pk, "code": tier.code, "name": tier.name} for tier in tiers],
        "matrix": [[before, after, count] for (before, after), count in sorted(tally.matrix.items())],
        "members": tally.members,
        "moved": sum(count for (before, after), count in tally.matrix.items() if before != after),
        "orders": tally.orders,
        "orders_changed": tally.orders_changed,
        "orders_imported": tally.orders_imported,
        "orders_differ": tally.orders_differ,
        "levels_differ": tally.levels_differ,
        "now": _side(tally.now, worth),
        "then": _side(tally.then, worth),
        "winners": [_gain(member, *gains[member]) for member in up],
        "losers": [_gain(member, *gains[member]) for member in down],
    }


def _side(side: Side, worth: Any) -> dict[str, Any]:
    return {
        "payable": str(side.payable),
        "points": side.points,
        "points_worth": str(worth(side.points)),
        "margin": str(side.margin.quantize(Decimal("0.01"))),
        "upgrades": side.upgrades,
        "downgrades": side.downgrades,
    }


def _gain(member: int, money: Decimal, more: int, total: Decimal) -> dict[str, Any]:
    return {"member": member, "money": str(money), "points": more, "total": str(total)}


def matrix_of(result: Mapping[str, Any]) -> dict[tuple[int, int], int]:
    """The matrix of a result by pairs of tier ids: under the rules as they were, and under the draft."""
    return {(before, after): count for before, after, count in result["matrix"]}
