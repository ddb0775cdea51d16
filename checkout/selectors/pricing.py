"""What a price needs, read from the database: rules, goods, and the member's tier, coupons and balances."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import catalog.selectors
import coupons.selectors
import passes.selectors
import points.selectors
import tiers.selectors
import wallet.selectors
from catalog.models import Product
from checkout.models import Basket
from checkout.pricing import engine
from checkout.pricing.model import BasketLine, MemberState, Quote, Rounding, Rules, Wishes
from core import settings
from core.days import local_day
from core.money import ZERO, half_up
from coupons.rules import CouponTerms
from passes import rules as pass_rules
from points import rules as points_rules

QUOTE_VALID = timedelta(minutes=10)
POINTS_CAPS = (
    "points_cap_per_order",
    "points_cap_per_day",
    "points_cap_per_month",
    "points_cap_lifetime",
    "points_budget_per_month",
)


@dataclass(frozen=True)
class Tier:
    """The part of a member's state that is frozen with the quote (R-C1)."""

    code: str
    name: str
    version_id: int | None
    discount_factor: Decimal
    points_multiple: Decimal


@dataclass(frozen=True)
class Frozen:
    """What a quote guarantees for ten minutes: its instant, the rules and the tier."""

    priced_at: datetime
    rules: Rules
    tier: Tier | None

    def to_json(self) -> dict[str, Any]:
        """As kept in ``Basket.quote``."""
        rules = {name: str(value) for name, value in asdict(self.rules).items()}
        tier = None if self.tier is None else {name: _text(value) for name, value in asdict(self.tier).items()}
        return {"priced_at": self.priced_at.isoformat(), "rules": rules, "tier": tier}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Frozen":
        """The inverse of :meth:`to_json`."""
        rules, tier = data["rules"], data["tier"]
        return cls(
            priced_at=datetime.fromisoformat(data["priced_at"]),
            rules=Rules(
                rounding=Rounding(rules["rounding"]),
                points_face_fen=int(rules["points_face_fen"]),
                points_face_points=int(rules["points_face_points"]),
                points_minimum=int(rules["points_minimum"]),
                points_step=int(rules["points_step"]),
                points_maximum_percent=int(rules["points_maximum_percent"]),
                points_per_yuan=Decimal(rules["points_per_yuan"]),
                bonus_earns=rules["bonus_earns"] == "True",
                multiple_mode=rules["multiple_mode"],
                multiple_cap=Decimal(rules["multiple_cap"]),
                **{name: int(rules.get(name, 0)) for name in POINTS_CAPS},
            ),
            tier=None
            if tier is None
            else Tier(
                code=tier["code"],
                name=tier["name"],
                version_id=tier["version_id"],
                discount_factor=Decimal(tier["discount_factor"]),
                points_multiple=Decimal(tier["points_multiple"]),
            ),
        )


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def get_rules(at: datetime) -> Rules:
    """The shop's pricing rules in force at an instant, one statement."""
    values = settings.values(at)
    return Rules(
        rounding=Rounding(values["checkout.rounding"]),
        points_face_fen=values["points.face_fen"],
        points_face_points=values["points.face_points"],
        points_minimum=values["points.minimum"],
        points_step=values["points.step"],
        points_maximum_percent=values["points.max_share_percent"],
        points_per_yuan=values["points.per_yuan"],
        bonus_earns=values["checkout.bonus_earns"],
        multiple_mode=values["points.multiple_mode"],
        multiple_cap=values["points.multiple_cap"],
        **{name: values[name.replace("points_", "points.", 1)] for name in POINTS_CAPS},
    )


def get_frozen(member_id: int | None, at: datetime) -> Frozen:
    """Rules and tier as of now, for a new quote."""
    tier = None
    if member_id is not None:
        benefits = tiers.selectors.get_benefits(member_id=member_id, at=at)
        tier = Tier(
            code=benefits.tier_code,
            name=benefits.tier_name,
            version_id=benefits.version_id,
            discount_factor=benefits.discount_factor,
            points_multiple=benefits.points_multiple,
        )
    return Frozen(priced_at=at, rules=get_rules(at), tier=tier)


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


def get_passes(basket: Basket, frozen: "Frozen", at: datetime) -> Passes | None:
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
) -> tuple[BasketLine, ...]:
    """The goods of a basket as the catalogue has them now, in the basket's order, one statement.

    ``points_book`` are the rules of points to sell under; a walk-in customer needs none. A product that was retired
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
        )
        for place, line in enumerate(lines)
        if (product := products.get(line.product_id)) is not None
        for rule in (rules[product.pk],)
    )


def parse_lines(basket: Basket) -> list[StoredLine]:
    """The stored lines with typed quantities; baskets of before count passes have no third element."""
    return [StoredLine(int(line[0]), Decimal(line[1]), line[2] if len(line) > 2 else None) for line in basket.lines]


def get_coupons(basket: Basket, at: datetime) -> list[CouponTerms]:
    """The member's open coupons and the one that was scanned, in whatever state it is now."""
    found: list[CouponTerms] = []
    if basket.member_id is not None:
        found = coupons.selectors.list_usable_terms(member_id=basket.member_id, at=at)
    if basket.coupon_id is not None and basket.coupon_id not in {terms.coupon_id for terms in found}:
        found += coupons.selectors.list_terms(coupon_ids=[basket.coupon_id])
    return found


def price_basket(basket: Basket, frozen: Frozen, at: datetime) -> Quote:
    """Price with the quote's own instant, rules and tier, and everything else as it is at ``at``."""
    member = book = None
    if basket.member_id is not None and frozen.tier is not None:
        # Versions of rules never change once they have started, so the instant alone gives the quote's own.
        book = points.selectors.get_rule_book(at=frozen.priced_at)
    lines = get_basket_lines(parse_lines(basket), book, get_passes(basket, frozen, at))
    if basket.member_id is not None and frozen.tier is not None:
        room = points.selectors.get_room(
            member_id=basket.member_id,
            terms={line.points_rule.rule_id: line.points_rule for line in lines if line.points_rule}.values(),
            caps=frozen.rules.points_caps,
            at=at,
        )
        member = get_member_state(basket.member_id, frozen.tier, at, room)
    wishes = Wishes(points=basket.points_wish, use_coupon=basket.use_coupon, coupon_id=basket.coupon_id)
    return engine.price(
        lines,
        member=member,
        coupons=get_coupons(basket, at),
        rules=frozen.rules,
        wishes=wishes,
        at=frozen.priced_at,
    )


def summary(quote: Quote) -> dict[str, Any]:
    """The figures of a quote that a later difference is shown from."""
    return {
        "payable": str(quote.payable),
        "points_used": quote.points_used,
        "coupon_id": None if quote.coupon is None else quote.coupon.coupon_id,
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
