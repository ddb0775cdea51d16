"""The arithmetic of count passes: what a use is worth and what a refund pays. Pure: no Django, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from core.money import ZERO, allocate_units, ceil, cumulative_share, from_cents, to_cents

COOLING_OFF_DAYS = 7


@dataclass(frozen=True)
class Terms:
    """A pass as far as prices and refunds need it. Days are shop days; ``last_on`` None means that it never ends.

    ``blocked`` is a stable code of why it cannot be used now ("" where it can), see ``passes.selectors.explain``.
    """

    pass_id: int
    name: str
    member_id: int
    product_ids: frozenset[int]
    price: Decimal
    total_uses: int
    remaining: int
    unused_value: Decimal
    unit_list_price: Decimal
    is_unlimited: bool
    starts_on: date
    last_on: date | None
    is_shared: bool = False
    blocked: str = ""

    @property
    def used(self) -> int:
        """Uses that are gone."""
        return self.total_uses - self.remaining


def use_values(price: Decimal, uses: int) -> list[Decimal]:
    """What each use of a new pass is worth: the price over all uses by largest remainder; the sum is the price."""
    return [from_cents(part) for part in allocate_units(to_cents(price), [1] * uses)]


def next_values(unused_value: Decimal, remaining: int, uses: int) -> list[Decimal]:
    """What the next ``uses`` are worth: the unused value over what remains by largest remainder.

    Where uses are taken one after the other this is :func:`use_values`; after an undo it still ends at nothing.
    """
    if not 0 <= uses <= remaining:
        raise ValueError("more uses than remain")
    if not remaining:
        return []
    each, extra = divmod(to_cents(unused_value), remaining)
    return [from_cents(each + (position < extra)) for position in range(uses)]


def value_by_days(terms: Terms, on: date, most: Decimal) -> Decimal:
    """What a use of a pass by days takes: the days up to ``on`` at the daily rate, less what earlier uses took.

    Never above ``most``, the price of what is used: the rest stays for later uses or for the end of the pass.
    """
    elapsed, whole = _days(terms, on)
    earned = from_cents(cumulative_share(to_cents(terms.price), elapsed, whole))
    taken = terms.price - terms.unused_value
    return min(max(earned - taken, ZERO), most, terms.unused_value)


def _days(terms: Terms, on: date) -> tuple[int, int]:
    """Days that have begun by ``on``, and days in all."""
    if terms.last_on is None:
        raise ValueError("a pass by days has an end")
    whole = (terms.last_on - terms.starts_on).days + 1
    return min(max((on - terms.starts_on).days + 1, 0), whole), whole


@dataclass(frozen=True)
class Use:
    """One line paid by a pass: how many uses, what the ledger takes and what of it pays the line.

    They differ only where the goods cost less by now than the use is worth: a use always closes its share of the
    price, and an order line is never above its list amount.
    """

    pass_id: int
    name: str
    uses: int
    value: Decimal
    pays: Decimal


def plan_uses(terms: Terms, lines: Sequence[tuple[int, Decimal]], on: date) -> list[Use]:
    """Uses of one pass by several lines (uses and list amount each), in order. ValueError where too few remain."""
    found: list[Use] = []
    if terms.is_unlimited:
        unused = terms.unused_value
        for uses, list_amount in lines:
            value = value_by_days(replace(terms, unused_value=unused), on, list_amount)
            unused -= value
            found.append(Use(terms.pass_id, terms.name, uses, value, value))
        return found
    values = next_values(terms.unused_value, terms.remaining, sum(uses for uses, _amount in lines))
    for uses, list_amount in lines:
        value = sum(values[:uses], ZERO)
        values = values[uses:]
        found.append(Use(terms.pass_id, terms.name, uses, value, min(value, list_amount)))
    return found


def fifo(passes: Sequence[Terms]) -> list[Terms]:
    """In which order passes are offered: the one that ends first, then the older; those without end last."""
    return sorted(passes, key=lambda terms: (terms.last_on is None, terms.last_on or date.max, terms.pass_id))


@dataclass(frozen=True)
class Quote:
    """What a refund pays by one article, with the formula in numbers."""

    article: str
    amount: Decimal
    formula: str


def refund_at_package_price(terms: Terms) -> Quote:
    """Art. 18: used ones count at the package price. Up to the fen, so the rounding is the customer's."""
    if terms.is_unlimited:
        raise ValueError("a pass by days is refunded by days")
    amount = ceil(terms.price * terms.remaining / terms.total_uses) if terms.total_uses else ZERO
    formula = f"{terms.price} - {terms.used} × {terms.price} / {terms.total_uses} = {amount}"
    return Quote("18", min(amount, terms.price), formula)


def refund_at_list_price(terms: Terms) -> Quote:
    """Art. 19: used ones count at the price of a single use; Art. 20: a shortfall is never claimed."""
    left = terms.price - terms.used * terms.unit_list_price
    amount = max(left, ZERO)
    shown = f"{left}" if left >= 0 else f"{left}, 0 (Art. 20)"
    return Quote("19", amount, f"{terms.price} - {terms.used} × {terms.unit_list_price} = {shown}")


def refund_by_days(terms: Terms, on: date) -> Quote:
    """Art. 22: a pass by days pays the days after ``on``. Up to the fen."""
    elapsed, whole = _days(terms, on)
    amount = ceil(terms.price * (whole - elapsed) / whole)
    return Quote("22", amount, f"{terms.price} × {whole - elapsed} / {whole} = {amount}")


def in_cooling_off(terms: Terms, on: date) -> bool:
    """Art. 14: within seven days of payment."""
    return on < terms.starts_on + timedelta(days=COOLING_OFF_DAYS)


def lawful_refund(terms: Terms, ground: str, on: date) -> Quote:
    """The sum by law on a ground (``cooling_off``, ``merchant`` or ``customer``), before any promise of the shop.

    Within seven days the price comes back less what was delivered (Art. 14, 15), at the package price. What a pass by
    days delivered is measured in days on every ground (Art. 22).
    """
    if terms.is_unlimited:
        by_days = refund_by_days(terms, on)
        if ground != "cooling_off":
            return by_days
        if terms.unused_value == terms.price:
            # Nothing was delivered, so there is nothing to keep.
            return Quote("14", terms.price, f"{terms.price} - 0.00 = {terms.price}")
        return Quote("14, 22", by_days.amount, by_days.formula)
    if ground == "customer":
        return refund_at_list_price(terms)
    package = refund_at_package_price(terms)
    return Quote("14, 15", package.amount, package.formula) if ground == "cooling_off" else package


def promised_refund(terms: Terms, promise: str, on: date) -> Decimal:
    """What the shop promised of its own: ``package`` pays every unused share of the price, ``law`` nothing more."""
    if promise != "package":
        return ZERO
    return refund_by_days(terms, on).amount if terms.is_unlimited else refund_at_package_price(terms).amount
