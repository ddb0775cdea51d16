"""The sale in the making: every change is stored and priced at once, so a crashed browser loses nothing."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

import catalog.selectors
import coupons.selectors
import members.selectors
from catalog.models import Product
from checkout.models import Basket, Till
from checkout.pricing.engine import fingerprint
from checkout.pricing.model import Quote
from checkout.selectors import pricing
from checkout.selectors.orders import find_open_basket
from checkout.services.errors import BasketClosed, InvalidLine, MemberNotUsable
from core.money import MILLI
from members.models import Member
from stores.models import Staff

MAXIMUM_QUANTITY = Decimal(99_999)
MAXIMUM_LINES = 500


def open_basket(*, till: Till, actor: Staff, at: datetime) -> Basket:
    """The till's open basket; a new one where there is none. Two browsers on one till get the same."""
    basket = find_open_basket(till.pk)
    if basket is not None:
        return basket
    try:
        with transaction.atomic():
            return Basket.objects.create(store=till.store, till=till, staff=actor, created_at=at, changed_at=at)
    except IntegrityError:
        return Basket.objects.get(till=till, status=Basket.Status.OPEN)


def parse_quantity(text: str) -> Decimal:
    """A quantity as typed: up to three decimals, above 0, at most 99,999; InvalidLine in words otherwise."""
    try:
        quantity = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidLine(_("“%(text)s” is not a quantity.") % {"text": text[:20]}) from None
    check_quantity(quantity)
    return quantity


def check_quantity(quantity: Decimal) -> None:
    """InvalidLine where a quantity cannot be sold."""
    if not quantity.is_finite() or quantity <= 0:
        raise InvalidLine(_("The quantity must be above 0."))
    if quantity > MAXIMUM_QUANTITY:
        raise InvalidLine(_("The quantity can be at most %(most)s.") % {"most": f"{MAXIMUM_QUANTITY:,}"})
    if quantity != quantity.quantize(MILLI):
        raise InvalidLine(_("A quantity has at most three decimals."))


def add_product(*, basket_id: UUID, product_id: int, quantity: Decimal, at: datetime) -> tuple[Basket, Quote]:
    """Put goods into the basket; the same product again raises its quantity. Weighed goods make a sum as well."""
    product = catalog.selectors.get_for_pricing([product_id]).get(product_id)
    if product is None:
        raise InvalidLine(_("This product is not sold any more."))
    return add_products(basket_id=basket_id, items=[(product, quantity)], at=at)


def add_products(*, basket_id: UUID, items: Sequence[tuple[Product, Decimal]], at: datetime) -> tuple[Basket, Quote]:
    """Put active goods that were just found into the basket, all or none of them, and price it once."""
    for product, quantity in items:
        check_quantity(quantity)
        if not product.is_weighed and quantity != int(quantity):
            raise InvalidLine(_("%(name)s is sold in whole pieces.") % {"name": product.name})

    def change(basket: Basket) -> None:
        for product, quantity in items:
            _add(basket, product.pk, quantity)

    return change_basket(basket_id, at, change)


def line_key(line: list[Any]) -> tuple[int, int | None]:
    """What tells two lines of a basket apart: the goods, and the count pass that pays them, if any."""
    return int(line[0]), line[2] if len(line) > 2 else None


def strip_passes(basket: Basket, lost: Collection[int] | None = None) -> None:
    """Make lines that a pass pays (one of ``lost``, or any) ordinary ones again; nothing falls out of the basket."""
    plain = [line for line in basket.lines if line_key(line)[1] is None]
    for line in basket.lines:
        product_id, pass_id = line_key(line)
        if pass_id is None:
            continue
        if lost is not None and pass_id not in lost:
            plain.append(line)
            continue
        same = next((one for one in plain if line_key(one) == (product_id, None)), None)
        if same is None:
            plain.append([product_id, line[1]])
        else:
            same[1] = str(Decimal(same[1]) + Decimal(line[1]))
    basket.lines = plain


def _add(basket: Basket, product_id: int, quantity: Decimal) -> None:
    for line in basket.lines:
        if line_key(line) == (product_id, None):
            total = Decimal(line[1]) + quantity
            check_quantity(total)
            line[1] = str(total)
            return
    if len(basket.lines) >= MAXIMUM_LINES:
        raise InvalidLine(_("A sale has at most %(most)s lines.") % {"most": MAXIMUM_LINES})
    basket.lines.append([product_id, str(quantity)])


