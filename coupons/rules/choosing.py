"""The best set of coupons for a basket (R-K7): exact for up to 20 usable ones, greedy beyond. Pure, in whole fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from coupons.rules.discounts import Bench, Job, pieces_taken, take
from coupons.rules.stacking import Stacking, why_not_with
from coupons.rules.terms import POINTS_MULTIPLE, CouponTerms

EXACT: Final = 20

Age = tuple[datetime, datetime, int]


@dataclass(frozen=True)
class World:
    """The basket with or without the tier's discount, and the coupons usable there, in the order of use.

    ``needs`` are coupons of which a set must hold one: those that switch the tier's discount off.
    """

    bench: Bench
    jobs: tuple[Job, ...]
    needs: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        """What is to pay before coupons."""
        return sum(self.bench.left)


@dataclass(frozen=True)
class Best:
    """The set found with what is then to pay. ``is_exact`` is False where not every set was looked at."""

    chosen: tuple[CouponTerms, ...]
    payable: int
    is_exact: bool = True
    evaluated: int = 0

    @property
    def key(self) -> tuple[int, int, list[Age]]:
        """Less is better: payable, fewer coupons, then the sorted ages (R-K7)."""
        return (self.payable, len(self.chosen), sorted(terms.age for terms in self.chosen))


def best_set(worlds: Sequence[World], *, stacking: Stacking) -> Best:
    """The set that leaves the least to pay; no coupons at all where none lowers the price.

    Coupons for more points lower no price and are never taken unasked. Callers pass only coupons that take something
    when used alone.
    """
    usable = {job.terms.coupon_id for world in worlds for job in world.jobs}
    is_exact = len(usable) <= EXACT
    best = Best((), min(world.total for world in worlds if not world.needs))
    evaluated = 0
    for world in worlds:
        search = _Search(world, stacking, best)
        search.look_greedily()
        if is_exact:
            search.look_everywhere()
        best, evaluated = search.best, evaluated + search.evaluated
    return Best(best.chosen, best.payable, is_exact, evaluated)


class _Search:
    """Branch and bound over the sets of one world. Sets grow in the order of use, so that each prefix is reckoned once.

    A set in which some coupon takes nothing is none: that coupon would be wasted.
    """

    def __init__(self, world: World, stacking: Stacking, best: Best) -> None:
        self.world, self.stacking, self.best = world, stacking, best
        self.jobs = sorted(
            (job for job in world.jobs if job.terms.kind != POINTS_MULTIPLE), key=lambda job: job.terms.rank
        )
        self.evaluated = 0
        savings = [self._saves_at_most(job) for job in self.jobs]
        #: By place and number of slots: what the best so many of the coupons from there on save at most.
        self._tops = [
            list(accumulate(sorted(savings[index:], reverse=True), initial=0)) for index in range(len(savings))
        ]

    def _saves_at_most(self, job: Job) -> int:
        """No set lets a coupon save more than it does alone, but for fen lost in rounding when pieces are shared."""
        taken = take(job, self.world.bench)
        if taken is None:
            return 0
        slack = pieces_taken(job.terms) * self.stacking.per_order if job.terms.is_of_pieces else 0
        return sum(taken[0]) + slack

    def look_greedily(self) -> None:
        """Add what lowers the price most until nothing does; the first is one that the world needs, if any."""
        chosen: list[Job] = []
        found: Best | None = None
        while True:
            tries = [self._reckon([*chosen, job]) for job in self.jobs if self._may_join(job, chosen)]
            better = [one for one in tries if one is not None and (found is None or one[0].key < found.key)]
            if not better:
                return
            found, chosen = min(better, key=lambda one: one[0].key)
            self._keep(found)

    def _may_join(self, job: Job, chosen: Sequence[Job]) -> bool:
        if job in chosen or (not chosen and self.world.needs and job.terms.coupon_id not in self.world.needs):
            return False
        return self._fits(job, [one.terms for one in chosen])

    def _fits(self, job: Job, others: Sequence[CouponTerms]) -> bool:
        """Symmetric: whoever comes first, a set either fits or does not."""
        return why_not_with(job.terms, others, self.stacking) is None

    def _reckon(self, jobs: Sequence[Job]) -> tuple[Best, list[Job]] | None:
        bench = self.world.bench
        ordered = sorted(jobs, key=lambda job: job.terms.rank)
        self.evaluated += 1
        for job in ordered:
            taken = take(job, bench)
            if taken is None:
                return None
            bench = taken[1]
        return Best(tuple(job.terms for job in ordered), sum(bench.left)), ordered

    def _keep(self, found: Best) -> None:
        if found.key < self.best.key:
            self.best = found

    def look_everywhere(self) -> None:
        """Every set that the bound does not rule out."""
        self._grow(0, self.world.bench, self.world.total, ())

    def _grow(self, start: int, bench: Bench, payable: int, chosen: tuple[CouponTerms, ...]) -> None:
        slots = self.stacking.per_order - len(chosen)
        if slots <= 0:
            return
        for index in range(start, len(self.jobs)):
            lowest = payable - self._tops[index][min(slots, len(self.jobs) - index)]
            if (lowest, len(chosen) + 1) > (self.best.payable, len(self.best.chosen)):
                return
            job = self.jobs[index]
            if not self._fits(job, chosen):
                continue
            self.evaluated += 1
            taken = take(job, bench)
            if taken is None:
                continue
            grown, after = (*chosen, job.terms), payable - sum(taken[0])
            if not self.world.needs or any(terms.coupon_id in self.world.needs for terms in grown):
                self._keep(Best(grown, after))
            self._grow(index + 1, taken[1], after, grown)
