"""How many SQL statements a confirmation takes is a reviewed figure; it does not grow with the lines (P4)."""

from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Category
from checkout import services
from checkout.models import Basket
from coupons.models import Coupon, StackCategory
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.passes import create_plan, sell
from tests.factories.points import make_rule, set_value
from tests.factories.shop import product


def statements_of(shop, basket, *tenders):
    """Statements without the transaction's own (BEGIN, SAVEPOINT ...)."""
    with CaptureQueriesContext(connection) as captured:
        shop.confirm(basket, *tenders)
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for query in captured)


def test_a_cash_sale_to_a_walk_in_takes_fourteen_statements(shop):
    assert statements_of(shop, shop.basket((shop.rice, "1")), ("cash", "60.00")) == 14


def test_a_sale_with_coupon_points_and_wallet_takes_thirty_nine_statements(shop, regular, now):
    services.set_points(
        basket_id=shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular).pk, points=500, at=now
    )
    basket = Basket.objects.get(till=shop.till, status="open")

    # One of them asks which rules of points are in force: there are none, and that has to be known.
    assert statements_of(shop, basket, ("wallet", "110.00"), ("cash", "50.00")) == 39


def test_three_coupons_take_what_one_takes_and_their_own_uses_and_the_matrix(shop, regular, now):
    one = statements_of(shop, shop.basket((shop.rice, "2"), member=regular), ("cash", "109.80"))
    goods, more = StackCategory.objects.get(code="goods"), StackCategory.objects.get(code="points")
    for kind in (
        {"kind": "amount_off", "amount": D(10)},
        {"kind": "exchange", "amount": None, "pieces": 1, "stack_category": goods},
        {"kind": "points_multiple", "amount": None, "multiple": D(3), "stack_category": more},
    ):
        issue_coupon(create_template(at=now, threshold=D(0), **kind), regular.pk, at=now)
    basket = shop.basket((shop.rice, "2"), member=regular)
    triple = Coupon.objects.get(template__kind="points_multiple")
    basket, quote = services.pin_coupon(basket_id=basket.pk, coupon_id=triple.pk, at=now)
    assert len(quote.coupons) == 3

    three = statements_of(shop, basket, ("cash", "49.90"))

    # Three for the use of each further coupon, and one for the classes that go together.
    assert three - one == 2 * 3 + 1


def test_the_number_of_statements_does_not_grow_with_the_lines(shop, regular):
    few = statements_of(shop, shop.basket((shop.rice, "1"), member=regular), ("cash", "60.00"))
    goods = [(product(f"P{number}", "1.00"), "1") for number in range(30)]

    many = statements_of(shop, shop.basket(*goods, member=regular), ("cash", "30.00"))

    assert many == few


def test_rules_caps_and_budgets_of_points_take_eight_statements_more_however_many_lines(shop, regular):
    plain = statements_of(shop, shop.basket((shop.rice, "1"), member=regular), ("cash", "60.00"))
    top = Category.objects.create(name="Top")
    make_rule(per_yuan=2, category=top, cap_per_day=900, budget=10_000)
    set_value("points.cap_per_month", 5000)
    set_value("points.budget_per_month", 90_000)
    goods = [(product(f"P{number}", "1.00", category=top), "1") for number in range(20)]

    ruled = statements_of(shop, shop.basket(*goods, member=regular), ("cash", "30.00"))

    # The tree; caps and month for the quote; caps, version and month under their locks; two budgets taken.
    assert ruled - plain == 8


def test_the_number_of_statements_does_not_grow_with_the_lines_that_passes_pay(shop, regular):
    goods = [product(f"S{number}", "40.00", kind="service") for number in range(6)]
    plan = create_plan(*goods, paid_uses=20, price=D("400.00"), at=shop.now)
    for _number in range(2):
        sell(plan, regular, shop.store, at=shop.now)

    def sold_with(*paid):
        basket = shop.basket(*[(one, "1") for one in paid], member=regular)
        for one in paid:
            services.take_pass(basket_id=basket.pk, product_id=one.pk, pass_id=None, at=shop.now)
        basket = Basket.objects.get(pk=basket.pk)
        with CaptureQueriesContext(connection) as captured:
            services.confirm_sale(
                key=uuid4(),
                basket_id=basket.pk,
                fingerprint=basket.fingerprint,
                tenders=[],
                actor=shop.cashier,
                at=shop.now,
                pass_agreed=True,
            )
        return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for query in captured)

    few = sold_with(goods[0])

    assert sold_with(*goods) == few
