"""Which coupons an order uses: what each could do here, the best set or the cashier's, and why not the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from checkout.pricing import steps
from checkout.pricing.model import CouponContext, CouponRefusal, TakenCoupon, UsableCoupon, Wishes
from core.money import from_cents, to_cents
from coupons import rules
from coupons.rules import POINTS_MULTIPLE, Bench, CouponTerms, Goods, Job, Refusal, Stacking, World


@dataclass(frozen=True)
class Found:
    """What each coupon could do alone. ``with_tier`` and ``without_tier`` are the basket in the two ways of pricing it.

    Coupons that do not go with the tier's discount are reckoned without it for the whole order (R-K7); ``without_tier``
    is None where there is none of them.
    """

    with_tier: World
    without_tier: World | None
    usable: tuple[tuple[CouponTerms, int], ...]
    refused: tuple[CouponRefusal, ...]
    stacking: Stacking

    @property
    def worlds(self) -> list[World]:
        """The ways of pricing that there are."""
        return [self.with_tier] if self.without_tier is None else [self.with_tier, self.without_tier]


@dataclass(frozen=True)
class Picked:
    """The coupons used, whether the engine looked at every set, and whether it was the cashier who chose."""

    chosen: tuple[CouponTerms, ...] = ()
    is_exact: bool = True
    is_by_hand: bool = False


def look(start: steps.State, coupons: Sequence[CouponTerms], context: CouponContext) -> Found:
    """Ask of each coupon whether it can be used here at all, and what it saves alone."""
    goods = steps.goods_of(start.lines)
    bench = _bench(start, goods)
    member_id = None if start.member is None else start.member.member_id
    possible: list[Job] = []
    refused: dict[int, Refusal] = {}
    for terms in coupons:
        refusal = (
            rules.why_not_for(terms, member_id)
            or rules.why_not_now(terms, start.priced_at)
            or rules.why_not_for_goods(terms, member_id)
            or rules.why_not_here(terms, context.around)
        )
        if refusal is None:
            possible.append(rules.job_of(terms, goods))
        else:
            refused[terms.coupon_id] = refusal
    needs = frozenset(job.terms.coupon_id for job in possible if not job.terms.stacks_with_tier)
    bare = _bench(replace(start, coupons=tuple(job.terms for job in possible)), goods) if needs else bench
    usable: dict[int, int] = {}
    for job in possible:
        own = bare if job.terms.coupon_id in needs else bench
        refusal, saves = _alone(job, own)
        if refusal is None:
            usable[job.terms.coupon_id] = saves + sum(bench.left) - sum(own.left)
        else:
            refused[job.terms.coupon_id] = refusal
    return Found(
        with_tier=World(bench, tuple(job for job in possible if _is_usable(job, bench, needs))),
        without_tier=World(bare, tuple(job for job in possible if _alone(job, bare)[0] is None), needs)
        if needs
        else None,
        usable=tuple((terms, usable[terms.coupon_id]) for terms in coupons if terms.coupon_id in usable),
        refused=tuple(
            CouponRefusal(terms, refused[terms.coupon_id]) for terms in coupons if terms.coupon_id in refused
        ),
        stacking=context.stacking,
    )


def _bench(state: steps.State, goods: Sequence[Goods]) -> Bench:
    priced = steps.until_price(state)
    return Bench.of([to_cents(amount) for amount in priced.amounts], goods)


def _is_usable(job: Job, bench: Bench, needs: frozenset[int]) -> bool:
    return job.terms.coupon_id not in needs and _alone(job, bench)[0] is None


def _alone(job: Job, bench: Bench) -> tuple[Refusal | None, int]:
    """Why a coupon alone does nothing for such a basket, or what it takes off."""
    subtotal = from_cents(rules.eligible(job, bench))
    refusal = rules.why_not_amount(job.terms, subtotal)
    if refusal is not None or job.terms.kind == POINTS_MULTIPLE:
        return refusal, 0
    missing = rules.missing_pieces(job, bench)
    if missing:
        return Refusal("pieces", Decimal(missing)), 0
    taken = rules.take(job, bench)
    return (Refusal("saves_nothing"), 0) if taken is None else (None, sum(taken[0]))


def pick(found: Found, wishes: Wishes) -> Picked:
    """The cashier's choice where there is one, else the set that leaves the least to pay (R-K7)."""
    if not wishes.use_coupons:
        return Picked(is_by_hand=True)
    if wishes.coupon_ids:
        return Picked(_wished(found, wishes.coupon_ids), is_by_hand=True)
    best = rules.best_set(found.worlds, stacking=found.stacking)
    return Picked(best.chosen, best.is_exact)


def _wished(found: Found, coupon_ids: Sequence[int]) -> tuple[CouponTerms, ...]:
    """The wished coupons in their order, each as long as it goes with those before it and still does something."""
    known = {job.terms.coupon_id: job.terms for world in found.worlds for job in world.jobs}
    chosen: tuple[CouponTerms, ...] = ()
    for coupon_id in coupon_ids:
        terms = known.get(coupon_id)
        if terms is not None and terms not in chosen and why_not_beside(found, terms, chosen) is None:
            chosen = (*chosen, terms)
    return tuple(sorted(chosen, key=lambda terms: terms.rank))


def why_not_beside(found: Found, terms: CouponTerms, chosen: Sequence[CouponTerms]) -> Refusal | None:
    """Why a coupon cannot be used together with those chosen: the matrix, or that some coupon would do nothing."""
    return rules.why_not_with(terms, chosen, found.stacking) or (
        None if _works(found, (*chosen, terms)) else Refusal("saves_nothing")
    )


def _works(found: Found, chosen: Sequence[CouponTerms]) -> bool:
    """Whether each of the set takes something off, or gives points, in the way of pricing that it asks for."""
    is_off = any(not terms.stacks_with_tier for terms in chosen)
    world = found.without_tier if is_off else found.with_tier
    if world is None:
        return False
    jobs = {job.terms.coupon_id: job for job in world.jobs}
    bench = world.bench
    for terms in sorted(chosen, key=lambda terms: terms.rank):
        if terms.coupon_id not in jobs:
            return False
        if terms.kind == POINTS_MULTIPLE:
            continue
        taken = rules.take(jobs[terms.coupon_id], bench)
        if taken is None:
            return False
        bench = taken[1]
    return True


def explain_usable(found: Found, picked: Picked, taken: Sequence[TakenCoupon]) -> tuple[UsableCoupon, ...]:
    """Each usable coupon with what it takes off (alone, where it is not among the chosen) and why it is not used."""
    amounts = {one.terms.coupon_id: one.amount for one in taken}
    alone = {terms.coupon_id: (terms, saves) for terms, saves in found.usable}
    return tuple(
        UsableCoupon(terms, amounts[coupon_id], alone=from_cents(saves))
        if coupon_id in amounts
        else UsableCoupon(
            terms, from_cents(saves), _why_not_chosen(found, picked, terms, saves), alone=from_cents(saves)
        )
        for coupon_id, (terms, saves) in ({one.coupon_id: (one, 0) for one in picked.chosen} | alone).items()
    )


def _why_not_chosen(found: Found, picked: Picked, terms: CouponTerms, saves: int) -> Refusal | None:
    if picked.chosen and (refusal := why_not_beside(found, terms, picked.chosen)) is not None:
        return refusal
    if terms.kind == POINTS_MULTIPLE or picked.is_by_hand:
        return None
    return Refusal("tier_better" if saves <= 0 else "not_best")
