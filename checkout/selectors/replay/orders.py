"""Past orders as the pricing engine takes them, and what it makes of them under other rules."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.db.models import Sum

import catalog.selectors
import coupons.selectors
import points.selectors
from catalog.models import Product
from checkout.models import Adjustment, Allocation, Order, OrderLine
from checkout.pricing import engine
from checkout.pricing.model import BasketLine, CouponContext, Layer, MemberState, PriceSource, Quote, Rules, Wishes
from checkout.selectors import pricing
from checkout.selectors.frozen import Frozen, Tier, tier_of
from core.days import end_of, start_of
from core.money import ZERO
from coupons.rules import ISSUED, Conditions, CouponTerms, StackClass, Stacking
from passes.rules import Use
from tiers.selectors import Benefits

COUPON = "coupon:"
_ANY = Conditions()


@dataclass(frozen=True)
class PastOrder:
    """An order with what the engine needs to price it again: its goods, and the rules, coupons and points of its day.

    Imported orders were priced elsewhere: what their goods were sold for stands as a price that a tier can only lower.
    """

    order: Order
    lines: tuple[BasketLine, ...]
    nets: tuple[Decimal, ...]
    rules: Rules
    member: MemberState | None
    coupons: tuple[CouponTerms, ...]

    @property
    def is_imported(self) -> bool:
        """Whether it was priced elsewhere."""
        return not self.order.snapshot

    def price(self, member: MemberState | None) -> Quote:
        """The order as it was, for ``self.member``, or as it would have been with other tiers of the member."""
        used = tuple(terms.coupon_id for terms in self.coupons)
        return self._price(member, self.coupons, used, CouponContext(_as_used(self.coupons)))

    def price_with(self, offered: CouponTerms, context: CouponContext, *, is_forced: bool = False) -> Quote:
        """The order with one coupon more: the till takes the best set of it and those that were used, or, with
        ``is_forced``, all of them that go together."""
        used = tuple(terms.coupon_id for terms in self.coupons)
        wanted = (*used, offered.coupon_id) if is_forced else ()
        return self._price(self.member, (*self.coupons, offered), wanted, context)

    def _price(
        self,
        member: MemberState | None,
        terms: Sequence[CouponTerms],
        wanted: tuple[int, ...],
        context: CouponContext,
    ) -> Quote:
        wishes = Wishes(points=self.order.points_used, use_coupons=bool(terms), coupon_ids=wanted)
        return engine.price(
            self.lines,
            member=member,
            coupons=terms,
            rules=self.rules,
            wishes=wishes,
            at=self.order.priced_at,
            context=context,
        )

    def is_reproduced_by(self, quote: Quote) -> bool:
        """Whether a quote is what was really paid, line by line."""
        return tuple(line.net for line in quote.lines) == self.nets and quote.payable == self.order.payable


def _as_used(coupons: Sequence[CouponTerms]) -> Stacking:
    """A matrix that lets coupons go together that did go together then."""
    codes = {terms.stack_category for terms in coupons}
    return Stacking(
        per_order=max(len(coupons), 1),
        classes={code: StackClass(code, order_limit=len(coupons)) for code in codes},
        pairs=frozenset(frozenset(pair) for pair in combinations(codes, 2)),
    )


def with_benefits(member: MemberState, benefits: Benefits) -> MemberState:
    """The member with other tiers."""
    return replace(member, **_tier_part(tier_of(benefits)))


def gives(member: MemberState) -> tuple[Any, ...]:
    """What of a member's tiers can change a price or points."""
    factors = tuple((one.category_id, one.factor) for one in member.category_factors)
    return (member.discount_factor, member.points_multiple, factors)


def _tier_part(tier: Tier) -> dict[str, Any]:
    return {
        "tier_code": tier.code,
        "tier_name": tier.name,
        "tier_version_id": tier.version_id,
        "discount_factor": tier.discount_factor,
        "points_multiple": tier.points_multiple,
        "category_factors": tier.category_factors,
        "discount_tier": tier.discount_tier,
    }


