"""The best choice of coupons the slow way: every set, each discount written down anew in exact fractions of a fen.

It shares no code with ``coupons.rules`` but the dataclasses: an independent reading of docs/pricing.md.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from math import floor

from coupons.rules import CouponTerms, Goods, Stacking


class Till:
    """Lines in fen with the pieces on them; ``pile`` are the pieces not taken yet with their worth."""

    def __init__(self, amounts: Sequence[int], goods: Sequence[Goods]) -> None:
        self.first, self.goods = list(amounts), list(goods)
        self.left = list(amounts)
        self.pile = [line.pieces for line in goods]
        self.worth = list(amounts)

    def lines(self, coupon: CouponTerms) -> list[int]:
        scope = coupon.scope
        found = []
        for place, line in enumerate(self.goods):
            named = scope.products or scope.categories or scope.brands
            is_in = (
                not named
                or line.product_id in scope.products
                or line.brand_id in scope.brands
                or scope.categories & line.category_ids
            )
            is_out = (
                line.product_id in scope.not_products
                or line.brand_id in scope.not_brands
                or scope.not_categories & line.category_ids
            )
            if coupon.kind == "voucher" and not named and not line.is_service:
                continue
            if line.takes_coupons and is_in and not is_out:
                found.append(place)
        return found

    def use(self, coupon: CouponTerms) -> int:
        before = sum(self.left)
        lines = self.lines(coupon)
        if coupon.kind in ("amount_off", "percent_off"):
            self._off(lines, self._sum(coupon, lines))
        else:
            self._pieces(coupon, lines)
        return before - sum(self.left)

    def _sum(self, coupon: CouponTerms, lines: list[int]) -> int:
        if coupon.kind == "amount_off":
            return int(coupon.amount * 100)
        whole = sum((self.first if coupon.base == "initial" else self.left)[place] for place in lines)
        off = floor(whole * (1 - Fraction(coupon.factor)))
        return off if coupon.cap is None else min(off, int(coupon.cap * 100))

    def _off(self, lines: list[int], amount: int) -> None:
        total = sum(self.left[place] for place in lines)
        amount = min(amount, total)
        if amount <= 0:
            return
        exact = {place: Fraction(amount * self.left[place], total) for place in lines}
        share = {place: floor(part) for place, part in exact.items()}
        rest = amount - sum(share.values())
        for place in sorted(lines, key=lambda one: (share[one] - exact[one], -self.left[one], one))[:rest]:
            share[place] += 1
        for place in lines:
            before = self.left[place]
            self.left[place] -= share[place]
            if before:
                self.worth[place] = self.worth[place] * self.left[place] // before

    def _pieces(self, coupon: CouponTerms, lines: list[int]) -> None:
        """One entry per piece, dearest first; what of a line is taken together is rounded together."""
        is_initial = coupon.base == "initial"
        each = []
        for place in lines:
            if not self.left[place]:
                continue
            value = (
                Fraction(self.first[place], self.goods[place].pieces)
                if is_initial and self.goods[place].pieces
                else Fraction(self.worth[place], self.pile[place] or 1)
            )
            each += [(-value, place)] * self.pile[place]
        each.sort()
        bought = coupon.buy_pieces if coupon.kind in ("nth_item", "buy_get") else 0
        wanted = coupon.pieces if coupon.kind in ("fixed_price", "exchange", "buy_get") else 1
        group = each[: bought + wanted]
        if len(group) <= bought:
            return
        cheaper = Counter(place for _value, place in group[bought:])
        gone = Counter(place for _value, place in group)
        unit = {place: -value for value, place in group}
        taken = {}
        for place, count in cheaper.items():
            value = floor(unit[place] * count)
            if coupon.kind == "fixed_price":
                value = max(0, value - int(coupon.price * 100) * count)
            elif coupon.kind == "nth_item":
                value = floor(value * (1 - Fraction(coupon.factor)))
            taken[place] = min(value, self.left[place])
        if not any(taken.values()):
            return
        for place, count in gone.items():
            self.left[place] -= taken.get(place, 0)
            worth = self.worth[place] - self.worth[place] * count // self.pile[place]
            self.worth[place] = min(worth, self.left[place])
            self.pile[place] -= count


def fits(group: Sequence[CouponTerms], stacking: Stacking) -> bool:
    """Whether a set may be used together (R-K6)."""
    if len(group) > stacking.per_order:
        return False
    codes = Counter(coupon.stack_category for coupon in group)
    if len(group) > 1 and any(stacking.classes[code].is_exclusive for code in codes):
        return False
    if any(count > stacking.classes[code].order_limit for code, count in codes.items()):
        return False
    if any(frozenset(pair) not in stacking.pairs for pair in combinations(codes, 2)):
        return False
    templates = Counter(coupon.template_id for coupon in group)
    return all(
        most is None or templates[coupon.template_id] <= most
        for coupon in group
        for most in (coupon.order_limit, coupon.room)
        if templates[coupon.template_id] > 1
    )


def payable(group: Iterable[CouponTerms], amounts: Sequence[int], goods: Sequence[Goods]) -> int | None:
    """What is left to pay, or None where a coupon of the set does nothing or its threshold is not met."""
    till = Till(amounts, goods)
    steps = {"amount_off": 1, "percent_off": 2}
    order = sorted(
        group, key=lambda one: (one.priority, steps.get(one.kind, 0), one.valid_until, one.issued_at, one.coupon_id)
    )
    for coupon in order:
        base = sum(till.first[place] for place in till.lines(coupon))
        if base <= 0 or base < coupon.threshold * 100 or not till.use(coupon):
            return None
    return sum(till.left)


def best(
    coupons: Sequence[CouponTerms],
    goods: Sequence[Goods],
    with_tier: Sequence[int],
    without_tier: Sequence[int],
    stacking: Stacking,
) -> tuple[int, list[int]]:
    """The lowest amount and the ids of the set that R-K7 names for it."""
    found = []
    for size in range(min(len(coupons), stacking.per_order) + 1):
        for group in combinations(coupons, size):
            is_off = any(not coupon.stacks_with_tier for coupon in group)
            amounts = without_tier if is_off else with_tier
            # A coupon is asked for its own worth first: alone, where it would be used.
            left = payable(group, amounts, goods) if fits(group, stacking) else None
            if left is not None:
                ages = sorted((coupon.valid_until, coupon.issued_at, coupon.coupon_id) for coupon in group)
                found.append((left, size, ages))
    left, _size, ages = min(found)
    return left, sorted(age[2] for age in ages)
