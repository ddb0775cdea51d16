"""Coupons whose uses are limited, and one coupon in two sales, from the basket to the void (R-K4)."""

from dataclasses import replace
from decimal import Decimal as D  # noqa: N817

import pytest

import coupons.services
from checkout import services
from checkout.models import Order, Till
from checkout.services import InvalidLine, QuoteChanged
from coupons.models import Coupon, Event, StackCategory, StoreLimit, Template
from tests.factories.coupons import create_template, issue_coupon


@pytest.fixture
def limited(regular, now):
    """Two coupons of a template that is used once in all, the better ones of the member."""
    template = create_template(at=now, name="limited", amount=D(15), threshold=D(0), redeem_limit=1)
    return [issue_coupon(template, regular.pk, at=now) for _ in range(2)]


@pytest.fixture
def other_till(shop, now):
    """A second till of the same store."""
    till = Till.objects.create(store=shop.store, code="2", name="Till 2")
    shift = services.open_shift(till=till, opening_float=D("200.00"), actor=shop.cashier, at=now)
    return replace(shop, till=till, shift=shift)


def counted():
    return Template.objects.get(name="limited").redeemed_count


def test_the_same_coupon_in_two_tabs_pays_once(shop, other_till, regular, ledgers_agree):
    first, second = (tab.basket((shop.rice, "2"), member=regular) for tab in (shop, other_till))
    shop.confirm(first, ("cash", "109.80"))
    before = (Order.objects.count(), Event.objects.count())

    with pytest.raises(QuoteChanged):
        other_till.confirm(second, ("cash", "109.80"))

    assert (Order.objects.count(), Event.objects.count()) == before
    assert Coupon.objects.get(member=regular).status == "redeemed"
    ledgers_agree()


def test_a_limit_reached_since_the_quote_changes_the_price_and_moves_nothing(
    shop, other_till, regular, limited, ledgers_agree
):
    first, second = (tab.basket((shop.rice, "1"), member=regular) for tab in (shop, other_till))
    shop.confirm(first, ("cash", "44.90"))
    before = (Order.objects.count(), Event.objects.count())

    with pytest.raises(QuoteChanged):
        other_till.confirm(second, ("cash", "44.90"))

    assert ((Order.objects.count(), Event.objects.count()), counted()) == (before, 1)
    ledgers_agree()


def test_a_void_gives_the_use_back_to_the_limit(shop, regular, limited, ledgers_agree):
    basket = shop.basket((shop.rice, "1"), member=regular)
    order_id = shop.confirm(basket, ("cash", "44.90"))
    assert counted() == 1

    services.void_order(
        key=basket.pk, order_id=order_id, till=shop.till, reason="wrong", actor=shop.cashier, at=shop.now
    )

    assert counted() == 0
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "44.90"))
    assert counted() == 1
    ledgers_agree()


def test_the_limit_of_a_store_counts_the_sales_of_that_store(shop, regular, limited, now, ledgers_agree):
    template = Template.objects.get(name="limited")
    template.redeem_limit = None
    coupons.services.save_template(template=template, actor=None, at=now, store_limits={shop.store.pk: 1})
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "44.90"))

    basket = shop.basket((shop.rice, "1"), member=regular)
    quote = services.refresh(basket_id=basket.pk, at=now)[1]

    assert quote.payable == D("59.90")
    assert {one.refusal.reason for one in quote.refused_coupons if one.terms.name == "limited"} == {"store_limit"}
    assert StoreLimit.objects.get().used_count == 1
    ledgers_agree()


@pytest.mark.parametrize(
    ("limits", "paid"),
    [({"redeem_limit": 1}, "44.90"), ({"member_day_limit": 1}, "44.90"), ({"redeem_limit": 2}, "29.90"), ({}, "29.90")],
)
def test_several_coupons_of_a_template_in_one_order_share_what_its_limits_leave(
    shop, regular, now, ledgers_agree, limits, paid
):
    """Else the till would choose a set that it refuses to sell."""
    StackCategory.objects.filter(code="general").update(order_limit=3)
    template = create_template(at=now, name="limited", amount=D(15), threshold=D(0), order_limit=2, **limits)
    for _ in range(2):
        issue_coupon(template, regular.pk, at=now)

    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", paid))

    assert Order.objects.get(pk=order_id).payable == D(paid)
    assert Coupon.objects.filter(template=template, status="redeemed").count() == (1 if paid == "44.90" else 2)
    ledgers_agree()


def test_several_coupons_of_a_template_share_the_last_use_of_a_store(shop, regular, now, ledgers_agree):
    StackCategory.objects.filter(code="general").update(order_limit=3)
    template = create_template(at=now, name="limited", amount=D(15), threshold=D(0), order_limit=2)
    coupons.services.save_template(template=template, actor=None, at=now, store_limits={shop.store.pk: 1})
    for _ in range(2):
        issue_coupon(template, regular.pk, at=now)

    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "44.90"))

    assert StoreLimit.objects.get().used_count == 1
    ledgers_agree()


def test_a_bearer_coupon_counts_in_the_day_of_the_member_who_brings_it(shop, regular, now, ledgers_agree):
    """The till says so when it is scanned, and not when the customer pays."""
    template = create_template(at=now, name="limited", amount=D(15), threshold=D(0), member_day_limit=1)
    bearer = issue_coupon(template, None, at=now)
    issue_coupon(template, regular.pk, at=now)
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "44.90"))
    basket = shop.basket((shop.rice, "1"), member=regular)

    with pytest.raises(InvalidLine):
        services.pin_coupon(basket_id=basket.pk, coupon_id=bearer.pk, at=now)

    bearer.refresh_from_db()
    assert (bearer.status, bearer.member_id) == ("issued", None)
    ledgers_agree()
