"""Two tills, double clicks and races over one member, with real threads and connections."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

import coupons.selectors
import wallet.selectors
from checkout import services
from checkout.models import Basket, Order, Shift, Till
from core.errors import DomainError
from jobs.registry import all_proofs
from tests.factories.shop import Shop, product
from tests.factories.stored_value import set_value

pytestmark = pytest.mark.django_db(transaction=True)


def in_parallel(calls: list[Callable[[], object]]) -> list[object]:
    """Start all at the same moment; answers or refusals in order."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return call()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def second_till(shop: Shop, code: str) -> Shop:
    till = Till.objects.create(store=shop.store, code=code, name=f"Till {code}")
    shift: Shift = services.open_shift(till=till, opening_float=Decimal(0), actor=shop.cashier, at=shop.now)
    return Shop(
        store=shop.store,
        till=till,
        shift=shift,
        cashier=shop.cashier,
        rice=shop.rice,
        milk=shop.milk,
        bag=shop.bag,
        now=shop.now,
    )


def differences() -> list[object]:
    return [difference for proof in all_proofs().values() for difference in proof.check()[1]]


def test_the_same_confirm_ten_times_at_once_makes_one_order(shop, regular):
    basket = shop.basket((shop.rice, "1"), member=regular)
    key = uuid4()

    answers = in_parallel([lambda: shop.confirm(basket, ("wallet", "59.90"), key=key)] * 10)

    assert len(set(answers)) == 1
    assert Order.objects.count() == 1
    assert wallet.selectors.get_balance(member_id=regular.pk, at=shop.now).total == Decimal("490.10")
    assert differences() == []


def test_ten_keys_for_one_basket_sell_it_once(shop, regular):
    basket = shop.basket((shop.rice, "1"), member=regular)

    answers = in_parallel([lambda: shop.confirm(basket, ("cash", "59.90"))] * 10)

    assert Counter(type(answer).__name__ for answer in answers) == {"int": 1, "BasketClosed": 9}
    assert Order.objects.count() == 1
    assert differences() == []


def test_two_tills_cannot_spend_the_same_money(shop, regular):
    set_value("wallet.no_pin_limit", "1000.00", shop.now)
    tills = [shop, *(second_till(shop, str(number)) for number in range(2, 6))]
    shop.rice.list_price = Decimal("200.00")
    shop.rice.is_excluded_from_coupons = True
    shop.rice.save()
    baskets = [till.basket((shop.rice, "1"), member=regular) for till in tills]

    answers = in_parallel(
        [
            lambda till=till, basket=basket: till.confirm(basket, ("wallet", "200.00"))
            for till, basket in zip(tills, baskets, strict=True)
        ]
    )

    # 550 stored: two sales of 200, three refusals
    assert sum(isinstance(answer, int) for answer in answers) == 2
    assert wallet.selectors.get_balance(member_id=regular.pk, at=shop.now).total == Decimal("150.00")
    assert Order.objects.count() == 2
    assert Basket.objects.filter(status="open").count() == 3
    assert differences() == []


def test_one_coupon_at_five_tills_is_used_once(shop, regular):
    tills = [shop, *(second_till(shop, str(number)) for number in range(2, 6))]
    dear = product("DEAR", "120.00")
    baskets = [till.basket((dear, "1"), member=regular) for till in tills]
    assert {basket.quote["figures"]["payable"] for basket in baskets} == {"110.00"}

    answers = in_parallel(
        [
            lambda till=till, basket=basket: till.confirm(basket, ("cash", "110.00"))
            for till, basket in zip(tills, baskets, strict=True)
        ]
    )

    assert Counter(type(answer).__name__ for answer in answers) == {"int": 1, "QuoteChanged": 4}
    assert coupons.selectors.list_usable_terms(member_id=regular.pk, at=shop.now) == []
    assert Order.objects.get().payable == Decimal("110.00")
    assert differences() == []


def test_voids_at_the_same_moment_give_back_once(shop, regular):
    order_id = shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("wallet", "59.90"))

    answers = in_parallel(
        [
            lambda: services.void_order(
                key=uuid4(), order_id=order_id, till=shop.till, reason="x", actor=shop.cashier, at=shop.now
            )
        ]
        * 6
    )

    assert Counter(type(answer).__name__ for answer in answers) == {"int": 1, "CannotVoid": 5}
    assert wallet.selectors.get_balance(member_id=regular.pk, at=shop.now).total == Decimal("550.00")
    assert differences() == []


def test_a_shift_is_not_closed_under_a_sale(shop):
    basket = shop.basket((shop.rice, "1"))

    sold, closed = in_parallel(
        [
            lambda: shop.confirm(basket, ("cash", "59.90")),
            lambda: services.close_shift(
                shift_id=shop.shift.pk, counted_cash=Decimal(0), actor=shop.cashier, at=shop.now
            ),
        ]
    )

    shift = Shift.objects.get(pk=shop.shift.pk)
    expected = Decimal("259.90") if isinstance(sold, int) else Decimal("200.00")
    assert shift.expected_cash == expected
    assert isinstance(closed, Shift)


def test_without_the_basket_lock_the_double_sale_is_real(shop, monkeypatch):
    """Guards the test of ten keys: take the document's lock away and the same basket is sold more than once."""
    basket = shop.basket((shop.rice, "1"))
    barrier = Barrier(4)

    def unlocked(basket_id):
        read = Basket.objects.select_related("store", "till").get(pk=basket_id)
        if read.status != Basket.Status.OPEN:
            raise services.BasketClosed("closed")
        barrier.wait()
        return read

    def unlocked_shift(till_id):
        return Shift.objects.get(till_id=till_id, closed_at__isnull=True)

    monkeypatch.setattr("checkout.services.confirm.lock_open_basket", unlocked)
    monkeypatch.setattr("checkout.services.confirm.lock_open_shift", unlocked_shift)

    answers = in_parallel([lambda: shop.confirm(basket, ("cash", "59.90"))] * 4)

    assert [isinstance(answer, int) for answer in answers] == [True] * 4
    assert Order.objects.count() == 4
