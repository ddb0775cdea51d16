"""A template as a coupon that nobody holds yet, for a trial on history."""

from datetime import datetime

from coupons.models import Template
from coupons.rules import CouponTerms, promise_of


def terms_on_trial(template: Template, *, begins: datetime, ends: datetime) -> CouponTerms:
    """What the template promises now, as a coupon with the id 0 that is valid from ``begins`` to ``ends``.

    Limits over all members are left out: a trial asks what the coupon does, not how many there are.
    """
    version = template.versions.order_by("-number")[:1].get()
    promise = promise_of(version.terms) | {"member_day_limit": None}
    return CouponTerms(
        **promise,
        coupon_id=0,
        template_id=template.pk,
        valid_from=begins,
        valid_until=ends,
        issued_at=begins,
        uses_left=template.uses,
    )
