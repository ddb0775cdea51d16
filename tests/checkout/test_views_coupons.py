"""The panel of coupons over HTTP: ticks, what each saves or why not, the receipt, and refusals that move nothing."""

import re
from decimal import Decimal as D  # noqa: N817

import pytest

from checkout.models import Order
from coupons.models import Coupon, StackCategory
from tests.checkout.test_views_sale import RICE, basket_of, confirm, desk, hidden, post, scan, words  # noqa: F401
from tests.factories.coupons import create_template, issue_coupon


@pytest.fixture
def wallet_of_coupons(shop, regular, now):
    """Beside 100 - 10 a second piece at half price, three times the points, and one for the weekend."""

    def give(name, stack, **terms):
        template = create_template(
            at=now,
            name=name,
            threshold=D(0),
            stack_category=StackCategory.objects.get(code=stack),
            **{"amount": None, **terms},
        )
        return issue_coupon(template, regular.pk, at=now)

    return (
        Coupon.objects.get(member=regular),
        give("half", "goods", kind="nth_item", buy_pieces=1, factor=D("0.5")),
        give("triple", "points", kind="points_multiple", multiple=D(3)),
        give("weekend", "general", amount=D(5), conditions={"weekdays": [6, 7]}),
    )


def ticks(answer):
    """The coupons of the panel with whether each is ticked."""
    found = re.findall(r'name="coupon" value="(\d+)" aria-pressed="(true|false)"', words(answer))
    return {int(coupon): pressed == "true" for coupon, pressed in found}


def choose(desk, choice, coupon=None):  # noqa: F811
    return post(desk, "sale/coupon/", {"choice": choice, **({} if coupon is None else {"coupon": coupon.pk})})


def test_the_panel_ticks_the_best_set_and_says_why_another_cannot_be_used(desk, shop, wallet_of_coupons):  # noqa: F811
    hundred, half, triple, _weekend = wallet_of_coupons
    scan(desk, f"2*{RICE}")

    answer = scan(desk, "8821")

    assert ticks(answer) == {hundred.pk: True, half.pk: True, triple.pk: False}
    assert "−29.95" in words(answer)
    assert "仅限星期六/星期日" in words(answer)
    assert basket_of(shop).coupon_ids == []


def test_a_tick_takes_a_coupon_and_the_next_leaves_it(desk, shop, wallet_of_coupons):  # noqa: F811
    hundred, half, triple, _weekend = wallet_of_coupons
    scan(desk, f"2*{RICE}")
    scan(desk, "8821")

    assert ticks(choose(desk, "one", triple)) == {hundred.pk: True, half.pk: True, triple.pk: True}
    assert ticks(choose(desk, "leave", half)) == {hundred.pk: True, half.pk: False, triple.pk: True}
    assert ticks(choose(desk, "none")) == {hundred.pk: False, half.pk: False, triple.pk: False}
    assert ticks(choose(desk, "best")) == {hundred.pk: True, half.pk: True, triple.pk: False}


def test_a_coupon_that_cannot_be_used_now_is_refused_in_words_and_the_set_stays(
    desk,  # noqa: F811
    shop,
    wallet_of_coupons,
):
    *_others, weekend = wallet_of_coupons
    scan(desk, f"2*{RICE}")
    scan(desk, "8821")
    before = basket_of(shop)

    answer = choose(desk, "one", weekend)

    assert answer.status_code == 422
    assert "weekend" in words(answer)
    assert (basket_of(shop).coupon_ids, basket_of(shop).fingerprint) == ([], before.fingerprint)


def test_the_receipt_lists_each_coupon_also_the_one_that_only_gave_points(
    desk,  # noqa: F811
    shop,
    wallet_of_coupons,
    ledgers_agree,
):
    *_others, triple, _weekend = wallet_of_coupons
    scan(desk, f"2*{RICE}")
    scan(desk, "8821")
    shown = choose(desk, "one", triple)

    done = confirm(desk, hidden(shown), cash="79.85")

    assert done.status_code == 303
    order = Order.objects.get()
    assert (order.payable, order.points_earned) == (D("79.85"), 239)
    text = words(desk.get(f"/checkout/orders/{order.pk}/receipt/"))
    assert "half" in text
    assert "满100减10" in text
    assert re.search(r"triple</dt><dd>[^<]*×3<", text)
    ledgers_agree()
