"""What a return of goods does to a coupon's discount (R-K8). Pure."""

from decimal import Decimal

from core.money import ZERO
from coupons.rules.terms import RECOMPUTE, CouponTerms


def after_return(
    terms: CouponTerms, *, paid: Decimal, paid_for_returned: Decimal, kept_subtotal: Decimal, kept_price: Decimal
) -> Decimal:
    """What goes back for returned goods of an order that used the coupon.

    ``paid`` is what the goods not yet returned were paid with and ``paid_for_returned`` the part of it for those that
    come back; ``kept_subtotal`` is what the threshold counts of the goods kept and ``kept_price`` what those would have
    cost without the coupon. Only where they no longer reach the threshold and the template says ``recompute`` is the
    discount reckoned again, never below 0; else each line goes back at what was paid for it.
    """
    if terms.threshold_break != RECOMPUTE or kept_subtotal >= terms.threshold:
        return paid_for_returned
    return max(paid - kept_price, ZERO)
