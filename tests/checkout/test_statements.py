"""How many SQL statements a confirmation takes is a reviewed figure; it does not grow with the lines (P4)."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from checkout import services
from checkout.models import Basket
from tests.factories.shop import product


def statements_of(shop, basket, *tenders):
    """Statements without the transaction's own (BEGIN, SAVEPOINT ...)."""
    with CaptureQueriesContext(connection) as captured:
        shop.confirm(basket, *tenders)
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for query in captured)


def test_a_cash_sale_to_a_walk_in_takes_fourteen_statements(shop):
    assert statements_of(shop, shop.basket((shop.rice, "1")), ("cash", "60.00")) == 14


def test_a_sale_with_coupon_points_and_wallet_takes_thirty_eight_statements(shop, regular, now):
    services.set_points(
        basket_id=shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular).pk, points=500, at=now
    )
    basket = Basket.objects.get(till=shop.till, status="open")

    assert statements_of(shop, basket, ("wallet", "110.00"), ("cash", "50.00")) == 38


def test_the_number_of_statements_does_not_grow_with_the_lines(shop, regular):
    few = statements_of(shop, shop.basket((shop.rice, "1"), member=regular), ("cash", "60.00"))
    goods = [(product(f"P{number}", "1.00"), "1") for number in range(30)]

    many = statements_of(shop, shop.basket(*goods, member=regular), ("cash", "30.00"))

    assert many == few
