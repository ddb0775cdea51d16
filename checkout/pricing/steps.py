"""The steps of the pipeline, in order. Each is a pure function from the state so far to the state after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from checkout.pricing.model import (
    Adjustment,
    BasketLine,
    Layer,
    MemberState,
    PriceSource,
    Rounding,
    Rules,
    TierName,
    Wishes,
)
from core.money import CENT, ZERO, allocate, floor, from_cents, half_up, to_cents
from coupons import rules as coupon_rules
from coupons.rules import Bench, CouponTerms, Goods
from points import rules as points_rules


@dataclass(frozen=True)
class State:
    """The basket on its way through the pipeline; ``amounts`` are what is left of each line.

    ``coupons`` are the chosen ones in the order of use; the engine has checked them.
    """

    lines: tuple[BasketLine, ...]
    rules: Rules
    priced_at: datetime
    wishes: Wishes
    member: MemberState | None = None
    coupons: tuple[CouponTerms, ...] = ()
    list_amounts: tuple[Decimal, ...] = ()
    price_sources: tuple[PriceSource, ...] = ()
    amounts: tuple[Decimal, ...] = ()
    adjustments: tuple[Adjustment, ...] = field(default=())
    points_used: int = 0
    points_maximum: int = 0

    @property
    def total(self) -> Decimal:
        """What is left of the basket."""
        return sum(self.amounts, ZERO)

    @property
    def is_tier_off(self) -> bool:
        """Whether a coupon keeps the tier's discount off the order (R-K7)."""
        return any(not terms.stacks_with_tier for terms in self.coupons)


def reduce(state: State, *, layer: Layer, source: str, label: str, amount: Decimal, eligible: Sequence[bool]) -> State:
    """Take ``amount`` off the eligible lines, split by what is left of them (R-C3)."""
    weights = [left if may else ZERO for left, may in zip(state.amounts, eligible, strict=True)]
    return subtract(state, layer=layer, source=source, label=label, parts=allocate(amount, weights))


def subtract(state: State, *, layer: Layer, source: str, label: str, parts: Sequence[Decimal]) -> State:
    """Write an adjustment with known parts; one that takes nothing is not written."""
    amount = sum(parts, ZERO)
    if not any(parts):
        return state
    adjustment = Adjustment(layer=layer, source=source, label=label, amount=amount, parts=tuple(parts))
    amounts = tuple(left - part for left, part in zip(state.amounts, parts, strict=True))
    return replace(state, amounts=amounts, adjustments=(*state.adjustments, adjustment))


def list_step(state: State) -> State:
    """Layer 0: list price x quantity, half up per line."""
    amounts = tuple(half_up(line.list_price * line.quantity) for line in state.lines)
    return replace(state, list_amounts=amounts, amounts=amounts, price_sources=(PriceSource.LIST,) * len(amounts))


def pass_step(state: State) -> State:
    """Layer 1 of lines that a count pass pays: the pass pays what the use is worth, the rest is a reduction."""
    uses = {line.by_pass.pass_id: line.by_pass.name for line in state.lines if line.by_pass is not None}
    for pass_id, name in uses.items():
        parts = [
            amount - line.by_pass.pays if line.by_pass is not None and line.by_pass.pass_id == pass_id else ZERO
            for line, amount in zip(state.lines, state.amounts, strict=True)
        ]
        state = subtract(state, layer=Layer.PRICE, source=f"pass:{pass_id}", label=name, parts=parts)
    sources = tuple(
        source if line.by_pass is None else PriceSource.PASS
        for line, source in zip(state.lines, state.price_sources, strict=True)
    )
    return replace(state, price_sources=sources)


def _line_price(line: BasketLine, amount: Decimal, factor: Decimal) -> tuple[Decimal, PriceSource]:
    """The lowest line amount; list before member price before tier where they are equal."""
    if line.by_pass is not None:
        return amount, PriceSource.PASS
    best, source = amount, PriceSource.LIST
    if line.member_price is not None:
        price = half_up(line.member_price * line.quantity)
        if price < best:
            best, source = price, PriceSource.MEMBER
    if line.takes_tier_discount and factor < 1:
        price = half_up(amount * factor)
        if price < best:
            best, source = price, PriceSource.TIER
    return best, source


def _tier_price(line: BasketLine, member: MemberState) -> tuple[Decimal, str, str]:
    """The lowest factor that tiers have for a line, and what its adjustment is called: by which level, on what."""
    giver = member.discount_tier or TierName(member.tier_code, member.tier_name, member.tier_version_id or 0)
    found = (member.discount_factor, f"tier:{giver.code}:{giver.version_id}", giver.name)
    for one in member.category_factors:
        if one.category_id in line.category_ids and one.factor < found[0]:
            found = (one.factor, f"tier:{one.tier.code}:{one.tier.version_id}:category", one.tier.name)
    return found


