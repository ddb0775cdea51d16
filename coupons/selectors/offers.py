"""Reads of offers to claim."""

from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import pgettext

from core.days import local_day
from coupons.models import Offer, Template
from coupons.rules import is_claim_code
from coupons.selectors.coupons import State
from members import identity
from members.models import Member


def list_offers(*, state: str = "", at: datetime) -> QuerySet[Offer]:
    """All offers with their templates; ``state`` is ``open`` (can be claimed now) or ``ended``."""
    rows = Offer.objects.select_related("template", "actor")
    open_now = (
        Q(is_open=True, template__status=Template.Status.ACTIVE, starts_at__lte=at)
        & (Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        & (Q(limit__isnull=True) | Q(claimed_count__lt=F("limit")))
        & (Q(template__total_limit__isnull=True) | Q(template__issued_count__lt=F("template__total_limit")))
        & (Q(template__through_on__isnull=True) | Q(template__through_on__gte=local_day(at)))
    )
    if state == "open":
        return rows.filter(open_now)
    return rows.exclude(open_now) if state == "ended" else rows


def get_offer(pk: int) -> Offer:
    """One offer with its template; Offer.DoesNotExist."""
    return Offer.objects.select_related("template", "actor").get(pk=pk)


def find_offer_by_code(code: str) -> Offer | None:
    """The offer behind a claim code, or None; a wrong check digit asks no database (R-K10)."""
    if not is_claim_code(code):
        return None
    return Offer.objects.select_related("template").filter(code=code).first()


def find_claimer(phone: str) -> Member | None:
    """The active member with this whole phone, or None; ``members.identity.InvalidPhone`` for what is no phone."""
    sealed = identity.phone_hash(identity.normalize_phone(phone))
    return Member.objects.filter(phone_hash=sealed, status=Member.Status.ACTIVE).first()


def refusal_of(offer: Offer, at: datetime) -> str:
    """Why nobody can claim it now, as a stable word: ``closed``, ``not_yet``, ``over``, ``gone``; "" where one can."""
    template = offer.template
    if at < offer.starts_at:
        return "not_yet"
    is_past = template.through_on is not None and template.through_on < local_day(at)
    if is_past or (offer.ends_at is not None and at >= offer.ends_at):
        return "over"
    if not offer.is_open or template.status != Template.Status.ACTIVE:
        return "closed"
    is_gone = offer.limit is not None and offer.claimed_count >= offer.limit
    is_used_up = template.total_limit is not None and template.issued_count >= template.total_limit
    return "gone" if is_gone or is_used_up else ""


def state_of_offer(offer: Offer, at: datetime) -> State:
    """An offer's state for people, with the kind of its badge."""
    states: dict[str, tuple[Any, str]] = {
        "": (pgettext("coupon offer", "can be claimed"), "success"),
        "not_yet": (pgettext("coupon offer", "not yet"), "info"),
        "over": (pgettext("coupon offer", "over"), "neutral"),
        "closed": (pgettext("coupon offer", "closed"), "neutral"),
        "gone": (pgettext("coupon offer", "all claimed"), "warning"),
    }
    return State(*states[refusal_of(offer, at)])
