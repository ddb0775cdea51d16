"""What a price needs, read from the database: rules, goods, and the member's tier, coupons and balances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import catalog.selectors
import passes.selectors
import points.selectors
import wallet.selectors
from catalog.models import Product
from checkout.models import Basket
from checkout.pricing import engine
from checkout.pricing.model import BasketLine, MemberState, Quote, Wishes
from checkout.selectors.coupons import get_context, get_coupons
from checkout.selectors.frozen import Frozen, Tier, get_frozen, get_rules
from core.days import local_day
from core.money import ZERO, half_up
from passes import rules as pass_rules
from points import rules as points_rules

__all__ = [
    "QUOTE_VALID",
    "Frozen",
    "Passes",
    "StoredLine",
    "Tier",
    "covers",
    "get_basket_lines",
    "get_coupons",
    "get_frozen",
    "get_member_state",
    "get_passes",
    "get_rules",
    "parse_lines",
    "price_basket",
    "summary",
    "uses_left",
]

QUOTE_VALID = timedelta(minutes=10)


def get_member_state(
    member_id: int, tier: Tier, at: datetime, points_room: points_rules.Room | None = None
) -> MemberState:
    """The member's balances afresh, with the tier that the quote holds and what caps leave of points to earn."""
    balance = points.selectors.get_balance(member_id=member_id, at=at)
    stored = wallet.selectors.get_balance(member_id=member_id, at=at)
    return MemberState(
        member_id=member_id,
        tier_code=tier.code,
        tier_name=tier.name,
        tier_version_id=tier.version_id,
        discount_factor=tier.discount_factor,
        points_multiple=tier.points_multiple,
        category_factors=tier.category_factors,
        discount_tier=tier.discount_tier,
        held=tier.held,
        spendable_points=0 if balance.debt else balance.spendable,
        spendable_wallet=stored.spendable,
        points_balance=balance.balance,
        points_debt=balance.debt,
        points_room=points_room or points_rules.Room(),
        wallet_principal=stored.principal,
        wallet_bonus=stored.bonus,
    )


@dataclass(frozen=True)
class StoredLine:
    """A line as a basket keeps it: goods, how many, and the count pass that should pay."""

    product_id: int
    quantity: Decimal
    pass_id: int | None = None


@dataclass(frozen=True)
class Passes:
    """The count passes that a basket names, as they are now, and the shop day that uses are reckoned by."""

    terms: Mapping[int, pass_rules.Terms]
    priced_on: date

    def uses(self, lines: Sequence[StoredLine], products: Mapping[int, Product]) -> dict[int, pass_rules.Use]:
        """Which lines a pass pays, by their place, and what for. Left out is what a pass does not cover any more."""
        found: dict[int, pass_rules.Use] = {}
        for pass_id, terms in self.terms.items():
            places, left = [], terms.remaining
            for place, line in enumerate(lines):
                if line.pass_id != pass_id or not covers(terms, products.get(line.product_id), line.quantity):
                    continue
                if terms.is_unlimited or line.quantity <= left:
                    left -= int(line.quantity)
                    places.append(place)
            amounts = [
                half_up(products[lines[place].product_id].list_price * lines[place].quantity) for place in places
            ]
            counted = [(int(lines[place].quantity), amount) for place, amount in zip(places, amounts, strict=True)]
            found |= dict(zip(places, pass_rules.plan_uses(terms, counted, self.priced_on), strict=True))
        return found


def covers(terms: pass_rules.Terms, product: Product | None, quantity: Decimal) -> bool:
    """Whether a pass pays so much of a product now: whole pieces of goods that it names."""
    return (
        product is not None
        and not terms.blocked
        and product.pk in terms.product_ids
        and not product.is_weighed
        and quantity == int(quantity)
    )


def uses_left(terms: pass_rules.Terms, basket: Basket) -> int | None:
    """What the lines of a basket leave of a pass; None for as many as wanted."""
    if terms.is_unlimited:
        return None
    taken = sum((line.quantity for line in parse_lines(basket) if line.pass_id == terms.pass_id), Decimal(0))
    return terms.remaining - int(taken)


def get_passes(basket: Basket, frozen: Frozen, at: datetime) -> Passes | None:
    """The passes that the lines of a basket name; None, and no statement, where they name none."""
    wanted = {line.pass_id for line in parse_lines(basket) if line.pass_id is not None}
    if basket.member_id is None or not wanted:
        return None
    terms = passes.selectors.get_terms(pass_ids=wanted, member_id=basket.member_id, store=basket.store, at=at)
    return Passes(terms, local_day(frozen.priced_at))


