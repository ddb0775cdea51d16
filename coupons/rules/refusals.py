"""Why a coupon cannot be used: its state, its holder, where and when, and what the basket lacks. Pure."""

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Final

from core.money import ZERO
from coupons.rules.terms import POINTS_MULTIPLE, RECHARGE, REDEEMED, VOID, CouponTerms

COUNTER: Final = "counter"


@dataclass(frozen=True)
class Refusal:
    """Why a coupon is not used: a stable reason and what it needs to be said in words.

    ``missing`` is money for ``threshold`` and a number of pieces for ``pieces``; ``other`` names the coupon that stands
    in the way.
    """

    reason: str
    missing: Decimal | None = None
    other: str = ""


@dataclass(frozen=True)
class Circumstances:
    """Where, when and for whom a sale is. Facts that no coupon at hand asks for may be left at their defaults.

    ``local`` is the quote's instant in the store's zone; ``birthday_distance`` how many days the member's nearest
    birthday is away, None for none or for farther than any coupon asks.
    """

    store_id: int | None = None
    channel: str = COUNTER
    local: datetime | None = None
    tier_codes: frozenset[str] = frozenset()
    tag_ids: frozenset[int] = frozenset()
    is_first_order: bool = False
    birthday_distance: int | None = None


def why_not(terms: CouponTerms, eligible_subtotal: Decimal, at: datetime) -> Refusal | None:
    """The first reason why the coupon cannot be used for such a basket at ``at``, or None where it can.

    ``eligible_subtotal`` is the sum of the eligible lines after item-level prices and before order-level reductions
    (R-K2). Reasons are those of :func:`why_not_now`, then ``nothing_eligible`` and ``threshold``. Whose coupon it is:
    :func:`why_not_for`; where and when: :func:`why_not_here`. In words: ``coupons.selectors.explain``.
    """
    return why_not_now(terms, at) or why_not_amount(terms, eligible_subtotal)


def why_not_amount(terms: CouponTerms, eligible_subtotal: Decimal) -> Refusal | None:
    """The part of :func:`why_not` that more goods can change."""
    if eligible_subtotal <= ZERO:
        return Refusal("nothing_eligible")
    if eligible_subtotal < terms.threshold:
        return Refusal("threshold", terms.threshold - eligible_subtotal)
    return None


def why_not_now(terms: CouponTerms, at: datetime) -> Refusal | None:
    """The part of :func:`why_not` that no basket can change: state, template, validity and limits (R-K4, R-K5)."""
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
    if terms.limit_reached:
        return Refusal(terms.limit_reached)
    return None


def why_not_for(terms: CouponTerms, member_id: int | None) -> Refusal | None:
    """``other_member`` where the coupon belongs to somebody else; a bearer coupon is anybody's, a walk-in's too."""
    if terms.member_id is not None and terms.member_id != member_id:
        return Refusal("other_member")
    return None


def why_not_for_goods(terms: CouponTerms, member_id: int | None) -> Refusal | None:
    """``recharge_only`` for what only a recharge takes, ``member_only`` for more points without a member."""
    if terms.kind == RECHARGE:
        return Refusal("recharge_only")
    if terms.kind == POINTS_MULTIPLE and member_id is None:
        return Refusal("member_only")
    return None


def why_not_here(terms: CouponTerms, around: Circumstances) -> Refusal | None:
    """The first condition of R-K2 that is not met: store, channel, weekday, time, tier, tag, first order, birthday."""
    asked = terms.conditions
    if asked.stores and around.store_id not in asked.stores:
        return Refusal("store")
    if asked.channels and around.channel not in asked.channels:
        return Refusal("channel")
    if asked.weekdays and (around.local is None or around.local.isoweekday() not in asked.weekdays):
        return Refusal("weekday")
    if (asked.from_time or asked.to_time) and not _is_within(asked.from_time, asked.to_time, around.local):
        return Refusal("time")
    if asked.tiers and asked.tiers.isdisjoint(around.tier_codes):
        return Refusal("tier")
    if asked.tags and asked.tags.isdisjoint(around.tag_ids):
        return Refusal("tag")
    if asked.first_order and not around.is_first_order:
        return Refusal("first_order")
    if asked.birthday_days is not None and (
        around.birthday_distance is None or around.birthday_distance > asked.birthday_days
    ):
        return Refusal("birthday")
    return None


def _is_within(begins: time | None, ends: time | None, local: datetime | None) -> bool:
    """Whether the clock on the wall lies in [begins, ends); a span whose end is not later runs over midnight."""
    if local is None:
        return False
    now, begins = local.time(), begins or time.min
    if ends is None:
        return now >= begins
    if begins < ends:
        return begins <= now < ends
    return now >= begins or now < ends
