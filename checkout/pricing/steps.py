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
    Wishes,
)
from core.money import CENT, ZERO, allocate, floor, half_up, to_cents
from coupons import rules as coupon_rules
from coupons.rules import CouponTerms
from points import rules as points_rules


@dataclass(frozen=True)
class State:
    """The basket on its way through the pipeline; ``amounts`` are what is left of each line."""

    lines: tuple[BasketLine, ...]
    rules: Rules
    priced_at: datetime
    wishes: Wishes
    member: MemberState | None = None
    coupon: CouponTerms | None = None
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


def _line_price(line: BasketLine, amount: Decimal, member: MemberState, factor: Decimal) -> tuple[Decimal, PriceSource]:
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


def price_step(state: State) -> State:
    """Layer 1: exactly one price per line; walk-in customers pay list. Member price and tier are adjustments apart."""
    member = state.member
    if member is None:
        return state
    tier_off = state.coupon is not None and not state.coupon.stacks_with_tier
    factor = Decimal(1) if tier_off else member.discount_factor
    chosen = [
        _line_price(line, amount, member, factor) for line, amount in zip(state.lines, state.amounts, strict=True)
    ]
    taken = [amount - price for amount, (price, _source) in zip(state.amounts, chosen, strict=True)]
    state = replace(state, price_sources=tuple(source for _price, source in chosen))
    for wanted, source, label in (
        (PriceSource.MEMBER, "member_price", ""),
        (PriceSource.TIER, f"tier:{member.tier_code}:{member.tier_version_id or 0}", member.tier_name),
    ):
        parts = [part if kind == wanted else ZERO for part, (_price, kind) in zip(taken, chosen, strict=True)]
        state = subtract(state, layer=Layer.PRICE, source=source, label=label, parts=parts)
    return state


def coupon_subtotal(state: State) -> Decimal:
    """What a coupon's threshold counts (R-K2): the lines that coupons may touch, after layer 1."""
    return sum(
        (amount for amount, line in zip(state.amounts, state.lines, strict=True) if line.takes_coupons),
        ZERO,
    )


def coupon_step(state: State) -> State:
    """Layer 5: the chosen coupon, which the engine has checked; never above the eligible subtotal (R-K3)."""
    coupon = state.coupon
    if coupon is None:
        return state
    amount = coupon_rules.discount(coupon, coupon_subtotal(state))
    return reduce(
        state,
        layer=Layer.COUPON,
        source=f"coupon:{coupon.coupon_id}",
        label=coupon.name,
        amount=amount,
        eligible=[line.takes_coupons for line in state.lines],
    )


def points_limit(state: State) -> int:
    """The most points that this order takes: balance, share of the order, step and minimum (R-P7)."""
    member, rules = state.member, state.rules
    if member is None or (state.coupon is not None and not state.coupon.stacks_with_points):
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
