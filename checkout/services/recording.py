"""Writing the order with everything that can never be filled in later (rules.md 0.13), a statement per table."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import points.selectors
import tiers.services.giving
import wallet.selectors
from checkout.models import (
    Adjustment,
    Allocation,
    Basket,
    Order,
    OrderLine,
    Payment,
    PaymentAllocation,
    Receipt,
)
from checkout.selectors.orders import order_number
from core.money import ZERO

if TYPE_CHECKING:
    from campaigns.services import Reward
    from checkout.services.confirm import Sale


@dataclass
class Outcome:
    """What the ledgers answered: the last points and wallet entries, the tier change, and shares per line."""

    earned_by_line: list[int]
    bonus_by_line: list[Decimal]
    points_entry: Any = None
    wallet_entry: Any = None
    wallet_bonus: Decimal = field(default=ZERO)
    tier_change: Any = None
    pass_entries: list[Any] = field(default_factory=list)
    points_computed: int = 0
    points_limited_by: str = ""
    reward: "Reward | None" = None

    @property
    def earned(self) -> int:
        """Points earned by the order."""
        return sum(self.earned_by_line)


def record(sale: "Sale", outcome: Outcome) -> Order:
    """Insert order, lines, adjustments, tenders and receipt, and mark the basket sold."""
    order = _order(sale, outcome)
    Order.objects.bulk_create([order])
    lines = OrderLine.objects.bulk_create(_lines(order, sale, outcome))
    _record_adjustments(order, sale, lines)
    _record_payments(order, sale, outcome, lines)
    Receipt.objects.bulk_create([Receipt(order=order, data=_receipt(order, sale, outcome))])
    basket = sale.basket
    Basket.objects.filter(pk=basket.pk).update(status=Basket.Status.SOLD, order=order, changed_at=sale.at)
    return order


def _order(sale: "Sale", outcome: Outcome) -> Order:
    quote, basket = sale.quote, sale.basket
    return Order(
        pk=sale.order_id,
        store_id=basket.store_id,
        till_id=basket.till_id,
        shift=sale.shift,
        staff=sale.actor,
        member_id=basket.member_id,
        channel=Order.Channel.COUNTER,
        business_on=basket.store.business_day(sale.at),
        occurred_at=sale.at,
        priced_at=quote.priced_at,
        list_total=quote.list_total,
        payable=quote.payable,
        points_used=quote.points_used,
        points_value=quote.points_value,
        points_earned=outcome.earned,
        wallet_principal=sale.wallet_amount - outcome.wallet_bonus,
        wallet_bonus=outcome.wallet_bonus,
        piece_count=quote.pieces,
        tier_code=quote.member.tier_code if quote.member else "",
        snapshot={
            **sale.frozen.to_json(),
            "multiple": str(quote.multiple),
            "coupons": [
                {
                    "id": one.terms.coupon_id,
                    "template": one.terms.template_id,
                    "version": one.terms.version,
                    "kind": one.terms.kind,
                    "amount": str(one.amount),
                }
                for one in quote.coupons
            ],
            **({} if outcome.reward is None else {"reward": outcome.reward.source}),
        },
    )


def _lines(order: Order, sale: "Sale", outcome: Outcome) -> list[OrderLine]:
    return [
        OrderLine(
            order=order,
            position=position,
            product_id=priced.line.product_id,
            sku=priced.line.sku,
            name=priced.line.name,
            quantity=priced.line.quantity,
            list_price=priced.line.list_price,
            list_amount=priced.list_amount,
            price_source=priced.price_source.value,
            net=priced.net,
            wallet_bonus=outcome.bonus_by_line[position],
            points_earned=outcome.earned_by_line[position],
            pass_id=priced.line.pass_id,
            cost=priced.line.cost,
        )
        for position, priced in enumerate(sale.quote.lines)
    ]


def _record_adjustments(order: Order, sale: "Sale", lines: list[OrderLine]) -> None:
    priced = sale.quote.adjustments
    rows = Adjustment.objects.bulk_create(
        Adjustment(order=order, layer=one.layer, source=one.source, label=one.label, amount=one.amount)
        for one in priced
    )
    Allocation.objects.bulk_create(
        Allocation(adjustment=row, line=line, amount=part)
        for row, one in zip(rows, priced, strict=True)
        for line, part in zip(lines, one.parts, strict=True)
        if part
    )


def _record_payments(order: Order, sale: "Sale", outcome: Outcome, lines: list[OrderLine]) -> None:
    rows = Payment.objects.bulk_create(
        Payment(
            order=order,
            position=position,
            kind=tender.kind,
            amount=tender.amount,
            received=tender.received,
            change=tender.change,
            wallet_bonus=outcome.wallet_bonus if tender.kind == "wallet" else ZERO,
        )
        for position, tender in enumerate(sale.tenders)
    )
    shares = sale.shares
    PaymentAllocation.objects.bulk_create(
        PaymentAllocation(
            payment=row,
            line=line,
            amount=part,
            wallet_bonus=outcome.bonus_by_line[index] if row.kind == "wallet" else ZERO,
        )
        for row, parts in zip(rows, shares, strict=True)
        for index, (line, part) in enumerate(zip(lines, parts, strict=True))
        if part
    )


def _receipt(order: Order, sale: "Sale", outcome: Outcome) -> dict[str, Any]:
    """The receipt as printed; amounts as text, names as they were."""
    quote, basket = sale.quote, sale.basket
    data: dict[str, Any] = {
        "number": order_number(order.pk, order.business_on),
        "store": {"name": basket.store.name, "address": basket.store.address, "phone": basket.store.phone},
        "till": basket.till.name,
        "cashier": str(sale.actor),
        "sold_at": sale.at.isoformat(),
        "lines": [
            {
                "name": priced.line.name,
                "quantity": f"{priced.line.quantity.normalize():f}",
                "list_price": str(priced.line.list_price),
                "list_amount": str(priced.list_amount),
                "net": str(priced.net),
            }
            for priced in quote.lines
        ],
        "adjustments": [
            {"layer": int(one.layer), "source": one.source, "label": one.label, "amount": str(one.amount)}
            for one in quote.adjustments
        ],
        # What takes nothing off is no adjustment, but the customer shall see that it was used.
        "points_coupons": [
            {"name": one.terms.name, "multiple": str(one.terms.multiple)} for one in quote.coupons if not one.amount
        ],
        "list_total": str(quote.list_total),
        "saved": str(quote.saved),
        "payable": str(quote.payable),
        "tenders": [
            {
                "kind": tender.kind,
                "amount": str(tender.amount),
                "received": str(tender.received),
                "change": str(tender.change),
            }
            for tender in sale.tenders
        ],
        # What was paid from a card that was invoiced at its recharge must not be invoiced again (R-W14).
        "invoiceable": str(quote.due - sale.wallet_amount),
    }
    if basket.member is not None:
        data["member"] = _member_receipt(sale, outcome)
    return data


def _member_receipt(sale: "Sale", outcome: Outcome) -> dict[str, Any]:
    quote, member = sale.quote, sale.basket.member
    if member is None or quote.member is None:
        return {}
    points_entry, wallet_entry, change = outcome.points_entry, outcome.wallet_entry, outcome.tier_change
    state = quote.member
    gifts = _gift_receipt(outcome)
    if change is not None and any(row["from"] is None for row in gifts):
        # What a new level gives stands after the entries of the sale.
        points_entry = points.selectors.list_entries(member_id=member.pk).first()
        wallet_entry = wallet.selectors.list_entries(member_id=member.pk).first()
    return {
        "number": member.number,
        "name": member.name,
        "phone": member.masked_phone,
        "tier": quote.member.tier_name,
        "points_used": quote.points_used,
        "points_value": str(quote.points_value),
        "points_earned": outcome.earned,
        "points_computed": outcome.points_computed,
        "points_limited_by": outcome.points_limited_by,
        "points_balance": state.points_balance if points_entry is None else points_entry.balance_after,
        "points_debt": state.points_debt if points_entry is None else points_entry.debt_after,
        "wallet_principal_used": str(sale.wallet_amount - outcome.wallet_bonus),
        "wallet_bonus_used": str(outcome.wallet_bonus),
        "wallet_principal": str(state.wallet_principal if wallet_entry is None else wallet_entry.principal_after),
        "wallet_bonus": str(state.wallet_bonus if wallet_entry is None else wallet_entry.bonus_after),
        "new_tier": None if change is None else change.to_tier.name,
        "gifts": gifts,
        "passes": _pass_receipt(sale, outcome),
    }


def _gift_receipt(outcome: Outcome) -> list[dict[str, Any]]:
    """What the order has won and what a new level gave, with the day from which held-back gifts are the member's."""
    rows: list[dict[str, Any]] = []
    if outcome.reward is not None:
        rows.append({"name": outcome.reward.name, "texts": list(outcome.reward.texts), "from": None})
    change = outcome.tier_change
    if change is not None and change.is_upgrade:
        rows += [
            {"name": one.name, "texts": list(one.texts), "from": None if one.due_on is None else one.due_on.isoformat()}
            for one in tiers.services.giving.gifts_of_upgrade(change)
        ]
    return rows


def _pass_receipt(sale: "Sale", outcome: Outcome) -> list[dict[str, Any]]:
    """Each pass that was used: how often, and what is left of it (None: as often as wanted)."""
    passes = {entry.held_id: entry.held for entry in outcome.pass_entries}
    used = dict.fromkeys(passes, 0)
    for _position, line in sale.quote.pass_paid_lines:
        if line.line.by_pass is not None:
            used[line.line.by_pass.pass_id] += line.line.by_pass.uses
    return [
        {
            "name": held.name,
            "used": used[pass_id],
            "left": None if held.is_unlimited else held.remaining,
            "last_day": None if held.last_day is None else held.last_day.isoformat(),
        }
        for pass_id, held in passes.items()
    ]
