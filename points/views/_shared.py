"""What several pages of points need."""

from typing import Any, cast

from django.http import Http404, HttpRequest
from django.utils import timezone

from members.models import Member
from members.selectors import get_member
from points import rules, selectors
from stores.models import Staff


def staff_of(request: HttpRequest) -> Staff:
    """The person; every page of points needs one."""
    return cast("Staff", request.user)


def member_or_404(member_id: int) -> Member:
    """One member, whatever the status."""
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def figures(member_id: int) -> dict[str, Any]:
    """Balance and worth for ``points/_figures.html``."""
    at = timezone.now()
    balance = selectors.get_balance(member_id=member_id, at=at)
    in_force = selectors.get_rules(at=at)
    return {"balance": balance, "worth": rules.value_of(balance.spendable, in_force.face_fen, in_force.face_points)}
