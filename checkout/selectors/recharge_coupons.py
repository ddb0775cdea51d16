"""Coupons that put more bonus on a recharge, judged by the same rules as coupons for goods (R-K1, R-K2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import coupons.selectors
from checkout.models import Basket
from checkout.selectors.coupons import get_context
from checkout.selectors.frozen import get_frozen
from coupons.rules import RECHARGE, CouponTerms, why_not_amount, why_not_here, why_not_now
from members.models import Member
from stores.models import Store


@dataclass(frozen=True)
class RechargeCoupon:
    """A coupon of the member for recharges; ``refusal`` says in words why not now, "" where it can be used."""

    terms: CouponTerms
    refusal: str


def list_recharge_coupons(
    *, store: Store, member: Member, amount: Decimal | None, at: datetime
) -> list[RechargeCoupon]:
    """The member's open coupons for recharges, soonest end first; ``amount`` None leaves the threshold open.

    One statement where the member has none.
    """
    found = coupons.selectors.list_usable_terms(member_id=member.pk, at=at, store=store)
    terms = [one for one in found if one.kind == RECHARGE]
    if not terms:
        return []
    around = get_context(Basket(store=store, member=member), terms, get_frozen(member.pk, at)).around
    judged = []
    for one in terms:
        refusal = why_not_now(one, at) or why_not_here(one, around)
        if refusal is None and amount is not None:
            refusal = why_not_amount(one, amount)
        words = "" if refusal is None else coupons.selectors.explain_refusal(terms=one, refusal=refusal)
        judged.append(RechargeCoupon(one, words))
    return judged
