"""What goes into a price and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

from core.money import ZERO
from coupons.rules import Circumstances, CouponTerms, Refusal, Stacking
from passes.rules import Use
from points.rules import Caps, Room, RuleTerms


class Layer(IntEnum):
    """The numbers of rules.md §7; the gaps are steps that no rule needs yet."""

    LIST = 0
    PRICE = 1
    COUPON = 5
    POINTS = 7
    ROUNDING = 8


class Rounding(StrEnum):
    """抹零: how the payable amount is rounded down."""

    NONE = "none"
    DOWN_TO_TENTH = "down_to_tenth"
    DOWN_TO_ONE = "down_to_one"


class PriceSource(StrEnum):
    """Which price a line took in layer 1."""

    LIST = "list"
    MEMBER = "member"
    TIER = "tier"
    PASS = "pass"  # noqa: S105 - a count pass


@dataclass(frozen=True)
class BasketLine:
    """Goods as the catalogue has them now. ``cost`` and ``category_id`` are carried for the order's snapshot.

    ``category_ids`` are the category and all above it, for coupons and tiers that ask. ``points_rule`` is the rule of
    points in force for them at the quote's instant; ``points_rate`` 0 earns nothing.
    ``by_pass`` is the use of a count pass that pays this line; the engine then keeps every other benefit off it.
    """

    product_id: int
    sku: str
    name: str
    quantity: Decimal
    list_price: Decimal
    member_price: Decimal | None = None
    cost: Decimal | None = None
    category_id: int | None = None
    takes_tier_discount: bool = True
    takes_coupons: bool = True
    takes_points: bool = True
    points_rate: Decimal = Decimal(1)
    points_rule: RuleTerms | None = None
    is_service: bool = False
    by_pass: Use | None = None
    category_ids: frozenset[int] = frozenset()
    brand_id: int | None = None

    @property
    def pieces(self) -> int:
        """How many whole pieces; 0 for a weight that is no whole number."""
        return int(self.quantity) if self.quantity == int(self.quantity) else 0

    @property
    def pass_id(self) -> int | None:
        """The pass that pays this line."""
        return None if self.by_pass is None else self.by_pass.pass_id


@dataclass(frozen=True)
class TierName:
    """A level that gives a price, as an order names it."""

    code: str
    name: str
    version_id: int


@dataclass(frozen=True)
class CategoryFactor:
    """What a level makes of the prices of a category and of all that lies below it."""

    category_id: int
    factor: Decimal
    tier: TierName


@dataclass(frozen=True)
class MemberState:
    """The member as far as a price needs it. The tier part is frozen with the quote, the rest is read afresh.

    ``category_factors`` are discounts on a category and what lies below it; a line takes the lowest factor (R-T9).
    ``discount_tier`` is whose ``discount_factor`` it is, where it is not that of the level that the member holds.
    ``held`` are all levels as the quote keeps them, for the screen.
    """

    member_id: int
    tier_code: str
    tier_name: str
    tier_version_id: int | None
    discount_factor: Decimal
    points_multiple: Decimal
    category_factors: tuple[CategoryFactor, ...] = ()
    discount_tier: TierName | None = None
    held: tuple[Mapping[str, Any], ...] = ()
    spendable_points: int = 0
    spendable_wallet: Decimal = ZERO
    points_balance: int = 0
    points_debt: int = 0
    points_room: Room = field(default_factory=Room)
    wallet_principal: Decimal = ZERO
    wallet_bonus: Decimal = ZERO


@dataclass(frozen=True)
class Rules:
    """The shop's rules in force at the quote's instant."""

    rounding: Rounding = Rounding.NONE
    points_face_fen: int = 100
    points_face_points: int = 100
    points_minimum: int = 100
    points_step: int = 100
    points_maximum_percent: int = 50
    points_per_yuan: Decimal = Decimal(1)
    bonus_earns: bool = False
    multiple_mode: str = "max"
    multiple_cap: Decimal = Decimal(10)
    points_cap_per_order: int = 0
    points_cap_per_day: int = 0
    points_cap_per_month: int = 0
    points_cap_lifetime: int = 0
    points_budget_per_month: int = 0
    coupons_per_order: int = 3

    @property
    def points_caps(self) -> Caps:
        """The shop's caps of points earned (R-P5)."""
        return Caps(
            per_order=self.points_cap_per_order,
            per_day=self.points_cap_per_day,
            per_month=self.points_cap_per_month,
            lifetime=self.points_cap_lifetime,
            budget_per_month=self.points_budget_per_month,
        )


