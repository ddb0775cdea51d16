"""Codes of coupons and offers at the till: looked up with care for guessers, and claimed for the member of the sale."""

import unicodedata
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

import coupons.services
from checkout.models import Basket
from checkout.pricing.model import Quote
from checkout.selectors.find import Found, find
from checkout.services.basket import refresh
from checkout.services.errors import InvalidLine
from core import settings
from coupons.rules import is_claim_code, is_code
from stores.models import Staff, Store


def find_at_till(*, text: str, actor: Staff, at: datetime) -> Found:
    """:func:`checkout.selectors.find`, but whoever scans too many unknown coupon codes has to wait (R-K10).

    Only texts with the right check digit count: a misread code costs no query and no try. TooManyTries.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not (is_code(plain) or is_claim_code(plain)):
        return find(text)
    who, most = f"staff:{actor.pk}", int(settings.value(coupons.services.CODE_MISSES, at))
    coupons.services.check_tries(who=who, most=most, at=at)
    found = find(text)
    if found.is_empty:
        coupons.services.count_try(who=who, most=most, at=at)
    return found


def claim_offer(
    *, basket_id: UUID, offer_id: int, store: Store, actor: Staff, at: datetime
) -> tuple[Basket, Quote, coupons.services.Claim]:
    """Give the member of the sale the coupon of a scanned offer and price the basket with it at once (K01).

    InvalidLine without a member, or the refusal of the offer in words; then nothing moves. The claim stands whatever
    becomes of the sale, and it is finished before the basket is locked: a sale takes the basket first.
    """
    member_id = Basket.objects.values_list("member_id", flat=True).get(pk=basket_id)
    if member_id is None:
        raise InvalidLine(_("Choose a member first; the coupon is for members."))
    claimed = coupons.services.claim(offer_id=offer_id, member_id=member_id, at=at, store=store, actor=actor)
    basket, quote = refresh(basket_id=basket_id, at=at)
    return basket, quote, claimed
