"""Lines of a basket that a count pass pays."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

import catalog.selectors
import passes.selectors
from checkout.models import Basket
from checkout.pricing.model import Quote
from checkout.selectors.pricing import covers, uses_left
from checkout.services.basket import MAXIMUM_LINES, change_basket, line_key
from checkout.services.errors import InvalidLine
from passes.rules import Terms


def take_pass(*, basket_id: UUID, product_id: int, pass_id: int | None, at: datetime) -> tuple[Basket, Quote]:
    """Let a pass of the member pay a line, as far as its uses go; the rest stays an ordinary line.

    Without ``pass_id`` it is the pass that ends first. InvalidLine in words where none fits; nothing changes then.
    """

    def change(basket: Basket) -> None:
        plain = next((line for line in basket.lines if line_key(line) == (product_id, None)), None)
        if plain is None:
            raise InvalidLine(_("This line is not in the basket any more."))
        if basket.member_id is None:
            raise InvalidLine(_("Choose a member first."))
        terms, left = _choose(basket, product_id, pass_id, at)
        quantity = Decimal(plain[1])
        taken = quantity if left is None else min(quantity, Decimal(left))
        _pay(basket, product_id, terms.pass_id, taken)
        if taken == quantity:
            basket.lines.remove(plain)
        else:
            plain[1] = str(quantity - taken)

    return change_basket(basket_id, at, change)


def _choose(basket: Basket, product_id: int, pass_id: int | None, at: datetime) -> tuple[Terms, int | None]:
    """The pass and how many uses it has left beside the lines that it pays already; None for as many as wanted."""
    product = catalog.selectors.get_for_pricing([product_id]).get(product_id)
    found = passes.selectors.list_usable_terms(member_id=basket.member_id or 0, store=basket.store, at=at)
    for terms in found:
        if pass_id not in (None, terms.pass_id) or not covers(terms, product, Decimal(1)):
            continue
        left = uses_left(terms, basket)
        if left is None or left > 0:
            return terms, left
    raise InvalidLine(_("No pass of this member covers this."))


def _pay(basket: Basket, product_id: int, pass_id: int, quantity: Decimal) -> None:
    same = next((line for line in basket.lines if line_key(line) == (product_id, pass_id)), None)
    if same is not None:
        same[1] = str(Decimal(same[1]) + quantity)
        return
    if len(basket.lines) >= MAXIMUM_LINES:
        raise InvalidLine(_("A sale has at most %(most)s lines.") % {"most": MAXIMUM_LINES})
    place = next(index for index, line in enumerate(basket.lines) if line_key(line) == (product_id, None))
    basket.lines.insert(place, [product_id, str(quantity), pass_id])


def leave_pass(*, basket_id: UUID, product_id: int, pass_id: int, at: datetime) -> tuple[Basket, Quote]:
    """Pay a line in the ordinary way after all; harmless where the pass pays it no more."""

    def change(basket: Basket) -> None:
        line = next((one for one in basket.lines if line_key(one) == (product_id, pass_id)), None)
        if line is None:
            return
        plain = next((one for one in basket.lines if line_key(one) == (product_id, None)), None)
        if plain is None:
            del line[2]
        else:
            plain[1] = str(Decimal(plain[1]) + Decimal(line[1]))
            basket.lines.remove(line)

    return change_basket(basket_id, at, change)
