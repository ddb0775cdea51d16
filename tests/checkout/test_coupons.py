"""Several coupons in one sale: chosen, ticked, used up, undone, and what they ask about."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

import coupons.selectors
import coupons.services
from catalog.models import Brand, Category
from checkout import services
from checkout.models import Basket, Order
from checkout.services import InvalidLine, QuoteChanged
from checkout.services.void import _coupon_steps
from coupons.models import Coupon, Event, StackCategory
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.points import set_value
from tests.factories.shop import product


@pytest.fixture
def give(regular, now):
    """A coupon of a template of its own; ``stack`` names its class."""

    def build(name, *, stack="general", member=regular, **terms):
        terms = {"threshold": D(0), "amount": None, **terms}
        template = create_template(at=now, name=name, stack_category=StackCategory.objects.get(code=stack), **terms)
        return issue_coupon(template, None if member is None else member.pk, at=now)

    return build


@pytest.fixture
def half(give):
    return give("half", stack="goods", kind="nth_item", buy_pieces=1, factor=D("0.5"))


@pytest.fixture
def tenth(give):
    return give("12 off", kind="percent_off", factor=D("0.88"), cap=D(15))


@pytest.fixture
def triple(give):
    return give("triple", stack="points", kind="points_multiple", multiple=D(3), threshold=D(50))


def hundred(regular):
    return Coupon.objects.get(member=regular, template__name="满100减10")


def refusals(quote):
    return {one.terms.name: one.refusal.reason for one in quote.refused_coupons}


def reasons(quote):
    return {one.terms.name: one.refusal and one.refusal.reason for one in quote.usable_coupons}


def test_the_best_set_is_taken_and_each_other_one_says_why_not(shop, regular, half, tenth, triple):
    basket = shop.basket((shop.rice, "2"), member=regular)

    quote = services.refresh(basket_id=basket.pk, at=shop.now)[1]

    # 119.80; half of 59.90 off (29.95); 12 % of 89.85 (10.78) against 10.00
    assert [(one.terms.name, one.amount) for one in quote.coupons] == [("half", D("29.95")), ("12 off", D("10.78"))]
    assert quote.payable == D("79.07")
    assert reasons(quote) == {"half": None, "12 off": None, "满100减10": "not_together", "triple": None}


def test_a_ticked_coupon_takes_the_place_of_what_does_not_go_with_it(shop, regular, half, tenth, triple):
    basket = shop.basket((shop.rice, "2"), member=regular)

    basket, quote = services.pin_coupon(basket_id=basket.pk, coupon_id=hundred(regular).pk, at=shop.now)

    assert [one.terms.name for one in quote.coupons] == ["half", "满100减10"]
    assert quote.payable == D("79.85")
    basket, quote = services.pin_coupon(basket_id=basket.pk, coupon_id=triple.pk, at=shop.now)
    assert [one.terms.name for one in quote.coupons] == ["half", "满100减10", "triple"]
    assert (quote.payable, quote.multiple) == (D("79.85"), D(3))
    basket, quote = services.leave_coupon(basket_id=basket.pk, coupon_id=half.pk, at=shop.now)
    assert quote.payable == D("109.80")
    assert reasons(quote)["half"] is None
    basket, quote = services.choose_coupons(basket_id=basket.pk, coupon_ids=[], use_coupons=False, at=shop.now)
    assert (quote.coupons, quote.payable) == ((), D("119.80"))


def test_unticking_the_last_coupon_uses_none(shop, regular):
    basket = shop.basket((shop.rice, "2"), member=regular)

    basket, quote = services.leave_coupon(basket_id=basket.pk, coupon_id=hundred(regular).pk, at=shop.now)

    assert (basket.use_coupon, basket.coupon_ids, quote.payable) == (False, [], D("119.80"))


def test_a_sale_with_three_coupons_uses_each_up_and_its_void_gives_each_back(
    shop, regular, half, tenth, triple, ledgers_agree
):
    basket = shop.basket((shop.rice, "2"), member=regular)
    basket, _quote = services.pin_coupon(basket_id=basket.pk, coupon_id=triple.pk, at=shop.now)

    order = Order.objects.get(pk=shop.confirm(basket, ("cash", "79.07")))

    assert order.points_earned == 237
    assert [(one["id"], one["kind"], one["amount"]) for one in order.snapshot["coupons"]] == [
        (half.pk, "nth_item", "29.95"),
        (triple.pk, "points_multiple", "0.00"),
        (tenth.pk, "percent_off", "10.78"),
    ]
    assert [(one.source, one.amount) for one in order.adjustments.order_by("pk")] == [
        (f"coupon:{half.pk}", D("29.95")),
        (f"coupon:{tenth.pk}", D("10.78")),
    ]
    receipt = order.receipt.data
    assert [one["label"] for one in receipt["adjustments"]] == ["half", "12 off"]
    assert receipt["points_coupons"] == [{"name": "triple", "multiple": "3.00"}]
    assert set(Coupon.objects.filter(status="redeemed").values_list("pk", flat=True)) == {
        half.pk, tenth.pk, triple.pk,
    }  # fmt: skip
    ledgers_agree()

    services.void_order(
        key=basket.pk, order_id=order.pk, till=shop.till, reason="wrong", actor=shop.cashier, at=shop.now
    )

    assert not Coupon.objects.exclude(status="issued").exists()
    assert Event.objects.filter(kind="returned").count() == 3
    ledgers_agree()


def test_a_refund_of_an_exchange_coupon_item_gives_the_coupon_back_and_no_money(shop, regular, give, ledgers_agree):
    free = give("free milk", stack="goods", kind="exchange", pieces=1, scope={"products": [shop.milk.pk]})
    basket = shop.basket((shop.milk, "1"), member=regular)
    order = Order.objects.get(pk=shop.confirm(basket))
    assert (order.payable, order.points_earned) == (D("0.00"), 0)
    assert Coupon.objects.get(pk=free.pk).status == "redeemed"

    services.void_order(
        key=basket.pk, order_id=order.pk, till=shop.till, reason="back", actor=shop.cashier, at=shop.now
    )

    assert Coupon.objects.get(pk=free.pk).status == "issued"
    assert Coupon.objects.get(pk=free.pk).member_id == regular.pk
    assert Event.objects.get(kind="returned").amount == D("-49.80")
    ledgers_agree()


def test_a_hundred_percent_coupon_leaves_no_points_to_use_and_none_to_earn(shop, regular, give, ledgers_agree):
    give("all free", kind="percent_off", factor=D(0))
    basket = shop.basket((shop.rice, "1"), member=regular)
    basket, quote = services.set_points(basket_id=basket.pk, points=500, at=shop.now)
    assert (quote.payable, quote.points_used, quote.points_wish_cut) == (D("0.00"), 0, True)

    order = Order.objects.get(pk=shop.confirm(basket))

    assert (order.payable, order.points_used, order.points_earned) == (D("0.00"), 0, 0)
    ledgers_agree()


def test_a_coupon_for_a_retired_product_waits_for_goods_it_takes(shop, regular, give):
    free = give("free milk", stack="goods", kind="exchange", pieces=1, scope={"products": [shop.milk.pk]})
    basket = shop.basket((shop.milk, "1"), (shop.rice, "1"), member=regular)
    shop.milk.is_active = False
    shop.milk.save()

    with pytest.raises(QuoteChanged):
        shop.confirm(basket, ("cash", "59.90"))

    assert Coupon.objects.get(pk=free.pk).status == "issued"
    _basket, quote = services.refresh(basket_id=basket.pk, at=shop.now)
    assert refusals(quote)["free milk"] == "nothing_eligible"
    assert quote.payable == D("59.90")


def test_a_template_edited_after_the_issue_prices_its_old_coupons_as_promised(shop, regular, now):
    coupon = hundred(regular)
    template = coupon.template
    template.amount, template.threshold = D(50), D(500)
    coupons.services.save_template(template=template, actor=None, at=now)

    basket = shop.basket((shop.rice, "2"), member=regular)

    order = Order.objects.get(pk=shop.confirm(basket, ("cash", "109.80")))
    assert [(one["template"], one["version"], one["amount"]) for one in order.snapshot["coupons"]] == [
        (template.pk, 1, "10.00")
    ]


def test_goods_are_named_by_product_category_with_what_lies_below_and_brand(shop, regular, give):
    food = Category.objects.create(name="Food")
    sweets = Category.objects.create(name="Sweets", parent=food)
    maker = Brand.objects.create(name="Maker")
    candy = product("CANDY", "30.00", category=sweets, brand=maker)
    for name, scope in (
        ("below", {"categories": [food.pk]}),
        ("brand", {"brands": [maker.pk]}),
        ("not", {"not_categories": [food.pk]}),
        ("rice", {"products": [shop.rice.pk]}),
    ):
        give(name, amount=D(5), scope=scope)

    basket = shop.basket((candy, "1"), member=regular)

    quote = services.refresh(basket_id=basket.pk, at=shop.now)[1]
    assert {one.terms.name for one in quote.usable_coupons} == {"below", "brand"}
    assert refusals(quote) == {"满100减10": "threshold", "not": "nothing_eligible", "rice": "nothing_eligible"}


def test_conditions_are_asked_of_the_sale_and_of_the_member(shop, regular, give, now):
    # Noon of Wednesday 2026-03-18 in Shanghai.
    for name, conditions in (
        ("here", {"stores": [shop.store.pk]}),
        ("elsewhere", {"stores": [shop.store.pk + 999]}),
        ("wednesday", {"weekdays": [3]}),
        ("weekend", {"weekdays": [6, 7]}),
        ("noon", {"from_time": "11:30", "to_time": "13:30"}),
        ("evening", {"from_time": "18:00", "to_time": "22:00"}),
        ("gold", {"tiers": ["gold"]}),
        ("first", {"first_order": True}),
        ("tagged", {"tags": [999_999]}),
        ("birthday", {"birthday_days": 7}),
    ):
        give(name, amount=D(5), conditions=conditions)

    quote = services.refresh(basket_id=shop.basket((shop.rice, "1"), member=regular).pk, at=now)[1]

    assert {one.terms.name for one in quote.usable_coupons} == {"here", "wednesday", "noon", "first"}
    assert refusals(quote) == {
        "满100减10": "threshold",
        "elsewhere": "store",
        "weekend": "weekday",
        "evening": "time",
        "gold": "tier",
        "tagged": "tag",
        "birthday": "birthday",
    }


def test_a_first_order_coupon_is_of_no_use_at_the_second(shop, regular, give):
    give("first", amount=D(20), conditions={"first_order": True})
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "39.90"))
    give("first again", amount=D(20), conditions={"first_order": True})

    quote = services.refresh(basket_id=shop.basket((shop.rice, "1"), member=regular).pk, at=shop.now)[1]

    assert refusals(quote)["first again"] == "first_order"


@pytest.mark.parametrize(("day", "is_usable"), [(10, False), (11, True), (18, True), (25, True), (26, False)])
def test_a_birthday_coupon_holds_so_many_days_before_and_after(shop, regular, give, day, is_usable):
    regular.birth_calendar, regular.birth_month, regular.birth_day = "solar", 3, day
    regular.save()
    give("birthday", amount=D(5), conditions={"birthday_days": 7})

    quote = services.refresh(basket_id=shop.basket((shop.rice, "1"), member=regular).pk, at=shop.now)[1]

    assert bool(quote.usable_coupons) is is_usable


def test_one_order_takes_no_more_coupons_than_the_setting_says(shop, regular, half, tenth, triple):
    set_value("coupons.max_per_order", 1)
    basket = shop.basket((shop.rice, "2"), member=regular)

    quote = services.refresh(basket_id=basket.pk, at=shop.now)[1]

    assert [one.terms.name for one in quote.coupons] == ["half"]
    assert reasons(quote)["12 off"] == "order_full"


def test_a_recharge_coupon_is_never_used_on_goods(shop, regular, give):
    more = give("recharge", kind="recharge", amount=D(20))
    basket = shop.basket((shop.rice, "2"), member=regular)

    with pytest.raises(InvalidLine):
        services.pin_coupon(basket_id=basket.pk, coupon_id=more.pk, at=shop.now)

    kept = Basket.objects.get(pk=basket.pk)
    assert (kept.coupon_ids, kept.fingerprint) == ([], basket.fingerprint)


def test_a_coupon_that_ends_between_the_quote_and_the_payment_is_refused_without_grace(shop, regular, half):
    basket = shop.basket((shop.rice, "2"), member=regular)
    ends = shop.now + timedelta(minutes=1)
    Coupon.objects.filter(pk=half.pk).update(valid_until=ends)
    before = Event.objects.count()

    with pytest.raises(QuoteChanged):
        shop.confirm(basket, ("cash", "79.85"), at=ends)

    assert Event.objects.count() == before
    assert Coupon.objects.get(pk=half.pk).status == "issued"


def test_a_voucher_is_used_one_service_at_a_time(shop, regular, give, ledgers_agree):
    wash = product("WASH", "40.00", kind="service")
    voucher = give("five washes", kind="voucher", uses=5)
    order = Order.objects.get(pk=shop.confirm(shop.basket((wash, "2"), member=regular), ("cash", "40.00")))

    assert order.payable == D("40.00")
    assert (Coupon.objects.get(pk=voucher.pk).uses_left, Coupon.objects.get(pk=voucher.pk).status) == (4, "issued")
    ledgers_agree()


def test_a_stopped_batch_or_a_used_up_limit_is_said_before_anybody_pays(shop, regular, give, now):
    give("limited", amount=D(5), redeem_limit=1)
    other = give("other", amount=D(3))
    Coupon.objects.filter(pk=other.pk).update(template_id=Coupon.objects.get(template__name="limited").template_id)
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "54.90"))

    quote = services.refresh(basket_id=shop.basket((shop.rice, "1"), member=regular).pk, at=now)[1]

    assert "redeem_limit" in refusals(quote).values()


def test_twenty_coupons_are_shown_with_a_reason_each(shop, regular, give):
    for number in range(20):
        give(f"c{number}", amount=D(number + 1))
    basket = shop.basket((shop.rice, "1"), member=regular)

    quote = services.refresh(basket_id=basket.pk, at=shop.now)[1]

    assert [one.terms.name for one in quote.coupons] == ["c19"]
    assert {one.refusal.reason for one in quote.usable_coupons if one.refusal} == {"not_together"}
    assert all(
        coupons.selectors.explain_refusal(terms=one.terms, refusal=one.refusal)
        for one in quote.usable_coupons
        if one.refusal
    )


def test_the_void_of_an_order_of_before_several_coupons_knows_its_one_key():
    assert _coupon_steps(Order(snapshot={"coupon": [3, 1]})) == ["coupon"]
    assert _coupon_steps(Order(snapshot={"coupon": None})) == []
    assert _coupon_steps(Order(snapshot={"coupons": [{"id": 9, "template": 2}, {"id": 4, "template": 3}]})) == [
        "coupon:9",
        "coupon:4",
    ]
