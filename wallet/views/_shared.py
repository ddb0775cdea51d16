"""What several pages of stored value need."""

from typing import cast

from django.http import Http404, HttpRequest

from members.models import Member
from members.selectors import get_member
from stores.models import Staff


def staff_of(request: HttpRequest) -> Staff:
    """The person; every page of stored value needs one."""
    return cast("Staff", request.user)


def member_or_404(member_id: int) -> Member:
    """One member, whatever the status."""
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def number_in(text: str) -> int | None:
    """An id out of a URL or a hidden field, or None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
