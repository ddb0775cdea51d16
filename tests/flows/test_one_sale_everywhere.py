"""Receipt, member and report say the same of one sale, to the fen and the point."""

from decimal import Decimal as D  # noqa: N817

import points.selectors
import wallet.selectors
from checkout import services
from checkout.models import Basket, Order
from reports.periods import Period
from reports.selectors import SalesFilter, sales_report


def test_receipt_member_and_report_agree(shop, regular, now, ledgers_agree):
    services.set_points(
        basket_id=shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular).pk, points=500, at=now
    )
    basket = Basket.objects.get(till=shop.till, status="open")

    order = Order.objects.get(pk=shop.confirm(basket, ("wallet", "110.00"), ("cash", "50.00")))

    receipt = order.receipt.data
    balance = points.selectors.get_balance(member_id=regular.pk, at=now)
    stored = wallet.selectors.get_balance(member_id=regular.pk, at=now)
    day = order.business_on
    report = sales_report(SalesFilter(period=Period(day, day), store_ids=(shop.store.pk,)))
    assert D(receipt["payable"]) == order.payable == report.total.sales == report.total.member_sales == D("144.50")
    assert receipt["member"]["points_balance"] == balance.balance == 1634
    assert receipt["member"]["points_earned"] == order.points_earned == 134
    assert D(receipt["member"]["wallet_principal"]) == stored.principal == D("400.00")
    assert D(receipt["member"]["wallet_bonus"]) == stored.bonus == D("40.00")
    assert {row.kind: row.sales for row in report.by_tender if row.sales} == {
        tender["kind"]: D(tender["amount"]) for tender in receipt["tenders"]
    }
    assert (report.total.orders, report.total.list_amount) == (1, D(receipt["list_total"]))
    ledgers_agree()
