"""What the views of tiers share: who asks, rows that are not there, versions in plain words."""

from collections.abc import Mapping
from typing import cast

from django.http import Http404, HttpRequest

from catalog.selectors import get_category_tree
from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from tiers import selectors
from tiers.models import Draft, Tier, Track
from tiers.terms import Terms
from tiers.wording_terms import Line, lines_of


def staff_of(request: HttpRequest) -> Staff:
    """The person logged in."""
    return cast("Staff", request.user)


def tier_or_404(pk: int) -> Tier:
    """A level that exists, with its track."""
    tier = Tier.objects.select_related("track").filter(pk=pk).first()
    if tier is None:
        raise Http404
    return tier


def track_or_404(pk: int) -> Track:
    """A track that exists."""
    track = Track.objects.filter(pk=pk).first()
    if track is None:
        raise Http404
    return track


def draft_or_404(pk: int) -> Draft:
    """A draft that exists, with its track."""
    draft = Draft.objects.select_related("track", "changed_by").filter(pk=pk).first()
    if draft is None:
        raise Http404
    return draft


def member_or_404(member_id: int) -> Member:
    """A member that exists."""
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def category_names() -> dict[int, str]:
    """Categories by id, for discounts of their own; one statement."""
    return {category.pk: category.name for _depth, category in get_category_tree().flat()}


def said(terms: Terms, tier: Tier, categories: Mapping[int, str]) -> list[Line]:
    """What a level says, line by line."""
    return lines_of(terms, tier, is_base=selectors.is_base(tier), categories=categories)
