"""Coupons that members claim themselves: on the offer's page by phone, or with its code at the till."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from core import audit, settings
from core.database import joining_atomic
from core.errors import DomainError
from coupons.models import Coupon, Offer, Template
from coupons.rules import check_digit
from coupons.selectors.offers import find_claimer, refusal_of
from coupons.services.issuing import CannotIssue, issue
from coupons.services.tries import address_key, count_try
from jobs.services import enqueue_on_commit
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store

CLAIMS_PER_ADDRESS = "coupons.claims_per_address"
CLAIMS_PER_OFFER = "coupons.claims_per_offer"


class InvalidOffer(DomainError):
    """The offer contradicts itself or what was claimed already."""


class CannotClaim(DomainError):
    """It is not open, nothing is left, or this member has claimed it."""


@dataclass(frozen=True)
class Claim:
    """The coupon of a claim; ``is_new`` is False where the member had claimed it before."""

    coupon: Coupon
    is_new: bool


@transaction.atomic
def save_offer(
    *,
    offer_id: int | None,
    template_id: int,
    name: str,
    starts_at: datetime,
    ends_at: datetime | None,
    limit: int | None,
    is_open: bool,
    actor: Staff,
    at: datetime,
) -> Offer:
    """Make an offer with a code of its own, or change one; its code and, once claimed, its coupon stay for good."""
    if ends_at is not None and ends_at <= starts_at:
        raise InvalidOffer(_("The end is before the start."))
    if limit is not None and limit < 1:
        raise InvalidOffer(_("A limit is at least 1; leave it empty for no limit."))
    if Template.objects.get(pk=template_id).status == Template.Status.RETIRED:
        raise InvalidOffer(_("A retired coupon cannot be offered."))
    offer = Offer(code=new_claim_code(), actor=actor, created_at=at)
    if offer_id is not None:
        offer = Offer.objects.select_for_update(no_key=True, of=("self",)).get(pk=offer_id)
        if limit is not None and limit < offer.claimed_count:
            raise InvalidOffer(_("%(count)s were claimed already.") % {"count": offer.claimed_count})
        if offer.claimed_count and template_id != offer.template_id:
            raise InvalidOffer(_("Somebody has claimed this coupon already; make another offer for another coupon."))
    before = None if offer_id is None else _facts(offer)
    offer.template_id, offer.name = template_id, name.strip()[:60]
    offer.starts_at, offer.ends_at, offer.limit, offer.is_open = starts_at, ends_at, limit, is_open
    offer.save()
    audit.record(
        "coupon_offer.created" if before is None else "coupon_offer.changed",
        actor=actor,
        subject=f"coupon_offer:{offer.pk}",
        at=at,
        before=before,
        after=_facts(offer),
    )
    return offer


def _facts(offer: Offer) -> dict[str, object]:
    return {
        "name": offer.name,
        "template": offer.template_id,
        "starts_at": offer.starts_at.isoformat(),
        "ends_at": None if offer.ends_at is None else offer.ends_at.isoformat(),
        "limit": offer.limit,
        "is_open": offer.is_open,
    }


def new_claim_code() -> str:
    """17 unguessable digits and their check digit: the length tells it from a coupon's code (R-K10)."""
    digits = f"{secrets.randbelow(10**17):017d}"
    return digits + check_digit(digits)


@joining_atomic
def claim(*, offer_id: int, member_id: int, at: datetime, store: Store | None, actor: Staff | None) -> Claim:
    """Give the member the coupon of an offer, once; a second claim answers with the first one's coupon.

    The last piece goes to one of many at the same moment: the number is taken by a conditional UPDATE. CannotClaim, or
    the refusal of the coupon's own limits; then nothing moves.
    """
    member = lock_member(member_id)
    key = f"offer:{offer_id}:{member_id}"
    # A merged member's claim came with the coupon.
    mine = Q(idempotency_key=key) | Q(member_id=member_id, offer_id=offer_id)
    earlier = Coupon.objects.filter(mine).select_related("template").order_by("pk").first()
    if earlier is not None:
        return Claim(earlier, is_new=False)
    if member.status != Member.Status.ACTIVE:
        raise CannotClaim(_("The member cannot use coupons at the moment."))
    offer = Offer.objects.select_related("template").get(pk=offer_id)
    refusal = refusal_of(offer, at)
    if refusal or not _take_one(offer_id, at):
        raise CannotClaim(refusal_text(refusal or "gone"))
    coupon = issue(
        template_id=offer.template_id,
        member_id=member_id,
        source=f"coupon_offer:{offer_id}",
        idempotency_key=key,
        at=at,
        store=store,
        actor=actor,
    )
    Coupon.objects.filter(pk=coupon.pk).update(offer=offer)
    return Claim(coupon, is_new=True)


def refusal_text(refusal: str) -> str:
    """Why nobody can claim an offer now, in words."""
    return {
        "not_yet": _("This coupon cannot be claimed yet."),
        "over": _("The time for claiming this coupon is over."),
        "closed": _("This coupon cannot be claimed at the moment."),
        "gone": _("All of these coupons have been claimed."),
    }[refusal]


def _take_one(offer_id: int, at: datetime) -> bool:
    left = Offer.objects.filter(
        Q(limit__isnull=True) | Q(claimed_count__lt=F("limit")), pk=offer_id, is_open=True, starts_at__lte=at
    )
    return left.update(claimed_count=F("claimed_count") + 1) == 1


def ask_by_phone(*, offer: Offer, phone: str, address: str | None, at: datetime) -> None:
    """Claim on the public page. Answers nothing: whether a phone belongs to a member is nobody's business.

    Tries are counted per address and per offer before anything is looked up; TooManyTries.
    ``members.identity.InvalidPhone`` for what is no phone. The coupon itself is given by a queued task, which is asked
    for whoever it is, so that the time that the answer takes tells nothing either.
    """
    count_try(who=address_key(address), most=int(settings.value(CLAIMS_PER_ADDRESS, at)), at=at)
    count_try(who=f"offer:{offer.pk}", most=int(settings.value(CLAIMS_PER_OFFER, at)), at=at)
    member = find_claimer(phone)
    enqueue_on_commit("coupons.claim", offer_id=offer.pk, member_id=0 if member is None else member.pk)


def claim_asked(*, offer_id: int, member_id: int, at: datetime) -> None:
    """What was asked for on the public page; a refusal is kept silent, and ``member_id`` 0 is nobody."""
    if not member_id:
        return
    with suppress(CannotClaim, CannotIssue):
        claim(offer_id=offer_id, member_id=member_id, at=at, store=None, actor=None)