@transaction.atomic
def set_quantity(
    *, basket_id: UUID, product_id: int, quantity: Decimal, at: datetime, pass_id: int | None = None
) -> tuple[Basket, Quote]:
    """Replace a line's quantity. InvalidLine for 0, -1, 1e9, half a piece or more than its pass has; nothing changes
    then.
    """
    check_quantity(quantity)
    product = catalog.selectors.get_for_pricing([product_id]).get(product_id)
    if product is not None and not product.is_weighed and quantity != int(quantity):
        raise InvalidLine(_("%(name)s is sold in whole pieces.") % {"name": product.name})

    def change(basket: Basket) -> None:
        for line in basket.lines:
            if line_key(line) == (product_id, pass_id):
                line[1] = str(quantity)
                return
        raise InvalidLine(_("This line is not in the basket any more."))

    basket, quote = change_basket(basket_id, at, change)
    if pass_id is not None and (product_id, pass_id) not in map(line_key, basket.lines):
        raise InvalidLine(_("The pass has not so many uses left."))
    return basket, quote


def remove_line(*, basket_id: UUID, product_id: int, at: datetime, pass_id: int | None = None) -> tuple[Basket, Quote]:
    """Take a line out; harmless where it is gone already."""

    def change(basket: Basket) -> None:
        basket.lines = [line for line in basket.lines if line_key(line) != (product_id, pass_id)]

    return change_basket(basket_id, at, change)


def attach_member(*, basket_id: UUID, member_id: int, at: datetime) -> tuple[Basket, Quote]:
    """Sell to this member. MemberNotUsable for a frozen, closed or merged one: nothing moves then."""
    member = members.selectors.get_member(member_id)
    check_member(member)

    def change(basket: Basket) -> None:
        if basket.member_id != member.pk:
            strip_passes(basket)
        basket.member = member
        basket.points_wish = 0
        basket.use_coupon = True
        basket.coupon_ids = []

    return change_basket(basket_id, at, change)


def check_member(member: Member) -> None:
    """MemberNotUsable where no sale can be made to this member."""
    if member.status == Member.Status.FROZEN:
        raise MemberNotUsable(_("%(name)s is frozen. The sale can go on as walk-in.") % {"name": member})
    if member.status != Member.Status.ACTIVE:
        raise MemberNotUsable(_("%(name)s is not a member any more.") % {"name": member})


def detach_member(*, basket_id: UUID, at: datetime) -> tuple[Basket, Quote]:
    """Sell to a walk-in customer."""

    def change(basket: Basket) -> None:
        strip_passes(basket)
        basket.member = None
        basket.points_wish = 0
        basket.use_coupon = True
        basket.coupon_ids = []

    return change_basket(basket_id, at, change)


def set_points(*, basket_id: UUID, points: int, at: datetime) -> tuple[Basket, Quote]:
    """Wish to use so many points; the price cuts the wish to what is allowed. Below 0 or absurd is InvalidLine."""
    if not 0 <= points <= 2_000_000_000:
        raise InvalidLine(_("This is not a number of points that can be used."))

    def change(basket: Basket) -> None:
        if points and basket.member_id is None:
            raise InvalidLine(_("Choose a member first."))
        basket.points_wish = points

    return change_basket(basket_id, at, change)


def choose_coupons(
    *, basket_id: UUID, coupon_ids: Sequence[int], use_coupons: bool, at: datetime
) -> tuple[Basket, Quote]:
    """Use these coupons, none (``use_coupons=False``) or let the engine choose (an empty list and True)."""

    def change(basket: Basket) -> None:
        basket.use_coupon = use_coupons
        basket.coupon_ids = list(coupon_ids) if use_coupons else []

    return change_basket(basket_id, at, change)


@transaction.atomic
def pin_coupon(*, basket_id: UUID, coupon_id: int, at: datetime) -> tuple[Basket, Quote]:
    """Use a coupon that was ticked or scanned, and with it what was chosen so far as far as both go together.

    InvalidLine says in words why it cannot be used, and the choice so far stays.
    """
    basket = lock_open_basket(basket_id)
    before = [] if basket.quote is None else basket.quote["figures"].get("coupon_ids", [])
    wanted = [coupon_id, *(one for one in before if one != coupon_id)]
    basket, quote = choose_coupons(basket_id=basket_id, coupon_ids=wanted, use_coupons=True, at=at)
    for refused in quote.refused_coupons:
        if refused.terms.coupon_id == coupon_id:
            why = coupons.selectors.explain_refusal(terms=refused.terms, refusal=refused.refusal)
            raise InvalidLine(f"{refused.terms.name}: {why}")
    if coupon_id not in quote.coupon_ids:
        raise InvalidLine(_("There is no such coupon."))
    if quote.coupon_ids != sorted(wanted):
        kept = [one for one in wanted if one in quote.coupon_ids]
        return choose_coupons(basket_id=basket_id, coupon_ids=kept, use_coupons=True, at=at)
    return basket, quote