@dataclass(frozen=True)
class Wishes:
    """What the cashier chose. No ``coupon_ids`` let the engine choose; ``use_coupons`` False takes none.

    Those named are taken in that order as far as they are usable and go together.
    """

    points: int = 0
    use_coupons: bool = True
    coupon_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Adjustment:
    """One reduction and its exact split, one part per line in the order of the lines."""

    layer: Layer
    source: str
    label: str
    amount: Decimal
    parts: tuple[Decimal, ...]


@dataclass(frozen=True)
class PricedLine:
    """A line with its list amount, the price it took and what is left of it after all adjustments."""

    line: BasketLine
    list_amount: Decimal
    price_source: PriceSource
    net: Decimal


@dataclass(frozen=True)
class CouponRefusal:
    """Why a coupon cannot be used: a refusal of ``coupons.rules``."""

    terms: CouponTerms
    refusal: Refusal


@dataclass(frozen=True)
class TakenCoupon:
    """A coupon of the order with what it takes off there; a coupon for more points takes nothing off."""

    terms: CouponTerms
    amount: Decimal


@dataclass(frozen=True)
class UsableCoupon:
    """A coupon that this basket could use. ``saves`` is what a chosen one takes off here, another one alone.

    ``alone`` is what it would save alone in any case. ``refusal`` says why it is not among the chosen: None for a
    chosen one, and for one that could still be added.
    """

    terms: CouponTerms
    saves: Decimal
    refusal: Refusal | None = None
    alone: Decimal = ZERO


@dataclass(frozen=True)
class CouponContext:
    """What coupons are reckoned with: the matrix of classes and where, when and for whom the sale is."""

    stacking: Stacking = field(default_factory=Stacking)
    around: Circumstances = field(default_factory=Circumstances)


@dataclass(frozen=True)
class Quote:
    """The priced basket. ``sum(list) - sum(adjustments) == payable == sum(net)``, always.

    ``coupons_are_best`` is False where there were too many coupons to look at every set (R-K7).
    """

    lines: tuple[PricedLine, ...]
    adjustments: tuple[Adjustment, ...]
    payable: Decimal
    priced_at: datetime
    coupons: tuple[TakenCoupon, ...] = ()
    usable_coupons: tuple[UsableCoupon, ...] = ()
    refused_coupons: tuple[CouponRefusal, ...] = ()
    coupons_are_best: bool = True
    points_used: int = 0
    points_value: Decimal = ZERO
    points_maximum: int = 0
    points_maximum_value: Decimal = ZERO
    points_wish_cut: bool = False
    earns: int = 0
    multiple: Decimal = Decimal(1)
    member: MemberState | None = None

    @property
    def coupon_ids(self) -> list[int]:
        """The coupons used, by id."""
        return sorted(one.terms.coupon_id for one in self.coupons)

    @property
    def pass_paid(self) -> Decimal:
        """What count passes pay."""
        return sum((line.net for line in self.lines if line.line.by_pass is not None), ZERO)

    @property
    def pass_paid_lines(self) -> list[tuple[int, PricedLine]]:
        """The lines that a pass pays, also for nothing, with their positions."""
        return [(position, line) for position, line in enumerate(self.lines) if line.line.by_pass is not None]

    @property
    def due(self) -> Decimal:
        """What is left to pay by the customer's own means."""
        return self.payable - self.pass_paid

    @property
    def earning_nets(self) -> list[Decimal]:
        """What was paid of each line as far as points and tiers count it: nothing where a pass paid."""
        return [ZERO if line.line.by_pass is not None else line.net for line in self.lines]

    @property
    def list_total(self) -> Decimal:
        """Sum of the lines' list amounts."""
        return sum((line.list_amount for line in self.lines), ZERO)

    @property
    def saved(self) -> Decimal:
        """What the customer does not pay of the list amount."""
        return self.list_total - self.payable

    @property
    def pieces(self) -> Decimal:
        """Sum of the quantities."""
        return sum((line.line.quantity for line in self.lines), Decimal(0))
