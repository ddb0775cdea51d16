"""A sale with everything, to the fen and the point, and its undoing."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import coupons.selectors
import points.selectors
import points.services
import wallet.selectors
from audit.services import KeyReused
from checkout import services
from checkout.models import Basket, Order, Payment
from checkout.services import Tender
from members.services import freeze_member
from tiers.models import ProgressEntry


def balances(member, at):
    p = points.selectors.get_balance(member_id=member.pk, at=at)
    w = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return p.balance, p.debt, w.principal, w.bonus


def coupon_states(member, at):
    return [terms.status for terms in coupons.selectors.list_usable_terms(member_id=member.pk, at=at)]


def everything(member, at):
    return (
        balances(member, at),
        coupon_states(member, at),
        Order.objects.count(),
        Payment.objects.count(),
        ProgressEntry.objects.count(),
    )


def test_a_cash_sale_to_a_walk_in_gives_change(shop, ledgers_agree):
    basket = shop.basket((shop.rice, "1"), (shop.bag, "2"))

    order = Order.objects.get(pk=shop.confirm(basket, ("cash", "100.00")))

    assert order.payable == D("60.50")
    assert order.member is None
    payment = order.payments.get()
    assert (payment.kind, payment.amount, payment.received, payment.change) == (
        "cash",
        D("60.50"),
        D("100.00"),
        D("39.50"),
    )
    assert [(line.name, line.net, line.cost) for line in order.lines.order_by("position")] == [
        ("五常大米 5kg", D("59.90"), D("41.0000")),
        ("购物袋", D("0.60"), None),
    ]
    assert Basket.objects.get(pk=basket.pk).order_id == order.pk
    ledgers_agree()


def test_a_member_pays_with_coupon_points_wallet_and_cash(shop, regular, now, ledgers_agree):
    services.set_points(
        basket_id=shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular).pk, points=500, at=now
    )
    basket = Basket.objects.get(till=shop.till, status="open")

    order = Order.objects.get(pk=shop.confirm(basket, ("wallet", "110.00"), ("cash", "50.00")))

    # 59.90 + 99.60 = 159.50, coupon 10.00, points 5.00
    assert order.list_total == D("159.50")
    assert order.payable == D("144.50")
    assert (order.points_used, order.points_value) == (500, D("5.00"))
    assert (order.wallet_principal, order.wallet_bonus) == (D("100.00"), D("10.00"))
    # what was paid without bonus: 134.50
    assert order.points_earned == 134
    assert sum(line.points_earned for line in order.lines.all()) == 134
    assert sum(line.wallet_bonus for line in order.lines.all()) == D("10.00")
    assert balances(regular, now) == (2000 - 500 + 134, 0, D("400.00"), D("40.00"))
    assert coupon_states(regular, now) == []
    assert {e.metric: e.amount for e in ProgressEntry.objects.all()} == {
        "spend": D("134.50"),
        "orders": D("1.00"),
        "points": D("134.00"),
    }
    receipt = order.receipt.data
    assert receipt["member"]["points_balance"] == 1634
    assert receipt["member"]["wallet_principal"] == "400.00"
    assert receipt["invoiceable"] == "34.50"
    ledgers_agree()


def test_a_void_restores_everything(shop, regular, now, ledgers_agree):
    before = balances(regular, now), coupon_states(regular, now)
    lots = list(points.selectors.list_lots(member_id=regular.pk).values_list("pk", "remaining", "expires_at"))
    services.set_points(
        basket_id=shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular).pk, points=500, at=now
    )
    basket = Basket.objects.get(till=shop.till, status="open")
    order_id = shop.confirm(basket, ("wallet", "110.00"), ("cash", "34.50"))

    later = now + timedelta(minutes=3)
    services.void_order(
        key=uuid4(), order_id=order_id, till=shop.till, reason="wrong customer", actor=shop.cashier, at=later
    )

    assert (balances(regular, later), coupon_states(regular, later)) == before
    spendable = [
        row
        for row in points.selectors.list_lots(member_id=regular.pk).values_list("pk", "remaining", "expires_at")
        if row[1]
    ]
    assert spendable == lots
    assert sum(e.amount for e in ProgressEntry.objects.all()) == 0
    assert Order.objects.get(pk=order_id).voided_at == later
    ledgers_agree()


def test_an_order_cannot_be_voided_twice(shop, regular, now, ledgers_agree):
    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "59.90"))
    services.void_order(key=uuid4(), order_id=order_id, till=shop.till, reason="x", actor=shop.cashier, at=now)
    before = everything(regular, now)

    with pytest.raises(services.CannotVoid):
        services.void_order(key=uuid4(), order_id=order_id, till=shop.till, reason="x", actor=shop.cashier, at=now)

    assert everything(regular, now) == before
    ledgers_agree()


def test_pressing_confirm_twice_sells_once(shop, regular, now, ledgers_agree):
    basket = shop.basket((shop.rice, "1"), member=regular)
    key = uuid4()

    first = shop.confirm(basket, ("cash", "60.00"), key=key)
    second = shop.confirm(basket, ("cash", "60.00"), key=key, at=now + timedelta(hours=1))

    assert first == second
    assert Order.objects.count() == 1
    ledgers_agree()


def test_the_same_key_with_other_tenders_is_refused(shop, regular, now):
    basket = shop.basket((shop.rice, "1"), member=regular)
    key = uuid4()
    shop.confirm(basket, ("cash", "60.00"), key=key)
    before = everything(regular, now)

    with pytest.raises(KeyReused):
        shop.confirm(basket, ("cash", "59.90"), key=key)

    assert everything(regular, now) == before


def test_a_price_that_changed_since_the_quote_is_shown_and_nothing_moves(shop, regular, now, ledgers_agree):
    basket = shop.basket((shop.rice, "1"), member=regular)
    shop.rice.list_price = D("69.90")
    shop.rice.save()
    before = everything(regular, now)

    with pytest.raises(services.QuoteChanged) as refusal:
        shop.confirm(basket, ("wallet", "59.90"))

    assert refusal.value.differences[0] == ("五常大米 5kg", "59.90", "69.90")
    assert refusal.value.fresh.payable == D("69.90")
    assert everything(regular, now) == before
    ledgers_agree()


@pytest.mark.parametrize(
    "tenders",
    [
        [("cash", "59.89")],
        [("wechat", "60.00")],
        [("cash", "0.00"), ("wechat", "59.90")],
        [("cash", "-1.00"), ("wechat", "60.90")],
        [("cash", "NaN")],
        [("cash", "59.901")],
        [("gold", "59.90")],
        [("cash", "30.00"), ("cash", "29.90")],
        [("wallet", "600.00")],
        [],
    ],
)
def test_tenders_that_do_not_add_up_are_refused_and_nothing_moves(shop, regular, now, tenders, ledgers_agree):
    basket = shop.basket((shop.rice, "1"), member=regular)
    before = everything(regular, now)

    with pytest.raises(services.InvalidTender):
        shop.confirm(basket, *tenders)

    assert everything(regular, now) == before
    ledgers_agree()


def test_a_wallet_that_is_short_is_refused_and_nothing_moves(shop, regular, now):
    basket = shop.basket((shop.rice, "10"), member=regular)
    before = everything(regular, now)

    with pytest.raises(services.InvalidTender, match=r"550\.00"):
        shop.confirm(basket, ("wallet", "589.00"))

    assert everything(regular, now) == before


def test_a_member_frozen_after_the_quote_stops_the_sale(shop, regular, now):
    basket = shop.basket((shop.rice, "1"), member=regular)
    freeze_member(member_id=regular.pk, reason="lost card", actor=shop.cashier, at=now, store=shop.store)
    before = everything(regular, now)

    with pytest.raises(services.MemberNotUsable):
        shop.confirm(basket, ("cash", "59.90"))

    assert everything(regular, now) == before


def test_a_coupon_that_expired_since_the_quote_is_shown_and_nothing_moves(shop, regular, now):
    basket = shop.basket((shop.rice, "2"), member=regular)
    terms = coupons.selectors.list_usable_terms(member_id=regular.pk, at=now)[0]
    assert basket.quote["figures"]["coupon_ids"] == [terms.coupon_id]
    before = everything(regular, now)

    with pytest.raises(services.QuoteChanged):
        shop.confirm(basket, ("cash", "109.80"), at=terms.valid_until)

    assert everything(regular, now) == before


def test_an_old_quote_goes_on_where_the_sum_is_the_same(shop, regular, now):
    basket = shop.basket((shop.rice, "1"), member=regular)

    order_id = shop.confirm(basket, ("cash", "59.90"), at=now + timedelta(minutes=11))

    assert Order.objects.get(pk=order_id).payable == D("59.90")


@pytest.mark.parametrize("quantity", ["0", "-1", "1000000000", "0.0001", "NaN", "1.5"])
def test_impossible_quantities_are_refused(shop, now, quantity):
    basket = shop.basket((shop.rice, "1"))

    with pytest.raises(services.InvalidLine):
        services.add_product(basket_id=basket.pk, product_id=shop.rice.pk, quantity=D(quantity), at=now)

    assert Basket.objects.get(pk=basket.pk).lines == [[shop.rice.pk, "1"]]


def test_a_sale_needs_an_open_shift(shop, now):
    basket = shop.basket((shop.rice, "1"))
    services.close_shift(shift_id=shop.shift.pk, counted_cash=D("200.00"), actor=shop.cashier, at=now)

    with pytest.raises(services.NoShift):
        shop.confirm(basket, ("cash", "59.90"))

    assert Order.objects.count() == 0


def test_an_empty_basket_is_not_sold(shop):
    basket = shop.basket()

    with pytest.raises(services.InvalidLine):
        services.confirm_sale(
            key=uuid4(),
            basket_id=basket.pk,
            fingerprint="",
            tenders=[Tender("cash", D(1))],
            actor=shop.cashier,
            at=shop.now,
        )

    assert Order.objects.count() == 0


def test_a_held_basket_is_resumed_with_its_goods(shop, regular, now):
    basket = shop.basket((shop.rice, "1"), member=regular)
    services.hold(basket_id=basket.pk, at=now)
    other = shop.basket()

    resumed = services.resume(basket_id=basket.pk, till=shop.till, actor=shop.cashier, at=now)

    assert resumed.pk == basket.pk
    assert resumed.lines == [[shop.rice.pk, "1"]]
    assert Basket.objects.get(pk=other.pk).status == "dropped"


def test_the_drawer_is_counted_against_float_sales_and_voids(shop, regular, now):
    shop.confirm(shop.basket((shop.rice, "1")), ("cash", "100.00"))
    order_id = shop.confirm(shop.basket((shop.milk, "1")), ("cash", "49.80"))
    shop.confirm(shop.basket((shop.milk, "1"), member=regular), ("wallet", "49.80"))
    services.void_order(key=uuid4(), order_id=order_id, till=shop.till, reason="x", actor=shop.cashier, at=now)

    shift = services.close_shift(shift_id=shop.shift.pk, counted_cash=D("259.00"), actor=shop.cashier, at=now)

    assert shift.expected_cash == D("259.90")
    assert shift.counted_cash == D("259.00")


def test_a_sale_that_reaches_the_threshold_raises_the_tier_for_the_next_one(shop, regular, now, ledgers_agree):
    first = Order.objects.get(pk=shop.confirm(shop.basket((shop.rice, "10"), member=regular), ("cash", "589.00")))

    second = shop.basket((shop.rice, "1"), member=regular)

    assert first.payable == D("589.00")
    assert first.tier_code == "normal"
    assert first.receipt.data["member"]["new_tier"] == "银卡"
    assert second.quote["figures"]["payable"] == "56.91"
    ledgers_agree()