@transaction.atomic
def leave_coupon(*, basket_id: UUID, coupon_id: int, at: datetime) -> tuple[Basket, Quote]:
    """Untick a coupon; the others stay. Harmless where it is not used."""
    basket = lock_open_basket(basket_id)
    before = [] if basket.quote is None else basket.quote["figures"].get("coupon_ids", [])
    kept = [one for one in before if one != coupon_id]
    return choose_coupons(basket_id=basket_id, coupon_ids=kept, use_coupons=bool(kept), at=at)


def refresh(*, basket_id: UUID, at: datetime) -> tuple[Basket, Quote]:
    """Price the basket again with everything as it is now, and keep that as what the customer is shown."""
    return change_basket(basket_id, at, lambda basket: None)


@transaction.atomic
def hold(*, basket_id: UUID, at: datetime) -> Basket:
    """Put the basket aside; it holds no stock, points or coupons (R-C15). An empty one stays."""
    basket = lock_open_basket(basket_id)
    if not basket.lines:
        raise InvalidLine(_("There is nothing to put aside."))
    basket.status = Basket.Status.HELD
    basket.changed_at = at
    basket.save(update_fields=["status", "changed_at"])
    return basket


@transaction.atomic
def resume(*, basket_id: UUID, till: Till, actor: Staff, at: datetime) -> Basket:
    """Take a held basket of the store to this till; an open one with goods on it must be put aside first."""
    current = Basket.objects.select_for_update(no_key=True).filter(till=till, status=Basket.Status.OPEN).first()
    if current is not None and current.lines:
        raise BasketClosed(_("Put the present sale aside or finish it first."))
    held: Basket | None = Basket.objects.select_for_update(no_key=True).filter(pk=basket_id, store=till.store).first()
    if held is None or held.status != Basket.Status.HELD:
        raise BasketClosed(_("Somebody else has taken this basket."))
    if current is not None:
        current.status = Basket.Status.DROPPED
        current.save(update_fields=["status"])
    held.status = Basket.Status.OPEN
    held.till = till
    held.staff = actor
    held.changed_at = at
    held.save(update_fields=["status", "till", "staff", "changed_at"])
    return held


@transaction.atomic
def drop(*, basket_id: UUID, at: datetime) -> None:
    """Give the sale up."""
    basket = lock_open_basket(basket_id)
    basket.status = Basket.Status.DROPPED
    basket.changed_at = at
    basket.save(update_fields=["status", "changed_at"])


def lock_open_basket(basket_id: UUID) -> Basket:
    """The document of the sale, locked; BasketClosed where it is not on the screen any more."""
    basket: Basket = (
        Basket.objects.select_for_update(no_key=True, of=("self",)).select_related("store", "till").get(pk=basket_id)
    )
    if basket.status != Basket.Status.OPEN:
        raise BasketClosed(_("This sale was finished or put aside meanwhile."))
    return basket


@transaction.atomic
def change_basket(basket_id: UUID, at: datetime, change: Callable[[Basket], None]) -> tuple[Basket, Quote]:
    """Change the open basket and price it. A pass that does not pay any more is left off, so the price shows it."""
    basket = lock_open_basket(basket_id)
    change(basket)
    frozen = pricing.get_frozen(basket.member_id, at)
    quote = pricing.price_basket(basket, frozen, at)
    paying = {(line.line.product_id, line.line.pass_id) for line in quote.lines}
    lost = {key[1] for line in basket.lines if (key := line_key(line))[1] is not None and key not in paying}
    if lost:
        strip_passes(basket, {pass_id for pass_id in lost if pass_id is not None})
        quote = pricing.price_basket(basket, frozen, at)
    basket.quote = {**frozen.to_json(), "figures": pricing.summary(quote)}
    basket.fingerprint = fingerprint(quote)
    basket.quoted_at = at
    basket.changed_at = at
    basket.save(
        update_fields=[
            "lines",
            "member",
            "points_wish",
            "use_coupon",
            "coupon_ids",
            "quote",
            "fingerprint",
            "quoted_at",
            "changed_at",
        ]
    )
    return basket, quote
