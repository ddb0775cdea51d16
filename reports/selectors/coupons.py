"""What coupons did in a period (Q29): the funnel from issued to used, what it cost and the sales that it was part of.

Events count on the calendar day on which they happened, sales on the business day of their order. An order with two
coupons of a template counts once for the template; voided orders count nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from core import days
from core.money import ZERO, half_up
from coupons.models import Batch, Template
from reports.periods import Period
from stores.models import Store


@dataclass
class Effect:
    """The figures of a template, a batch, a store or everything; ``other_*`` are the orders without it."""

    issued: int = 0
    redeemed: int = 0
    returned: int = 0
    expired: int = 0
    void: int = 0
    discount: Decimal = field(default=ZERO)
    orders: int = 0
    sales: Decimal = field(default=ZERO)
    other_orders: int = 0
    other_sales: Decimal = field(default=ZERO)

    @property
    def used(self) -> int:
        """Uses less those given back."""
        return self.redeemed - self.returned

    @property
    def rate(self) -> Decimal | None:
        """Used of issued; None where none was issued."""
        return Decimal(self.used) / self.issued if self.issued else None

    @property
    def average_discount(self) -> Decimal | None:
        """What a use cost, to the fen."""
        return half_up(self.discount / self.used) if self.used > 0 else None

    @property
    def basket(self) -> Decimal | None:
        """The average order with it."""
        return half_up(self.sales / self.orders) if self.orders else None

    @property
    def other_basket(self) -> Decimal | None:
        """The average order without it."""
        return half_up(self.other_sales / self.other_orders) if self.other_orders else None

    @property
    def cost_share(self) -> Decimal | None:
        """The discount of the sales with it."""
        return self.discount / self.sales if self.sales else None

    def add(self, other: "Effect") -> None:
        """Add the events of another row; orders are counted apart, because a row may share them."""
        for name in ("issued", "redeemed", "returned", "expired", "void", "discount"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class EffectReport:
    """All tables of one report, from one snapshot."""

    total: Effect
    by_template: list[tuple[Template, Effect]]
    by_batch: list[tuple[Batch, Effect]]
    by_store: list[tuple[Store, Effect]]


def list_templates() -> list[Template]:
    """Every template by name, for the filter."""
    return list(Template.objects.order_by("name", "pk"))


def effect_report(
    period: Period, *, store_ids: Sequence[int], with_storeless: bool, template_id: int | None, at: datetime
) -> EffectReport:
    """The report of a period; ``with_storeless`` counts what no store did: batches, claims and coupons that ended.

    Nine statements at most however many coupons there are; call it inside ``read_only()``.
    """
    wanted = {
        "from": days.start_of(period.first),
        "until": days.end_of(period.last),
        "first": period.first,
        "last": period.last,
        "stores": list(store_ids),
        "storeless": with_storeless,
        "template": template_id,
        "at": at,
    }
    events = [_Counted(*row) for row in _rows(_EVENTS, wanted)]
    events += [_Counted(*row) for row in (_rows(_EXPIRED, wanted) if with_storeless else [])]
    everything = _rows(_ALL_ORDERS, wanted)[0]
    total = Effect()
    for one in events:
        total.add(one.effect)
    _set_orders(total, _rows(_ORDERS.format(key="0"), wanted), 0, everything)
    templates, batches, stores = _sums(events, "template_id"), _sums(events, "batch_id"), _sums(events, "store_id")
    of_stores = {row[0]: row[1:] for row in _rows(_ORDERS_OF_STORES, wanted)}
    for key, found in (("c.template_id", templates), ("c.batch_id", batches), ("o.store_id", stores)):
        orders = _rows(_ORDERS.format(key=key), wanted)
        for pk in {row[0] for row in orders if row[0] is not None} | set(found):
            whole = of_stores.get(pk, (0, ZERO)) if found is stores else everything
            _set_orders(found.setdefault(pk, Effect()), orders, pk, whole)
    return EffectReport(
        total=total,
        by_template=_named(Template.objects.in_bulk(list(templates)).values(), templates),
        by_batch=_named(Batch.objects.select_related("template").in_bulk(list(batches)).values(), batches),
        by_store=_named(Store.objects.in_bulk(list(stores)).values(), stores),
    )


@dataclass(frozen=True)
class _Counted:
    template_id: int
    batch_id: int | None
    store_id: int | None
    issued: int
    redeemed: int
    returned: int
    expired: int
    void: int
    discount: Decimal

    @property
    def effect(self) -> Effect:
        names = {part.name for part in fields(Effect)} & {part.name for part in fields(self)}
        return Effect(**{name: getattr(self, name) for name in names})


def _rows(statement: str, wanted: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        return list(cursor.fetchall())


def _sums(events: Iterable[_Counted], key: str) -> dict[int, Effect]:
    sums: dict[int, Effect] = {}
    for one in events:
        if (pk := getattr(one, key)) is not None:
            sums.setdefault(pk, Effect()).add(one.effect)
    return sums


def _set_orders(effect: Effect, orders: Iterable[Any], pk: int, everything: tuple[int, Decimal]) -> None:
    effect.orders, effect.sales = next(((count, sales) for key, count, sales in orders if key == pk), (0, ZERO))
    effect.other_orders, effect.other_sales = everything[0] - effect.orders, everything[1] - effect.sales


def _named(rows: Iterable[Any], effects: dict[int, Effect]) -> list[tuple[Any, Effect]]:
    """Most used first."""
    return sorted(((row, effects[row.pk]) for row in rows), key=lambda one: (-one[1].used, -one[1].issued, one[0].pk))


_EVENTS = """
SELECT c.template_id, c.batch_id, e.store_id,
       count(*) FILTER (WHERE e.kind = 'issued'), count(*) FILTER (WHERE e.kind = 'redeemed'),
       count(*) FILTER (WHERE e.kind = 'returned'), 0, count(*) FILTER (WHERE e.kind = 'voided'),
       coalesce(sum(e.amount), 0)
  FROM coupons_event e JOIN coupons_coupon c ON c.id = e.coupon_id
 WHERE e.occurred_at >= %(from)s AND e.occurred_at < %(until)s
   AND (e.store_id = ANY(%(stores)s) OR %(storeless)s AND e.store_id IS NULL)
   AND (%(template)s::bigint IS NULL OR c.template_id = %(template)s)
 GROUP BY 1, 2, 3
