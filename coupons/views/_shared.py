"""What several pages of coupons need."""

from typing import cast

from django.http import Http404, HttpRequest

from coupons import selectors
from coupons.models import Coupon, Template
from members.models import Member
from members.selectors import get_member
from stores.models import Staff


def staff_of(request: HttpRequest) -> Staff:
    """The person; every page of coupons but the public claim needs one."""
    return cast("Staff", request.user)


def template_or_404(pk: int) -> Template:
    """One template with its counts."""
    try:
        return selectors.get_template(pk)
    except Template.DoesNotExist:
        raise Http404 from None


def coupon_or_404(pk: int) -> Coupon:
    """One coupon with its template and member."""
    try:
        return selectors.get_coupon(pk)
    except Coupon.DoesNotExist:
        raise Http404 from None


def member_or_404(member_id: int) -> Member:
    """One member, whatever the status."""
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None
