"""What a coupon is worth and when, as pure functions: no Django, no clock (rules.md 4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from core.money import ZERO

CODE_LENGTH: Final = 20
AMOUNT_OFF: Final = "amount_off"

ISSUED: Final = "issued"
REDEEMED: Final = "redeemed"
VOID: Final = "void"


@dataclass(frozen=True)
class CouponTerms:
    """What one coupon promises, as it was issued. ``valid_until`` is exclusive.

    ``is_stopped`` says that the template was paused or retired in a way that also stops coupons already given out.
    """

    coupon_id: int
    template_id: int
    kind: str
    amount: Decimal
    threshold: Decimal
    valid_from: datetime
    valid_until: datetime
    issued_at: datetime
    stacks_with_tier: bool
    stacks_with_points: bool
    name: str
    code: str = ""
    member_id: int | None = None
    status: str = ISSUED
    is_stopped: bool = False
    version: int = 1


@dataclass(frozen=True)
class Refusal:
    """Why a coupon cannot be used: a stable reason and, for ``threshold``, how much more must be bought."""

    reason: str
    missing: Decimal | None = None


def check_digit(digits: str) -> str:
    """The Luhn digit that follows ``digits``; finds any single wrong digit and most swapped neighbours (R-K10)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        number = int(character) * (2 if position % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def is_code(text: str) -> bool:
    """Whether a text has the shape of a coupon code: 20 ASCII digits of which the last checks the others."""
    return len(text) == CODE_LENGTH and text.isascii() and text.isdigit() and check_digit(text[:-1]) == text[-1]


def why_not(terms: CouponTerms, eligible_subtotal: Decimal, at: datetime) -> Refusal | None:
    """The first reason why the coupon cannot be used for such a basket at ``at``, or None where it can.

    ``eligible_subtotal`` is the sum of the eligible lines after item-level prices and before order-level reductions
    (R-K2). Reasons: ``used``, ``void``, ``expired``, ``stopped``, ``not_yet``, ``nothing_eligible``, ``threshold``.
    Whose coupon it is: :func:`why_not_for`. In words: ``coupons.selectors.explain``.
    """
    refusal = why_not_now(terms, at)
    if refusal is not None:
        return refusal
    if eligible_subtotal <= ZERO:
        return Refusal("nothing_eligible")
    if eligible_subtotal < terms.threshold:
        return Refusal("threshold", terms.threshold - eligible_subtotal)
    return None


def why_not_now(terms: CouponTerms, at: datetime) -> Refusal | None:
    """The part of :func:`why_not` that no basket can change: state, template and validity (R-K5)."""
    if terms.status == REDEEMED:
        return Refusal("used")
    if terms.status == VOID:
        return Refusal("void")
    if at >= terms.valid_until:
        return Refusal("expired")
    if terms.is_stopped:
        return Refusal("stopped")
    if at < terms.valid_from:
        return Refusal("not_yet")
    return None


def why_not_for(terms: CouponTerms, member_id: int | None) -> Refusal | None:
    """``other_member`` where the coupon belongs to somebody else; a bearer coupon is anybody's, a walk-in's too."""
    if terms.member_id is not None and terms.member_id != member_id:
        return Refusal("other_member")
    return None


def discount(terms: CouponTerms, eligible_subtotal: Decimal) -> Decimal:
    """What the coupon takes off: never more than the eligible subtotal, no change is given (R-K3)."""
    return max(ZERO, min(terms.amount, eligible_subtotal))


def best_coupon(
    coupons: Sequence[CouponTerms], payable_with: Callable[[CouponTerms | None], Decimal]
) -> CouponTerms | None:
    """The coupon that leaves the least to pay, or None where none lowers the price (R-K7, one coupon per order).

    ``payable_with`` prices the whole basket with one coupon or without any; a coupon that excludes the tier discount is
    priced by it with the tier factor off. Ties: sooner expiry, earlier received, smaller id. Callers pass only coupons
    that :func:`why_not` lets through.
    """
    without = payable_with(None)
    ranked = [(payable_with(terms), terms.valid_until, terms.issued_at, terms.coupon_id, terms) for terms in coupons]
    useful = [entry for entry in ranked if entry[0] < without]
    return min(useful, key=lambda entry: entry[:4])[4] if useful else None
