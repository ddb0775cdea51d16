"""Points of a sale at the till: rules and caps while it is priced and sold, and its void when points were used."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import points.selectors
import points.services
from checkout import services
from checkout.models import Order, Void
from checkout.selectors import pricing, receipt_view, shift_summary
from points.models import Entry
from tests.factories.points import make_rule, set_value


def void(shop, order_id, at=None):
    services.void_order(
        key=uuid4(), order_id=order_id, till=shop.till, reason="returned", actor=shop.cashier, at=at or shop.now
    )
    return Void.objects.get(order_id=order_id)


def sell(shop, member, *lines, paid="100.00"):
    basket = shop.basket(*lines, member=member)
    return Order.objects.get(pk=shop.confirm(basket, ("cash", paid)))


def spend_all(member, at):
    spendable = points.selectors.get_balance(member_id=member.pk, at=at).spendable
    points.services.spend(
        member_id=member.pk, points=spendable, source="test:1", idempotency_key="all", at=at, store=None, actor=None
    )


def without_coupon(shop, member, *lines):
    basket = shop.basket(*lines, member=member)
    basket, _quote = services.choose_coupons(basket_id=basket.pk, coupon_ids=[], use_coupons=False, at=shop.now)
    return basket


def test_a_sale_earns_by_the_rules_of_its_goods_and_keeps_which(shop, regular, ledgers_agree):
    version = make_rule(per_yuan=2, product=shop.rice)

    order = sell(shop, regular, (shop.rice, "1"), (shop.bag, "1"))

    assert order.points_earned == 120  # 59.90 x 2 + 0.30 x 1 = 120.10
    assert [line.points_earned for line in order.lines.order_by("position")] == [120, 0]
    entry = Entry.objects.get(kind="earn")
    assert entry.rule["rules"][str(version.rule_id)]["version"] == version.pk
    assert entry.rule["face"] == [100, 100]
    ledgers_agree()


def test_goods_that_points_may_not_pay_take_no_part_of_the_deduction(shop, regular, now):
    make_rule(per_yuan=1, product=shop.rice, is_payable=False)
    points.services.adjust(
        member_id=regular.pk, points=1000, reason="x", idempotency_key="x", at=now, store=shop.store, actor=None
    )
    basket = without_coupon(shop, regular, (shop.rice, "1"), (shop.milk, "1"))
    basket, quote = services.set_points(basket_id=basket.pk, points=1000, at=now)

    adjustment = next(one for one in quote.adjustments if one.source == "points")
    # Half of the milk alone: 24.90, in whole steps of 100.
    assert (quote.points_maximum, quote.points_used, adjustment.parts) == (2400, 1000, (D("0.00"), D("10.00")))


def test_the_screen_tells_the_points_that_the_caps_leave_and_the_receipt_says_why(shop, regular, now):
    set_value("points.cap_per_day", 70)
    sell(shop, regular, (shop.rice, "1"))
    basket = shop.basket((shop.milk, "1"), member=regular)

    assert pricing.price_basket(basket, pricing.Frozen.from_json(basket.quote), now).earns == 11
    order = Order.objects.get(pk=shop.confirm(basket, ("cash", "50.00")))

    assert order.points_earned == 11
    member = receipt_view(order.receipt.data)["member"]
    assert (member["points_computed"], member["points_limited_by"], bool(member["points_limit"])) == (49, "day", True)


def test_a_quote_keeps_its_rules_when_another_version_starts_before_it_is_paid(shop, regular, now, ledgers_agree):
    version = make_rule(per_yuan=1, product=shop.rice)
    basket = shop.basket((shop.rice, "1"), member=regular)
    later = now + timedelta(minutes=5)
    type(version).objects.filter(pk=version.pk).update(ends_at=now + timedelta(minutes=1))
    type(version).objects.create(
        rule=version.rule, number=2, per_yuan=5, starts_at=now + timedelta(minutes=1), created_at=now
    )

    order = Order.objects.get(pk=shop.confirm(basket, ("cash", "60.00"), at=later))

    assert order.points_earned == 59
    ledgers_agree()


def test_a_void_takes_back_what_caps_left_and_no_more(shop, regular, now, ledgers_agree):
    set_value("points.cap_per_order", 40)
    before = points.selectors.get_balance(member_id=regular.pk, at=now)
    order = sell(shop, regular, (shop.rice, "1"))

    void(shop, order.pk)

    assert points.selectors.get_balance(member_id=regular.pk, at=now) == before
    ledgers_agree()


def test_a_sale_that_the_caps_left_nothing_can_be_voided(shop, regular, now, ledgers_agree):
    set_value("points.cap_lifetime", 1)
    sell(shop, regular, (shop.rice, "1"))
    order = sell(shop, regular, (shop.rice, "1"))
    assert order.points_earned == 0
    assert Entry.objects.filter(limited_by="lifetime").count() == 2

    void(shop, order.pk)

    ledgers_agree()


def test_pending_points_of_a_voided_sale_go_whether_or_not_they_have_come_free(shop, regular, now, ledgers_agree):
    set_value("points.pending_until_return", True)
    before = points.selectors.get_balance(member_id=regular.pk, at=now)
    first, second = (sell(shop, regular, (shop.rice, "1")) for _number in range(2))
    assert points.selectors.get_balance(member_id=regular.pk, at=now).pending == 118

    void(shop, first.pk)
    later = now + timedelta(days=8)
    list(points.services.release_due(later.date(), later))
    void(shop, second.pk, later)

    after = points.selectors.get_balance(member_id=regular.pk, at=later)
    assert (after.balance, after.debt) == (before.balance, 0)
    ledgers_agree()


def test_a_void_keeps_the_worth_of_used_points_off_the_cash_and_the_drawer_says_so(shop, regular, now, ledgers_agree):
    set_value("points.debt_policy", "charge")
    set_value("points.charge_terms_accepted", True)
    order = sell(shop, regular, (shop.rice, "1"))
    spend_all(regular, now)

    done = void(shop, order.pk)

    assert done.points_charge == D("0.59")
    assert points.selectors.get_balance(member_id=regular.pk, at=now).debt == 0
    summary = shift_summary(shop.shift)
    assert (summary["points_charges"], summary["expected_cash"]) == (D("0.59"), D("200.59"))
    ledgers_agree()


def test_no_more_than_the_cash_that_goes_back_is_kept_and_the_rest_is_owed(shop, regular, now, ledgers_agree):
    set_value("points.debt_policy", "charge")
    set_value("points.charge_terms_accepted", True)
    order = Order.objects.get(
        pk=shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("wechat", "59.70"), ("cash", "0.20"))
    )
    spend_all(regular, now)

    done = void(shop, order.pk)

    assert done.points_charge == D("0.20")
    assert points.selectors.get_balance(member_id=regular.pk, at=now).debt == 59 - 20
    assert shift_summary(shop.shift)["expected_cash"] == D("200.20")
    ledgers_agree()


def test_the_pages_of_a_void_say_what_was_kept(shop, regular, now, owner, client_for):
    set_value("points.debt_policy", "charge")
    set_value("points.charge_terms_accepted", True)
    order = sell(shop, regular, (shop.rice, "1"))
    spend_all(regular, now)
    void(shop, order.pk)
    client = client_for(owner)

    for path in (f"/checkout/orders/{order.pk}/", f"/checkout/orders/{order.pk}/receipt/"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "0.59" in page.content.decode(), path
