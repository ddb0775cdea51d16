"""The coupons of a sale: what their conditions ask about, read only where one of them asks, and how they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import coupons.selectors
import tags.selectors
from checkout.models import Basket, Order
from checkout.pricing.model import CouponContext, Quote
from checkout.selectors.frozen import Frozen
from core import settings
from coupons.rules import POINTS_MULTIPLE, Circumstances, CouponTerms, Stacking
from members import rules as birthdays
from members.models import Member


@dataclass(frozen=True)
class CouponView:
    """A usable coupon: ticked with what it takes off here, or with what it would save alone and why it is not taken."""

    terms: CouponTerms
    saves: Decimal
    is_chosen: bool
    why: str

    @property
    def multiple(self) -> Decimal | None:
        """The multiple of a coupon for more points, which saves no money."""
        return self.terms.multiple if self.terms.kind == POINTS_MULTIPLE else None


def get_coupons(basket: Basket, at: datetime) -> list[CouponTerms]:
    """The member's open coupons and those that were scanned, in whatever state they are now."""
    found: list[CouponTerms] = []
    if basket.member_id is not None:
        found = coupons.selectors.list_usable_terms(member_id=basket.member_id, at=at, store=basket.store)
    known = {terms.coupon_id for terms in found}
    scanned = [coupon_id for coupon_id in basket.coupon_ids if coupon_id not in known]
    if scanned:
        found += coupons.selectors.list_terms(coupon_ids=scanned, at=at, store=basket.store, member_id=basket.member_id)
    return found


def get_context(basket: Basket, terms: Sequence[CouponTerms], frozen: Frozen) -> CouponContext:
    """What the choice of these coupons depends on; a statement for each kind of fact that one of them asks for.

    The matrix of classes is read only where there are two coupons to use together.
    """
    per_order = frozen.rules.coupons_per_order
    stacking = Stacking(per_order) if len(terms) < 2 else coupons.selectors.get_stacking(per_order=per_order)
    return CouponContext(stacking, _circumstances(basket, terms, frozen))


def _circumstances(basket: Basket, terms: Sequence[CouponTerms], frozen: Frozen) -> Circumstances:
    asked = [one.conditions for one in terms]
    member_id = basket.member_id
    local = frozen.priced_at.astimezone(ZoneInfo(basket.store.time_zone))
    tag_ids: frozenset[int] = frozenset()
    is_first, distance = False, None
    if member_id is not None:
        if any(one.tags for one in asked):
            tag_ids = frozenset(held.tag_id for held in tags.selectors.list_member_tags(member_id))
        if any(one.first_order for one in asked):
            is_first = not Order.objects.filter(member_id=member_id, voided_at__isnull=True).exists()
        within = [one.birthday_days for one in asked if one.birthday_days is not None]
        if within and basket.member is not None:
            distance = birthday_distance(basket.member, local.date(), max(within), frozen.priced_at)
    return Circumstances(
        store_id=basket.store_id,
        local=local,
        tier_codes=frozenset() if frozen.tier is None else frozen.tier.codes,
        tag_ids=tag_ids,
        is_first_order=is_first,
        birthday_distance=distance,
    )


def birthday_distance(member: Member, today: date, within: int, at: datetime) -> int | None:
    """How many days the nearest celebration is away, in either direction; None for none within so many (rules.md 6)."""
    if member.birth_month is None or member.birth_day is None:
        return None
    in_leap = member.birth_month_is_leap and settings.value("members.leap_month_birthdays", at) == "leap"
    for days in range(within + 1):
        for day in {today - timedelta(days=days), today + timedelta(days=days)}:
            if any(_is_of(member, one) for one in _celebrations(day, in_leap)):
                return days
    return None


def _is_of(member: Member, one: birthdays.Celebration) -> bool:
    same = (one.calendar, one.month, one.day) == (member.birth_calendar, member.birth_month, member.birth_day)
    return same and one.is_leap in (None, member.birth_month_is_leap)


@lru_cache(maxsize=256)
def _celebrations(day: date, in_leap: bool) -> tuple[birthdays.Celebration, ...]:
    """Who celebrates on a day; the same for every member, so it is worked out once."""
    return tuple(birthdays.celebrations(day, in_leap_month=in_leap))


def coupon_views(quote: Quote) -> tuple[CouponView, ...]:
    """The usable coupons, first what saves most alone, so that a digit means the same one before and after a tick."""
    used = set(quote.coupon_ids)
    return tuple(
        CouponView(
            terms=one.terms,
            saves=one.saves,
            is_chosen=one.terms.coupon_id in used,
            why="" if one.refusal is None else coupons.selectors.explain_refusal(terms=one.terms, refusal=one.refusal),
        )
        for one in sorted(quote.usable_coupons, key=lambda one: (-one.alone, one.terms.age))
    )
