"""What a price needs, read from the database: rules, goods, and the member's tier, coupons and balances."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import catalog.selectors
import coupons.selectors
import points.selectors
import tiers.selectors
import wallet.selectors
from checkout.models import Basket
from checkout.pricing import engine
from checkout.pricing.model import BasketLine, MemberState, Quote, Rounding, Rules, Wishes
from core import settings
from core.money import ZERO
from coupons.rules import CouponTerms

QUOTE_VALID = timedelta(minutes=10)


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


def get_member_state(member_id: int, tier: Tier, at: datetime) -> MemberState:
    """The member's balances afresh, with the tier that the quote holds."""
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
        wallet_principal=stored.principal,
        wallet_bonus=stored.bonus,
    )


def get_basket_lines(lines: Sequence[tuple[int, Decimal]]) -> tuple[BasketLine, ...]:
    """The goods of a basket as the catalogue has them now, in the basket's order, one statement.

    A product that was retired meanwhile is left out, so that the fingerprint differs and the cashier is told.
    """
    products = catalog.selectors.get_for_pricing([product_id for product_id, _quantity in lines])
    return tuple(
        BasketLine(
            product_id=product.pk,
            sku=product.sku,
            name=product.name,
            quantity=quantity,
            list_price=product.list_price,
            member_price=product.member_price,
            cost=product.cost,
            category_id=product.category_id,
            takes_tier_discount=not product.is_excluded_from_tier_discount,
            takes_coupons=not product.is_excluded_from_coupons,
            takes_points=not product.is_excluded_from_points,
            points_rate=Decimal(0 if product.is_excluded_from_points else 1),
        )
        for product_id, quantity in lines
        if (product := products.get(product_id)) is not None
    )


def parse_lines(basket: Basket) -> list[tuple[int, Decimal]]:
    """The stored lines with typed quantities."""
    return [(int(product_id), Decimal(quantity)) for product_id, quantity in basket.lines]


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
    member = None
    if basket.member_id is not None and frozen.tier is not None:
        member = get_member_state(basket.member_id, frozen.tier, at)
    wishes = Wishes(points=basket.points_wish, use_coupon=basket.use_coupon, coupon_id=basket.coupon_id)
    return engine.price(
        get_basket_lines(parse_lines(basket)),
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
        "lines": [
            {"product_id": line.line.product_id, "name": line.line.name, "net": str(line.net)} for line in quote.lines
        ],
        "list_total": str(quote.list_total or ZERO),
    }
