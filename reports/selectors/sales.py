"""Sales by day, store and tender (rules.md 8): sales and refunds apart, each on its own business day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from checkout.models import Order, Payment, RechargeSale, RechargeVoid, TenderKind, Void
from core.money import ZERO, half_up
from reports.periods import Period
from stores.models import Staff, Store


@dataclass(frozen=True)
class SalesFilter:
    """What a report is about; ``store_ids`` are those the person may see, narrowed to the chosen ones."""

    period: Period
    store_ids: tuple[int, ...]

    def of(self, rows: QuerySet[Any], prefix: str = "") -> QuerySet[Any]:
        """Rows of these stores and business days."""
        return rows.filter(
            **{
                f"{prefix}store_id__in": self.store_ids,
                f"{prefix}business_on__range": (self.period.first, self.period.last),
            }
        )


@dataclass
class SalesRow:
    """Figures of a day, a store or everything. Orders and amounts count what was sold, refunds what was taken back."""

    orders: int = 0
    list_amount: Decimal = field(default=ZERO)
    sales: Decimal = field(default=ZERO)
    refund_count: int = 0
    refunds: Decimal = field(default=ZERO)
    member_orders: int = 0
    member_sales: Decimal = field(default=ZERO)
    member_refunds: Decimal = field(default=ZERO)

    @property
    def discounts(self) -> Decimal:
        """List less sales."""
        return self.list_amount - self.sales

    @property
    def net(self) -> Decimal:
        """Sales less refunds."""
        return self.sales - self.refunds

    @property
    def member_share(self) -> Decimal | None:
        """Q5: members' net sales of all net sales; None where there were none."""
        return (self.member_sales - self.member_refunds) / self.net if self.net else None

    @property
    def ticket(self) -> Decimal | None:
        """What an order of the period came to, to the fen; None where there was none."""
        return half_up(self.sales / self.orders) if self.orders else None

    def add(self, other: "SalesRow") -> None:
        """Add another row's figures."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))


@dataclass
class TenderRow:
    """What came in and went back by one way of paying."""

    kind: str
    sales: Decimal = field(default=ZERO)
    refunds: Decimal = field(default=ZERO)

    @property
    def label(self) -> Any:
        """Its name."""
        return TenderKind(self.kind).label

    @property
    def net(self) -> Decimal:
        """In less back."""
        return self.sales - self.refunds


@dataclass(frozen=True)
class SalesReport:
    """All tables of one report, from one snapshot."""

    total: SalesRow
    by_day: list[tuple[date, SalesRow]]
    by_store: list[tuple[Store, SalesRow]]
    by_tender: list[TenderRow]
    recharges: list[TenderRow]
    recharge_bonus: Decimal

    @property
    def recharge_total(self) -> TenderRow:
        """Recharges of all tenders; they are no revenue (R-C12)."""
        return TenderRow(
            TenderKind.OTHER,
            sum((row.sales for row in self.recharges), ZERO),
            sum((row.refunds for row in self.recharges), ZERO),
        )


def allowed_stores(staff: Staff | None, codes: Sequence[str] = ()) -> list[Store]:
    """The stores whose takings a person may see (None: a command, all), by code; ``codes`` narrows them."""
    stores = Store.objects.all() if staff is None else Store.objects.visible_to(staff)
    if codes:
        stores = stores.filter(code__in=codes)
    return list(stores.order_by("code").distinct())


def sales_report(wanted: SalesFilter) -> SalesReport:
    """Sales of a period. Eight statements however many orders; call it inside ``read_only()``."""
    by_day = _figures(wanted, "business_on")
    by_store = _figures(wanted, "store_id")
    total = SalesRow()
    for row in by_day.values():
        total.add(row)
    stores = Store.objects.in_bulk(wanted.store_ids)
    recharges, bonus = _recharges(wanted)
    return SalesReport(
        total=total,
        by_day=[(day, by_day.get(day) or SalesRow()) for day in wanted.period.days()],
        by_store=[
            (store, by_store.get(store.pk) or SalesRow()) for store in sorted(stores.values(), key=lambda one: one.code)
        ],
        by_tender=_tenders(wanted),
        recharges=recharges,
        recharge_bonus=bonus,
    )


def _figures(wanted: SalesFilter, key: str) -> dict[Any, SalesRow]:
    has_member = Q(member__isnull=False)
    rows: dict[Any, SalesRow] = {}
    for sale in (
        wanted.of(Order.objects.all())
        .values(key)
        .annotate(
            orders=Count("id"),
            listed=Sum("list_total"),
            sales=Sum("payable"),
            member_orders=Count("id", filter=has_member),
            member_sales=Sum("payable", filter=has_member, default=ZERO),
        )
    ):
        rows[sale[key]] = SalesRow(
            orders=sale["orders"],
            list_amount=sale["listed"],
            sales=sale["sales"],
            member_orders=sale["member_orders"],
            member_sales=sale["member_sales"],
        )
    for back in (
        wanted.of(Void.objects.all())
        .values(key)
        .annotate(
            count=Count("id"),
            amount=Sum("order__payable"),
            member_amount=Sum("order__payable", filter=Q(order__member__isnull=False), default=ZERO),
        )
    ):
        row = rows.setdefault(back[key], SalesRow())
        row.refund_count, row.refunds, row.member_refunds = back["count"], back["amount"], back["member_amount"]
    return rows


def _tenders(wanted: SalesFilter) -> list[TenderRow]:
    paid = wanted.of(Payment.objects.all(), "order__").values("kind").annotate(amount=Sum("amount"))
    back = wanted.of(Payment.objects.all(), "order__void__").values("kind").annotate(amount=Sum("amount"))
    return _by_kind(paid, back)


def _recharges(wanted: SalesFilter) -> tuple[list[TenderRow], Decimal]:
    sold = wanted.of(RechargeSale.objects.all())
    undone = wanted.of(RechargeVoid.objects.all())
    given = sold.aggregate(bonus=Sum("bonus", default=ZERO))["bonus"]
    taken = undone.aggregate(bonus=Sum("sale__bonus", default=ZERO))["bonus"]
    rows = _by_kind(
        sold.values("kind").annotate(amount=Sum("principal")),
        undone.values(kind=F("sale__kind")).annotate(amount=Sum("sale__principal")),
    )
    return rows, given - taken


def _by_kind(paid: Iterable[Any], back: Iterable[Any]) -> list[TenderRow]:
    rows = {row["kind"]: TenderRow(row["kind"], row["amount"]) for row in paid}
    for row in back:
        rows.setdefault(row["kind"], TenderRow(row["kind"])).refunds = row["amount"]
    order: Callable[[TenderRow], int] = lambda row: list(TenderKind.values).index(row.kind)  # noqa: E731
    return sorted(rows.values(), key=order)
