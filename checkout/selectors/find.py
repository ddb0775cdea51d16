"""The one box of the till: what a typed or scanned text means (R-S5)."""

import unicodedata
from dataclasses import dataclass, field

import catalog.selectors
import coupons.selectors
import members.selectors
from catalog.models import Product
from checkout.selectors.orders import parse_order_number
from coupons.rules import CouponTerms, is_claim_code, is_code
from members.identity import is_member_number
from members.models import Member


@dataclass(frozen=True)
class Found:
    """What a text means. ``is_exact`` is True where exactly one thing carries this code, so it can be taken at once."""

    products: list[Product] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    coupon: CouponTerms | None = None
    #: An offer of coupons that the member of the sale can claim.
    offer_id: int | None = None
    order_id: int | None = None
    is_exact: bool = False
    #: Why this code is not taken though it is known: the number of a card that was reported lost or replaced.
    refusal: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing carries this text."""
        return not (self.products or self.members or self.coupon or self.offer_id or self.order_id)


def find(text: str) -> Found:
    """Read one text in the order of R-S5: coupon, offer, member number, bar code, article number, phones, names.

    Digits find goods before phone tails only where a product carries exactly them; a name may find goods and members.
    """
    wanted = unicodedata.normalize("NFKC", text).strip()
    if not wanted or "\0" in wanted or len(wanted) > 120:
        return Found()
    if is_code(wanted):
        return Found(coupon=coupons.selectors.find_terms_by_code(wanted), is_exact=True)
    if is_claim_code(wanted) and (offer := coupons.selectors.find_offer_by_code(wanted)) is not None:
        return Found(offer_id=offer.pk, is_exact=True)
    if (order_id := parse_order_number(wanted)) is not None:
        return Found(order_id=order_id, is_exact=True)
    if is_member_number(wanted):
        found_members = members.selectors.find_members(wanted)
        if found_members:
            return Found(members=found_members, is_exact=True)
        if (card := members.selectors.find_ended_card(wanted)) is not None:
            return Found(is_exact=True, refusal=card.refusal)
    product = catalog.selectors.get_product_by_code(wanted)
    if product is not None:
        return Found(products=[product], is_exact=True)
    found_members = members.selectors.find_members(wanted)
    if wanted.isdigit():
        return Found(members=found_members, is_exact=len(found_members) == 1)
    products = catalog.selectors.find_products(wanted)
    return Found(
        products=products,
        members=found_members,
        is_exact=len(products) + len(found_members) == 1,
    )
