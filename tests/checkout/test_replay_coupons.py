"""Coupon templates run over sales of the till: what they would have taken off, where, and why not elsewhere."""

from datetime import datetime
from decimal import Decimal as D  # noqa: N817
from typing import Any

import pytest

from checkout.models import Order
from checkout.selectors.replay import coupons
from checkout.selectors.replay.wording import describe_coupon
from coupons.models import Coupon, Event, StackCategory
from members.models import Member
from tests.checkout.test_replay_tiers import sell
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.shop import Shop
from trials.models import Trial


def run(at: datetime, days: int = 60, **terms: Any) -> dict[str, Any]:
    """The result of a template that is only a draft."""
    terms.setdefault("name", "试算券")
    template = create_template(at=at, is_active=False, **terms)
    trial = Trial(kind="coupon_template", subject=f"coupon_template:{template.pk}", days=days, asked_at=at)
    *_, progress = coupons.run(trial)
    assert progress.result is not None
    return progress.result


@pytest.fixture
def history(shop: Shop, regular: Member) -> list[Order]:
    """Three sales: 239.60 with the member's own coupon (229.60 paid), 49.80, and 119.80."""
    orders = [
        sell(shop, regular, (shop.rice, "4")),
        sell(shop, regular, (shop.milk, "1"), days=2),
        sell(shop, regular, (shop.rice, "2"), days=2),
    ]
    assert [order.payable for order in orders] == [D("229.60"), D("49.80"), D("119.80")]
    return orders


def test_one_for_each_is_used_at_the_first_order_where_it_saves(shop: Shop, history: list[Order]) -> None:
    result = run(shop.now, amount=D("15.00"), threshold=D("100.00"))

    # It goes in place of the coupon of 10 that was used then: the order costs 5 less.
    assert (result["members"], result["members_used"], result["orders"], result["used"]) == (1, 1, 3, 1)
    assert (result["discount"], result["sales_used"]) == ("5.00", "224.60")
    assert dict(result["refusals"]) == {"used": 2}
    assert (result["orders_imported"], result["orders_differ"]) == (0, 0)
    assert [(one["money"], one["used"]) for one in result["winners"]] == [("5.00", 1)]


def test_several_for_each_are_used_where_they_save(shop: Shop, history: list[Order]) -> None:
    result = run(shop.now, amount=D("15.00"), threshold=D("100.00"), member_limit=5)

    assert (result["used"], result["discount"]) == (2, "20.00")
    assert dict(result["refusals"]) == {"threshold": 1}


def test_classes_that_combine_are_used_together(shop: Shop, history: list[Order]) -> None:
    goods = StackCategory.objects.get(code="goods")

    result = run(shop.now, amount=D("15.00"), threshold=D("100.00"), stack_category=goods)

    assert (result["used"], result["discount"], result["sales_used"]) == (1, "15.00", "214.60")


def test_margin_and_orders_below_cost_are_told(shop: Shop, history: list[Order]) -> None:
    result = run(shop.now, kind="percent_off", amount=None, factor=D("0.5"), member_limit=9, threshold=D(0))

    # Rice 41 each, milk 38.50: 65.60, 11.30 and 37.80 before.
    assert result["margin"] == "114.70"
    assert (result["used"], result["below_cost"]) == (3, 3)
    assert result["discount"] == str(D("229.60") - D("119.80") + D("24.90") + D("59.90"))


def test_more_points_cost_points(shop: Shop, history: list[Order]) -> None:
    points = StackCategory.objects.get(code="points")

    result = run(shop.now, kind="points_multiple", amount=None, multiple=D(3), threshold=D(100), stack_category=points)

    assert (result["used"], result["discount"], result["points"]) == (1, "0.00", 688 - 229)
    assert result["points_worth"] == "4.59"


def test_conditions_are_asked_of_the_past(shop: Shop, history: list[Order]) -> None:
    other = {"weekdays": [shop.now.isoweekday() % 7 + 1]}

    assert dict(run(shop.now, amount=D(5), threshold=D(0), conditions={"stores": [shop.store.pk + 1]})["refusals"]) == {
        "store": 3
    }
    first = run(shop.now, amount=D(15), threshold=D(0), member_limit=9, conditions={"first_order": True})
    assert (first["used"], dict(first["refusals"])) == (1, {"first_order": 2})
    assert run(shop.now, amount=D(15), threshold=D(0), conditions=other)["used"] <= 1


def test_nothing_is_given_or_used(shop: Shop, history: list[Order]) -> None:
    before = (Coupon.objects.count(), Event.objects.count())

    run(shop.now, amount=D("15.00"), threshold=D("100.00"))

    assert (Coupon.objects.count(), Event.objects.count()) == before


def test_the_result_is_explained(shop: Shop, history: list[Order]) -> None:
    found = describe_coupon(run(shop.now, amount=D("15.00"), threshold=D("100.00")))

    assert [figure.text for figure in found.figures][:4] == ["1", "1", "¥5.00", "¥224.60"]
    assert [len(table.rows) for table in found.tables] == [1, 1]


def test_several_limited_coupons_of_one_order_are_priced_again_as_they_were(shop: Shop, regular: Member) -> None:
    """The limit is used up since; that is nothing to the order that used it up."""
    StackCategory.objects.filter(code="general").update(order_limit=2)
    template = create_template(amount=D("15.00"), threshold=D("0.00"), redeem_limit=2, order_limit=2)
    for _ in range(2):
        issue_coupon(template, regular.pk)
    assert sell(shop, regular, (shop.rice, "1")).payable == D("29.90")

    result = run(shop.now, amount=D("1.00"), threshold=D("900.00"))

    assert (result["orders"], result["orders_differ"], result["discount"]) == (1, 0, "0.00")