"""
_EXPIRED = """
SELECT c.template_id, c.batch_id, NULL::bigint, 0, 0, 0, count(*), 0, 0::numeric
  FROM coupons_coupon c
 WHERE c.status = 'issued' AND c.valid_until > %(from)s AND c.valid_until <= LEAST(%(until)s, %(at)s)
   AND (%(template)s::bigint IS NULL OR c.template_id = %(template)s)
 GROUP BY 1, 2
"""
# A use that was given back is no use: its order was voided or taken back.
_ORDERS = """
SELECT key, count(*), coalesce(sum(payable), 0)
  FROM (SELECT DISTINCT {key} AS key, o.id, o.payable
          FROM coupons_event e
          JOIN coupons_coupon c ON c.id = e.coupon_id
          JOIN checkout_order o ON o.id = split_part(e.source, ':', 2)::bigint
         WHERE e.kind = 'redeemed' AND e.source LIKE 'order:%%' AND o.voided_at IS NULL
           AND o.business_on BETWEEN %(first)s AND %(last)s AND o.store_id = ANY(%(stores)s)
           AND (%(template)s::bigint IS NULL OR c.template_id = %(template)s)
           AND NOT EXISTS (SELECT 1 FROM coupons_event r WHERE r.reverses_id = e.id)) used
 GROUP BY key
"""
_ALL_ORDERS = """
SELECT count(*), coalesce(sum(payable), 0) FROM checkout_order
 WHERE voided_at IS NULL AND business_on BETWEEN %(first)s AND %(last)s AND store_id = ANY(%(stores)s)
"""
_ORDERS_OF_STORES = """
SELECT store_id, count(*), sum(payable) FROM checkout_order
 WHERE voided_at IS NULL AND business_on BETWEEN %(first)s AND %(last)s AND store_id = ANY(%(stores)s)
 GROUP BY store_id
"""