class PastOrders:
    """Loads past orders in groups; goods, categories and today's rules are read once for all of them."""

    def __init__(self, rules: Rules, points_book: points.selectors.RuleBook) -> None:
        self.rules = rules
        self.points_book = points_book
        self.products: dict[int, Product] = {}
        self.parents = catalog.selectors.get_category_parents()

    def load(self, members: Collection[int], *, first: date, last: date) -> dict[int, list[PastOrder]]:
        """The orders of these members that stand, in order of time, by member; five statements at most."""
        orders = list(
            Order.objects.filter(
                member_id__in=members,
                voided_at__isnull=True,
                occurred_at__gte=start_of(first),
                occurred_at__lt=end_of(last),
            )
            .select_related("store")
            .order_by("occurred_at", "pk")
        )
        ids = [order.pk for order in orders]
        lines = _by_order(OrderLine.objects.filter(order_id__in=ids).order_by("order_id", "position"))
        self._know_products({line.product_id for group in lines.values() for line in group})
        used = _coupons_of(ids)
        price_parts = _price_parts(ids)
        found: dict[int, list[PastOrder]] = defaultdict(list)
        for order in orders:
            if order.member_id is not None:
                found[order.member_id].append(
                    self._past(order, lines.get(order.pk, []), used.get(order.pk, ()), price_parts)
                )
        return found

    def _know_products(self, ids: Iterable[int]) -> None:
        missing = set(ids) - self.products.keys()
        self.products |= Product.objects.in_bulk(list(missing))

    def _past(
        self,
        order: Order,
        lines: Sequence[OrderLine],
        used: Sequence[CouponTerms],
        price_parts: Mapping[int, Decimal],
    ) -> PastOrder:
        frozen = Frozen.from_json(order.snapshot) if order.snapshot else None
        return PastOrder(
            order=order,
            lines=tuple(self._line(line, bool(frozen), price_parts.get(line.pk, ZERO)) for line in lines),
            nets=tuple(line.net for line in lines),
            rules=frozen.rules if frozen else self.rules,
            member=_member(order, frozen),
            # They were usable then: their conditions were asked, and their use is not counted against them now.
            coupons=tuple(
                replace(
                    terms,
                    status=ISSUED,
                    uses_left=max(terms.uses_left, 1),
                    order_limit=None,
                    conditions=_ANY,
                    is_stopped=False,
                    limit_reached="",
                    room=None,
                    valid_from=min(terms.valid_from, order.priced_at),
                    member_id=order.member_id,
                )
                for terms in used
            ),
        )

    def _line(self, line: OrderLine, is_ours: bool, part: Decimal) -> BasketLine:
        product = self.products[line.product_id]
        quantity = line.quantity or Decimal(1)
        price, member_price = line.list_price, None
        if not is_ours:
            # Amounts of other systems need not be a multiple of the price: the line's own amounts hold.
            price, member_price = line.list_amount / quantity, line.net / quantity
        elif line.price_source == PriceSource.MEMBER:
            member_price = (line.list_amount - part) / quantity
        elif product.member_price is not None:
            # It was not the lowest then, so it was not below what the line took; it may be under another tier.
            member_price = max(product.member_price, (line.list_amount - part) / quantity)
        rule = self.points_book.find(product_id=product.pk, category_id=product.category_id, brand_id=product.brand_id)
        return BasketLine(
            product_id=product.pk,
            sku=line.sku,
            name=line.name,
            quantity=quantity,
            list_price=price,
            member_price=member_price,
            cost=line.cost,
            category_id=product.category_id,
            category_ids=pricing.categories_of(product.category_id, self.parents),
            brand_id=product.brand_id,
            takes_tier_discount=line.price_source == PriceSource.TIER or not product.is_excluded_from_tier_discount,
            takes_coupons=not product.is_excluded_from_coupons,
            takes_points=not product.is_excluded_from_points and (rule is None or rule.is_payable),
            points_rate=Decimal(0 if product.is_excluded_from_points else 1),
            points_rule=rule,
            is_service=product.kind == Product.Kind.SERVICE,
            by_pass=None if line.pass_id is None else Use(line.pass_id, "", 1, line.net, line.net),
        )


def _by_order(lines: Iterable[OrderLine]) -> dict[int, list[OrderLine]]:
    groups: dict[int, list[OrderLine]] = defaultdict(list)
    for line in lines:
        groups[line.order_id].append(line)
    return groups


def _coupons_of(order_ids: Sequence[int]) -> dict[int, list[CouponTerms]]:
    rows = Adjustment.objects.filter(order_id__in=order_ids, source__startswith=COUPON)
    pairs = [
        (order_id, int(source.removeprefix(COUPON))) for order_id, source in rows.values_list("order_id", "source")
    ]
    terms = {one.coupon_id: one for one in coupons.selectors.list_terms(coupon_ids=[pk for _order, pk in pairs])}
    found: dict[int, list[CouponTerms]] = defaultdict(list)
    for order_id, coupon_id in pairs:
        found[order_id].append(terms[coupon_id])
    return found


def _price_parts(order_ids: Sequence[int]) -> dict[int, Decimal]:
    """What member prices and tiers took off each line (layer 1; what a pass takes is none of it)."""
    rows = Allocation.objects.filter(adjustment__order_id__in=order_ids, adjustment__layer=Layer.PRICE)
    rows = rows.exclude(adjustment__source__startswith="pass:").order_by()
    return dict(rows.values_list("line_id").annotate(part=Sum("amount")))


def _member(order: Order, frozen: Frozen | None) -> MemberState | None:
    if order.member_id is None:
        return None
    if frozen is None or frozen.tier is None:
        one = Decimal(1)
        return MemberState(order.member_id, "", "", None, one, one)
    return MemberState(order.member_id, spendable_points=order.points_used, **_tier_part(frozen.tier))
