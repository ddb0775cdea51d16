"""What a quote guarantees for ten minutes (R-C1): its instant, the shop's rules and what the member's tiers give."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import coupons.selectors
import tiers.selectors
from checkout.pricing.model import CategoryFactor, Rounding, Rules, TierName
from core import settings

POINTS_CAPS = (
    "points_cap_per_order",
    "points_cap_per_day",
    "points_cap_per_month",
    "points_cap_lifetime",
    "points_budget_per_month",
)


@dataclass(frozen=True)
class Tier:
    """The part of a member's state that is frozen with the quote (R-C1).

    ``held`` are all levels as JSON: ``code``, ``name``, ``colour``, ``kind`` of the track and ``perks``.
    """

    code: str
    name: str
    version_id: int | None
    discount_factor: Decimal
    points_multiple: Decimal
    discount_tier: TierName | None = None
    category_factors: tuple[CategoryFactor, ...] = ()
    held: tuple[dict[str, Any], ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all levels held, for conditions that ask for a tier."""
        return frozenset([self.code, *(one["code"] for one in self.held)])

    def to_json(self) -> dict[str, Any]:
        """As kept in ``Basket.quote`` and in the snapshot of the order."""
        return {
            "code": self.code,
            "name": self.name,
            "version_id": self.version_id,
            "discount_factor": str(self.discount_factor),
            "points_multiple": str(self.points_multiple),
            "discount_tier": None if self.discount_tier is None else asdict(self.discount_tier),
            "category_factors": [[one.category_id, str(one.factor), asdict(one.tier)] for one in self.category_factors],
            "held": list(self.held),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Tier":
        """The inverse of :meth:`to_json`; quotes of before several tracks lack the later keys."""
        giver = data.get("discount_tier")
        return cls(
            code=data["code"],
            name=data["name"],
            version_id=data["version_id"],
            discount_factor=Decimal(data["discount_factor"]),
            points_multiple=Decimal(data["points_multiple"]),
            discount_tier=None if giver is None else TierName(**giver),
            category_factors=tuple(
                CategoryFactor(category_id, Decimal(factor), TierName(**tier))
                for category_id, factor, tier in data.get("category_factors", ())
            ),
            held=tuple(data.get("held", ())),
        )


@dataclass(frozen=True)
class Frozen:
    """What a quote guarantees for ten minutes: its instant, the rules and the tier."""

    priced_at: datetime
    rules: Rules
    tier: Tier | None

    def to_json(self) -> dict[str, Any]:
        """As kept in ``Basket.quote``."""
        rules = {name: str(value) for name, value in asdict(self.rules).items()}
        tier = None if self.tier is None else self.tier.to_json()
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
                coupons_per_order=int(rules.get("coupons_per_order", 1)),
                **{name: int(rules.get(name, 0)) for name in POINTS_CAPS},
            ),
            tier=None if tier is None else Tier.from_json(tier),
        )


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
        coupons_per_order=values[coupons.selectors.MAX_PER_ORDER],
        **{name: values[name.replace("points_", "points.", 1)] for name in POINTS_CAPS},
    )


def get_frozen(member_id: int | None, at: datetime) -> Frozen:
    """Rules and tier as of now, for a new quote."""
    tier = None
    if member_id is not None:
        tier = tier_of(tiers.selectors.get_benefits(member_id=member_id, at=at))
    return Frozen(priced_at=at, rules=get_rules(at), tier=tier)


def tier_of(benefits: tiers.selectors.Benefits) -> Tier:
    """The level of the growth track with what all levels together give, and from which of them it comes (R-T9)."""
    givers = {one.code: TierName(one.code, one.name, one.version_id) for one in benefits.held}
    by_category = {one.category_id: givers[one.tier_code] for one in benefits.sources if one.benefit == "category"}
    discount = next((givers[one.tier_code] for one in benefits.sources if one.benefit == "discount"), None)
    return Tier(
        code=benefits.tier_code,
        name=benefits.tier_name,
        version_id=benefits.version_id,
        discount_factor=benefits.discount_factor,
        points_multiple=benefits.points_multiple,
        discount_tier=None if discount is None or discount.code == benefits.tier_code else discount,
        category_factors=tuple(
            CategoryFactor(category_id, factor, by_category[category_id])
            for category_id, factor in benefits.category_factors
        ),
        held=tuple(
            {
                "code": one.code,
                "name": one.name,
                "colour": one.colour,
                "kind": one.track_kind,
                "perks": list(one.perks),
            }
            for one in benefits.held
        ),
    )
