"""What a coupon that is being written would take off the last orders, through the rules that a sale uses.

Orders live above coupons: the app that has them registers a source in ``ready()``. Conditions of time, place and member
are not looked at: an example shows the figures, a trial shows the whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from core.money import from_cents, to_cents
from coupons import rules
from coupons.models import Template
from coupons.services import terms_json


@dataclass(frozen=True)
class ExampleOrder:
    """A real order: its number on the receipt, its goods, and what each line cost before any coupon, in fen."""

    number: str
    goods: tuple[rules.Goods, ...]
    amounts: tuple[int, ...]


@dataclass(frozen=True)
class Example:
    """An order, what it came to before any coupon, how much of it the coupon is for, and what it would take off."""

    number: str
    amount: Decimal
    eligible: Decimal
    discount: Decimal


Source = Callable[[], Sequence[ExampleOrder]]

_sources: list[Source] = []
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def register_source(source: Source) -> None:
    """Let examples be computed from these orders, newest first."""
    _sources[:] = [source]


def find_example(template: Template) -> Example | None:
    """The newest order from which a coupon of the template, as it is now, takes something; None where there is none."""
    if not _sources or template.kind in (Template.Kind.RECHARGE, Template.Kind.POINTS_MULTIPLE):
        return None
    terms = rules.CouponTerms(
        **{**rules.promise_of(terms_json(template)), "version": template.version},
        coupon_id=0,
        template_id=template.pk or 0,
        valid_from=_EPOCH,
        valid_until=_EPOCH,
        issued_at=_EPOCH,
    )
    for order in _sources[0]():
        job, bench = rules.job_of(terms, order.goods), rules.Bench.of(order.amounts, order.goods)
        eligible = rules.eligible(job, bench)
        if eligible < to_cents(terms.threshold):
            continue
        taken = rules.take(job, bench)
        discount = 0 if taken is None else sum(taken[0])
        if discount:
            return Example(
                number=order.number,
                amount=from_cents(sum(order.amounts)),
                eligible=from_cents(eligible),
                discount=from_cents(discount),
            )
    return None