def price_step(state: State) -> State:
    """Layer 1: exactly one price per line; walk-in customers pay list. Member price and each tier's are adjustments
    apart, and so is what a tier gives on a category, that the screen may say where a price comes from.
    """
    member = state.member
    if member is None:
        return state
    sources: list[PriceSource] = []
    parts: dict[tuple[str, str], list[Decimal]] = {("member_price", ""): [ZERO] * len(state.lines)}
    for place, (line, amount) in enumerate(zip(state.lines, state.amounts, strict=True)):
        factor, name, label = _tier_price(line, member)
        price, source = _line_price(line, amount, Decimal(1) if state.is_tier_off else factor)
        sources.append(source)
        if source in (PriceSource.MEMBER, PriceSource.TIER):
            key = ("member_price", "") if source == PriceSource.MEMBER else (name, label)
            parts.setdefault(key, [ZERO] * len(state.lines))[place] = amount - price
    state = replace(state, price_sources=tuple(sources))
    for (name, label), taken in parts.items():
        state = subtract(state, layer=Layer.PRICE, source=name, label=label, parts=taken)
    return state


def until_price(state: State) -> State:
    """Layers 0 and 1: what coupons start from."""
    return price_step(pass_step(list_step(state)))


def goods_of(lines: Sequence[BasketLine]) -> tuple[Goods, ...]:
    """The lines as coupons look at them."""
    return tuple(
        Goods(
            product_id=line.product_id,
            pieces=line.pieces,
            category_ids=line.category_ids,
            brand_id=line.brand_id,
            takes_coupons=line.takes_coupons,
            is_service=line.is_service,
        )
        for line in lines
    )


def coupon_step(state: State) -> State:
    """Layer 5: the chosen coupons one after the other, each an adjustment of its own (R-K1, R-K6)."""
    if not state.coupons:
        return state
    goods = goods_of(state.lines)
    bench = Bench.of([to_cents(amount) for amount in state.amounts], goods)
    for terms in sorted(state.coupons, key=lambda terms: terms.rank):
        taken = coupon_rules.take(coupon_rules.job_of(terms, goods), bench)
        if taken is None:
            continue
        parts, bench = taken
        state = subtract(
            state,
            layer=Layer.COUPON,
            source=f"coupon:{terms.coupon_id}",
            label=terms.name,
            parts=[from_cents(part) for part in parts],
        )
    return state


def points_limit(state: State) -> int:
    """The most points that this order takes: balance, share of the order, step and minimum (R-P7)."""
    member, rules = state.member, state.rules
    if member is None or any(not terms.stacks_with_points for terms in state.coupons):
        return 0
    payable_by_points = sum(
        (amount for amount, line in zip(state.amounts, state.lines, strict=True) if line.takes_points), ZERO
    )
    most = floor(payable_by_points * rules.points_maximum_percent / 100)
    # Points are worth a whole number of fen, rounded down; more points than the value needs would be wasted.
    worth = to_cents(most) * rules.points_face_points // rules.points_face_fen
    limit = min(member.spendable_points, worth) // rules.points_step * rules.points_step
    return limit if limit >= rules.points_minimum else 0


def points_step(state: State) -> State:
    """Layer 7: points as money. A wish above the limit is cut to it."""
    limit = points_limit(state)
    rules = state.rules
    used = min(state.wishes.points // rules.points_step * rules.points_step, limit)
    if used < rules.points_minimum:
        used = 0
    state = replace(state, points_used=used, points_maximum=limit)
    if not used:
        return state
    return reduce(
        state,
        layer=Layer.POINTS,
        source="points",
        label=str(used),
        amount=points_value(rules, used),
        eligible=[line.takes_points for line in state.lines],
    )


def points_value(rules: Rules, points: int) -> Decimal:
    """What points are worth at the till, down to the fen (R-P8)."""
    return points_rules.value_of(points, rules.points_face_fen, rules.points_face_points)


_ROUNDING_UNIT = {Rounding.DOWN_TO_TENTH: Decimal("0.1"), Rounding.DOWN_TO_ONE: Decimal(1)}


def rounding_step(state: State) -> State:
    """Layer 8: 抹零, allocated over the lines like every other reduction (R-C4); lines paid by a pass take no share."""
    unit = _ROUNDING_UNIT.get(state.rules.rounding)
    if unit is None:
        return state
    eligible = [line.by_pass is None for line in state.lines]
    total = sum((amount for amount, may in zip(state.amounts, eligible, strict=True) if may), ZERO)
    excess = (total % unit).quantize(CENT)
    if not excess:
        return state
    return reduce(
        state,
        layer=Layer.ROUNDING,
        source="rounding",
        label="",
        amount=excess,
        eligible=eligible,
    )


#: The pipeline. A step is added with its first rule; the layer numbers leave the room.
STEPS = (list_step, pass_step, price_step, coupon_step, points_step, rounding_step)
