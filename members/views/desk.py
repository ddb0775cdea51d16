"""What the pages of members share: who asks, and for whom."""

from typing import cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from members import selectors
from members.models import Member
from stores.models import Staff


def acting_staff(request: HttpRequest) -> Staff:
    """The person who is signed in."""
    return cast("Staff", request.user)


def find_member(pk: int) -> Member:
    """The member with the store of registration, or 404."""
    return get_object_or_404(selectors.list_all(), pk=pk)
