"""What goes into a price and what comes out of it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from core.money import ZERO
from coupons.rules import CouponTerms, Refusal
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

    ``points_rule`` is the rule of points in force for them at the quote's instant; ``points_rate`` 0 earns nothing.
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

    @property
    def pass_id(self) -> int | None:
        """The pass that pays this line."""
        return None if self.by_pass is None else self.by_pass.pass_id


@dataclass(frozen=True)
class MemberState:
    """The member as far as a price needs it. The tier part is frozen with the quote, the rest is read afresh."""

    member_id: int
    tier_code: str
    tier_name: str
    tier_version_id: int | None
    discount_factor: Decimal
    points_multiple: Decimal
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
    """What the cashier chose. ``coupon_id`` None lets the engine choose; ``use_coupon`` False takes none."""

    points: int = 0
    use_coupon: bool = True
    coupon_id: int | None = None


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
class Quote:
    """The priced basket. ``sum(list) - sum(adjustments) == payable == sum(net)``, always."""

    lines: tuple[PricedLine, ...]
    adjustments: tuple[Adjustment, ...]
    payable: Decimal
    priced_at: datetime
    coupon: CouponTerms | None = None
    usable_coupons: tuple[tuple[CouponTerms, Decimal], ...] = ()
    refused_coupons: tuple[CouponRefusal, ...] = ()
    points_used: int = 0
    points_value: Decimal = ZERO
    points_maximum: int = 0
    points_maximum_value: Decimal = ZERO
    points_wish_cut: bool = False
    earns: int = 0
    multiple: Decimal = Decimal(1)
    member: MemberState | None = None

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
