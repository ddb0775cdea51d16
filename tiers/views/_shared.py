"""What the views of tiers share: who asks, and rows that are not there."""

from typing import cast

from django.http import Http404, HttpRequest

from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from tiers import selectors, wording
from tiers.models import Tier, Version


def staff_of(request: HttpRequest) -> Staff:
    """The person logged in."""
    return cast("Staff", request.user)


def tier_or_404(pk: int) -> Tier:
    """A level that exists."""
    try:
        return selectors.get_tier(pk)
    except Tier.DoesNotExist:
        raise Http404 from None


def member_or_404(member_id: int) -> Member:
    """A member that exists."""
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def summary_of(version: Version) -> list[str]:
    """A version in plain sentences."""
    return wording.summary(
        version.rule,
        falls=version.keep == Version.Keep.REQUALIFY,
        factor=version.discount_factor,
        multiple=version.points_multiple,
    )