def get_basket_lines(
    lines: Sequence[StoredLine],
    points_book: points.selectors.RuleBook | None = None,
    found_passes: Passes | None = None,
    parents: Mapping[int, int | None] | None = None,
) -> tuple[BasketLine, ...]:
    """The goods of a basket as the catalogue has them now, in the basket's order, one statement.

    ``points_book`` are the rules of points to sell under; a walk-in customer needs none. ``parents`` are the tree of
    categories where coupons or tiers ask for it. A product that was retired
    meanwhile is left out, so that the fingerprint differs and the cashier is told.
    """
    book = points_book or points.selectors.RuleBook()
    products = catalog.selectors.get_for_pricing([line.product_id for line in lines])
    uses = {} if found_passes is None else found_passes.uses(lines, products)
    rules = {
        product.pk: book.find(product_id=product.pk, category_id=product.category_id, brand_id=product.brand_id)
        for product in products.values()
    }
    return tuple(
        BasketLine(
            product_id=product.pk,
            sku=product.sku,
            name=product.name,
            quantity=line.quantity,
            list_price=product.list_price,
            member_price=product.member_price,
            cost=product.cost,
            category_id=product.category_id,
            takes_tier_discount=not product.is_excluded_from_tier_discount,
            takes_coupons=not product.is_excluded_from_coupons,
            takes_points=not product.is_excluded_from_points and (rule is None or rule.is_payable),
            points_rate=Decimal(0 if product.is_excluded_from_points else 1),
            points_rule=rule,
            is_service=product.kind == product.Kind.SERVICE,
            by_pass=uses.get(place),
            category_ids=categories_of(product.category_id, parents or {}),
            brand_id=product.brand_id,
        )
        for place, line in enumerate(lines)
        if (product := products.get(line.product_id)) is not None
        for rule in (rules[product.pk],)
    )


def categories_of(category_id: int | None, parents: Mapping[int, int | None]) -> frozenset[int]:
    """A category with all above it; ``parents`` is the tree (``catalog.selectors.get_category_parents``)."""
    found = set()
    while category_id is not None and category_id not in found:
        found.add(category_id)
        category_id = parents.get(category_id)
    return frozenset(found)


def parse_lines(basket: Basket) -> list[StoredLine]:
    """The stored lines with typed quantities; baskets of before count passes have no third element."""
    return [StoredLine(int(line[0]), Decimal(line[1]), line[2] if len(line) > 2 else None) for line in basket.lines]


def price_basket(basket: Basket, frozen: Frozen, at: datetime) -> Quote:
    """Price with the quote's own instant, rules and tier, and everything else as it is at ``at``."""
    member = book = None
    tier = frozen.tier if basket.member_id is not None else None
    if tier is not None:
        # Versions of rules never change once they have started, so the instant alone gives the quote's own.
        book = points.selectors.get_rule_book(at=frozen.priced_at)
    terms = get_coupons(basket, at)
    asks_categories = any(one.scope.asks_categories for one in terms) or bool(tier and tier.category_factors)
    parents = catalog.selectors.get_category_parents() if asks_categories else {}
    lines = get_basket_lines(parse_lines(basket), book, get_passes(basket, frozen, at), parents)
    if basket.member_id is not None and tier is not None:
        room = points.selectors.get_room(
            member_id=basket.member_id,
            terms={line.points_rule.rule_id: line.points_rule for line in lines if line.points_rule}.values(),
            caps=frozen.rules.points_caps,
            at=at,
        )
        member = get_member_state(basket.member_id, tier, at, room)
    wishes = Wishes(points=basket.points_wish, use_coupons=basket.use_coupon, coupon_ids=tuple(basket.coupon_ids))
    return engine.price(
        lines,
        member=member,
        coupons=terms,
        rules=frozen.rules,
        wishes=wishes,
        at=frozen.priced_at,
        context=get_context(basket, terms, frozen),
    )


def summary(quote: Quote) -> dict[str, Any]:
    """The figures of a quote that a later difference is shown from."""
    return {
        "payable": str(quote.payable),
        "points_used": quote.points_used,
        "coupon_ids": quote.coupon_ids,
        "passes": [[use.pass_id, use.uses, str(use.value)] for line in quote.lines if (use := line.line.by_pass)],
        "lines": [
            {
                "product_id": line.line.product_id,
                "pass_id": line.line.pass_id,
                "name": line.line.name,
                "net": str(line.net),
            }
            for line in quote.lines
        ],
        "list_total": str(quote.list_total or ZERO),
    }
