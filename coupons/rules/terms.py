"""What one coupon promises, read from the JSON that its version keeps. Pure: no Django, no clock (rules.md 4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from core.money import ZERO

AMOUNT_OFF: Final = "amount_off"
PERCENT_OFF: Final = "percent_off"
FIXED_PRICE: Final = "fixed_price"
EXCHANGE: Final = "exchange"
NTH_ITEM: Final = "nth_item"
BUY_GET: Final = "buy_get"
RECHARGE: Final = "recharge"
POINTS_MULTIPLE: Final = "points_multiple"
VOUCHER: Final = "voucher"

#: Kinds that work on whole pieces of goods and not on an amount.
OF_PIECES: Final = frozenset({FIXED_PRICE, EXCHANGE, NTH_ITEM, BUY_GET, VOUCHER})

ISSUED: Final = "issued"
REDEEMED: Final = "redeemed"
VOID: Final = "void"

REMAINING: Final = "remaining"
INITIAL: Final = "initial"

KEEP: Final = "keep"
RECOMPUTE: Final = "recompute"

GENERAL: Final = "general"


@dataclass(frozen=True)
class Scope:
    """Which goods: in one of the lists where any is filled, and in none of the ``not_`` lists. Ids throughout."""

    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    brands: frozenset[int] = frozenset()
    not_products: frozenset[int] = frozenset()
    not_categories: frozenset[int] = frozenset()
    not_brands: frozenset[int] = frozenset()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Scope":
        """As a template keeps it; missing keys ask nothing."""
        return cls(**{name: frozenset(map(int, data.get(name) or ())) for name in cls.__dataclass_fields__})

    @property
    def is_limited(self) -> bool:
        """Whether only certain goods are in."""
        return bool(self.products or self.categories or self.brands)

    @property
    def asks_categories(self) -> bool:
        """Whether the tree of categories must be known."""
        return bool(self.categories or self.not_categories)

    def takes(self, product_id: int, category_ids: Collection[int], brand_id: int | None) -> bool:
        """Whether goods are in; ``category_ids`` are the category of the goods and all above it."""
        if (
            product_id in self.not_products
            or brand_id in self.not_brands
            or not self.not_categories.isdisjoint(category_ids)
        ):
            return False
        if not self.is_limited:
            return True
        return product_id in self.products or brand_id in self.brands or not self.categories.isdisjoint(category_ids)


@dataclass(frozen=True)
class Conditions:
    """When: an empty list or None asks nothing. ``weekdays`` 1 Monday to 7; ``from_time`` is in, ``to_time`` is out.

    ``birthday_days`` are so many days before and after the birthday, 0 the day itself.
    """

    stores: frozenset[int] = frozenset()
    channels: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    from_time: time | None = None
    to_time: time | None = None
    tiers: frozenset[str] = frozenset()
    tags: frozenset[int] = frozenset()
    first_order: bool = False
    birthday_days: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Conditions":
        """As a template keeps them; missing keys ask nothing."""
        days = data.get("birthday_days")
        return cls(
            stores=frozenset(map(int, data.get("stores") or ())),
            channels=frozenset(data.get("channels") or ()),
            weekdays=frozenset(map(int, data.get("weekdays") or ())),
            from_time=_time(data.get("from_time")),
            to_time=_time(data.get("to_time")),
            tiers=frozenset(data.get("tiers") or ()),
            tags=frozenset(map(int, data.get("tags") or ())),
            first_order=bool(data.get("first_order")),
            birthday_days=None if days is None or days == "" else int(days),
        )


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


@dataclass(frozen=True)
class CouponTerms:
    """What one coupon promises, as it was issued, and the state it is in. ``valid_until`` is exclusive.

    Which figures a kind uses is written at ``coupons.models.Template``. ``is_stopped`` says that its template or its
    batch was stopped in a way that also stops coupons already given out; ``limit_reached`` names a limit of R-K4 that
    leaves no use: ``redeem_limit``, ``store_limit``, ``day_limit``. ``room`` is how many uses of the template these
    leave, None where none is set: several coupons of it in one order share them.
    """

    coupon_id: int
    template_id: int
    kind: str
    valid_from: datetime
    valid_until: datetime
    issued_at: datetime
    name: str
    amount: Decimal = ZERO
    threshold: Decimal = ZERO
    factor: Decimal = Decimal(1)
    cap: Decimal | None = None
    price: Decimal = ZERO
    pieces: int = 1
    buy_pieces: int = 1
    multiple: Decimal = Decimal(1)
    uses: int = 1
    uses_left: int = 1
    scope: Scope = field(default_factory=Scope)
    conditions: Conditions = field(default_factory=Conditions)
    stack_category: str = GENERAL
    priority: int = 0
    base: str = REMAINING
    order_limit: int | None = 1
    member_day_limit: int | None = None
    stacks_with_tier: bool = True
    stacks_with_points: bool = True
    returns_on_refund: bool = True
    return_grace_days: int | None = None
    threshold_break: str = KEEP
    code: str = ""
    member_id: int | None = None
    status: str = ISSUED
    is_stopped: bool = False
    limit_reached: str = ""
    room: int | None = None
    version: int = 1
    description: str = ""

    @property
    def last_moment(self) -> datetime:
        """The end for people: the last moment at which it can be used, whose day is the last one."""
        return self.valid_until - timedelta(microseconds=1)

    @property
    def is_of_pieces(self) -> bool:
        """Whether it works on whole pieces and not on an amount."""
        return self.kind in OF_PIECES

    @property
    def rank(self) -> tuple[int, int, datetime, datetime, int]:
        """The order in which coupons of one basket are reckoned (R-K6).

        By priority; then coupons of pieces, fixed amounts, percents; then the sooner end.
        """
        step = 0 if self.is_of_pieces else 2 if self.kind == PERCENT_OFF else 1
        return (self.priority, step, self.valid_until, self.issued_at, self.coupon_id)

    @property
    def age(self) -> tuple[datetime, datetime, int]:
        """What ties are broken by: sooner end, earlier receipt, smaller id (R-K7)."""
        return (self.valid_until, self.issued_at, self.coupon_id)


def promise_of(terms: Mapping[str, Any]) -> dict[str, Any]:
    """The part of :class:`CouponTerms` that a version keeps, from its JSON.

    Keys that a version lacks, because it is older than they are, take the value that meant the same then.
    """

    def number(name: str, default: Decimal) -> Decimal:
        return default if terms.get(name) is None else Decimal(terms[name])

    def count(name: str) -> int:
        return 1 if terms.get(name) is None else int(terms[name])

    def maybe(name: str) -> int | None:
        return None if terms.get(name) is None else int(terms[name])

    return {
        "name": terms["name"],
        "description": terms.get("description") or "",
        "kind": terms["kind"],
        "amount": number("amount", ZERO),
        "threshold": number("threshold", ZERO),
        "factor": number("factor", Decimal(1)),
        "cap": None if terms.get("cap") is None else Decimal(terms["cap"]),
        "price": number("price", ZERO),
        "pieces": count("pieces"),
        "buy_pieces": count("buy_pieces"),
        "multiple": number("multiple", Decimal(1)),
        "uses": count("uses"),
        "scope": Scope.from_json(terms.get("scope") or {}),
        "conditions": Conditions.from_json(terms.get("conditions") or {}),
        "stack_category": terms.get("stack_category") or GENERAL,
        "priority": int(terms.get("priority") or 0),
        "base": terms.get("base") or REMAINING,
        "order_limit": maybe("order_limit") if "order_limit" in terms else 1,
        "member_day_limit": maybe("member_day_limit"),
        "stacks_with_tier": bool(terms.get("stacks_with_tier", True)),
        "stacks_with_points": bool(terms.get("stacks_with_points", True)),
        "returns_on_refund": bool(terms.get("returns_on_refund", True)),
        "return_grace_days": maybe("return_grace_days"),
        "threshold_break": terms.get("threshold_break") or KEEP,
        "version": int(terms.get("version") or 1),
    }
