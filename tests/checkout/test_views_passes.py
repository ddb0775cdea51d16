"""Count passes at the till over HTTP: one key for the line, the member's word, selling, voiding and refunds."""

import re
from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest
import time_machine

import approvals.services
import passes.services
from checkout.models import Basket, Order, PassSale, PassSaleVoid, Payout
from members.services import set_pin
from passes.models import Entry, Pass, Refund
from tests.factories.passes import create_plan, sell
from tests.factories.shop import product
from tests.factories.till import CASHIER, allow

FRAGMENT = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def desk(shop, client_for, now):
    """The cashier's browser in English, bound to the till, at noon."""
    allow(shop.cashier, *CASHIER, "passes.view_pass", "passes.view_refund", "checkout.void_order")
    client = client_for(shop.cashier)
    client.cookies["django_language"] = "en"
    client.post("/checkout/till/", {"till": shop.till.pk})
    with time_machine.travel(now, tick=False):
        yield client


@pytest.fixture
def wash(shop):
    return product("WASH", "40.00", "6900000000017", name="洗车", kind="service")


@pytest.fixture
def plan(shop, wash):
    return create_plan(wash, name="洗车 3 次", at=shop.now)


@pytest.fixture
def held(shop, regular, plan):
    return sell(plan, regular, shop.store, at=shop.now)


def post(client, path, data=None, **extra):
    return client.post(f"/checkout/{path}", data or {}, **{**FRAGMENT, **extra})


def scan(client, text):
    return post(client, "sale/scans/", {"text": text})


def words(response):
    return " ".join(response.content.decode().split())


def hidden(response):
    text = words(response)
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', text)[1] for name in ("command_key", "basket", "fingerprint")
    }


def basket_of(shop):
    return Basket.objects.get(till=shop.till, status="open")


def test_a_scanned_product_that_a_pass_covers_is_offered_with_what_is_left(desk, shop, regular, held, wash):
    assert "sale/passes/" not in words(scan(desk, wash.sku))

    page = words(scan(desk, "8821"))

    assert "洗车 3 次 for 洗车: 3 left" in page
    assert f'<input type="hidden" name="current" value="{wash.pk}">' in page


def test_one_key_lets_the_pass_pay_and_the_tick_sells(desk, shop, regular, held, wash):
    scan(desk, "8821")
    scan(desk, wash.sku)

    shown = post(desk, "sale/passes/", {"current": str(wash.pk)})

    page = words(shown)
    assert basket_of(shop).lines == [[wash.pk, "1", held.pk]]
    assert f'data-line="{wash.pk}-{held.pk}"' in page
    assert "The member agrees to use:" in page
    assert 'data-payable="0.00"' in page
    refused = post(desk, "sale/confirmation/", hidden(shown))
    assert (refused.status_code, Order.objects.count()) == (422, 0)
    assert "Ask the member" in words(refused)

    sold = post(desk, "sale/confirmation/", {**hidden(refused), "pass_agreed": "on"})

    assert sold.status_code == 303
    order = Order.objects.get()
    done = words(desk.get(sold["Location"], **FRAGMENT))
    assert "洗车 3 次 ×1" in done
    assert "2 left" in done
    receipt = words(desk.get(f"/checkout/orders/{order.pk}/receipt/"))
    assert "洗车 3 次 ×1" in receipt
    assert "Pass 洗车 3 次" in words(desk.get(f"/checkout/orders/{order.pk}/"))
    assert Entry.objects.get(kind="use").actor == shop.cashier


def test_the_members_word_is_kept_where_something_else_is_wrong(desk, shop, regular, held, wash):
    scan(desk, "8821")
    scan(desk, wash.sku)
    scan(desk, shop.milk.sku)
    shown = post(desk, "sale/passes/", {"current": str(wash.pk)})
    assert "data-agree checked" not in words(shown)

    refused = post(desk, "sale/confirmation/", {**hidden(shown), "pass_agreed": "on", "cash": "1.00"})

    assert refused.status_code == 422
    assert "data-agree checked" in words(refused)
    changed = scan(desk, shop.milk.sku)
    assert "data-agree checked" not in words(changed)


def test_a_line_can_be_paid_otherwise_after_all_and_its_quantity_changed(desk, shop, regular, held, wash):
    scan(desk, "8821")
    scan(desk, f"2*{wash.sku}")
    post(desk, "sale/passes/", {"current": str(wash.pk)})
    key = f"{wash.pk}-{held.pk}"

    assert post(desk, "sale/quantity/", {"current": key, "quantity": "3"}).status_code == 200
    assert basket_of(shop).lines == [[wash.pk, "3", held.pk]]
    refused = post(desk, "sale/quantity/", {"current": key, "quantity": "4"})
    assert (refused.status_code, basket_of(shop).lines) == (422, [[wash.pk, "3", held.pk]])

    post(desk, "sale/pass-removal/", {"current": key})

    assert basket_of(shop).lines == [[wash.pk, "3"]]
    post(desk, "sale/passes/", {"current": str(wash.pk)})
    post(desk, "sale/line-removal/", {"current": key})
    assert basket_of(shop).lines == []


@pytest.mark.parametrize("current", ["", "0", "999999999", "x", "1-2-3", "9" * 30, "1-x"])
def test_a_line_that_is_not_there_is_refused(desk, shop, regular, held, wash, current):
    scan(desk, "8821")
    scan(desk, wash.sku)
    before = basket_of(shop).lines

    answer = post(desk, "sale/passes/", {"current": current})

    assert (answer.status_code, basket_of(shop).lines) == (422, before)
    assert post(desk, "sale/pass-removal/", {"current": current}).status_code == 200


@pytest.mark.parametrize("wrong", ["x", "-1", "99999999999999999999", "0"])
def test_a_wrong_pass_is_refused(desk, shop, regular, held, wash, wrong):
    scan(desk, "8821")
    scan(desk, wash.sku)

    assert post(desk, "sale/passes/", {"current": str(wash.pk), "held": wrong}).status_code == 422
    assert basket_of(shop).lines == [[wash.pk, "1"]]


def test_several_passes_are_a_list_to_choose_from(desk, shop, regular, held, wash):
    ending = sell(create_plan(wash, name="月内 3 次", valid_days=30, at=shop.now), regular, shop.store, at=shop.now)
    scan(desk, "8821")

    page = words(scan(desk, wash.sku))

    assert "月内 3 次 for 洗车: 3 left" in page
    assert 'id="passes-dialog"' in page
    post(desk, "sale/passes/", {"current": str(wash.pk), "held": str(held.pk)})
    assert basket_of(shop).lines == [[wash.pk, "1", held.pk]]
    assert ending.pk != held.pk


def sale_form(member, plan, **data):
    return {
        "command_key": str(uuid4()),
        "member": member.pk,
        "plan": f"{plan.pk}:{plan.price}",
        "kind": "cash",
        "received": "",
        **data,
    }


def test_a_pass_is_sold_by_button_and_one_tender_and_the_same_form_sells_once(desk, shop, regular, plan):
    page = words(desk.get(f"/checkout/passes/new/?member={regular.pk}"))
    assert "洗车 3 次" in page
    assert f'value="{plan.pk}:100.00"' in page
    form = sale_form(regular, plan, received="150")

    answer = desk.post("/checkout/passes/new/", form)

    held = Pass.objects.get()
    assert answer["Location"] == f"/checkout/passes/{held.pk}/"
    assert desk.post("/checkout/passes/new/", form)["Location"] == answer["Location"]
    assert PassSale.objects.count() == 1
    receipt = words(desk.get(answer["Location"]))
    assert "¥50.00" in receipt
    assert "Valid until</dt><dd>no end" in receipt


def test_the_member_is_looked_up_where_none_is_chosen(desk, shop, regular, plan):
    assert "A pass for which member?" in words(desk.get("/checkout/passes/new/?q="))
    assert "王小明" in words(desk.get("/checkout/passes/new/?q=8821"))
    assert "Nobody is known under" in words(desk.get("/checkout/passes/new/?q=0000"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plan", ""),
        ("plan", "x:100"),
        ("plan", "1:abc"),
        ("plan", "999999:100.00"),
        ("kind", "pass"),
        ("kind", "gold"),
        ("received", "99.99"),
        ("received", "abc"),
        ("command_key", "x"),
    ],
)
def test_a_wrong_form_sells_nothing_and_says_so(desk, shop, regular, plan, field, value):
    answer = desk.post("/checkout/passes/new/", {**sale_form(regular, plan), field: value})

    assert answer.status_code == 422
    assert 'role="alert"' in words(answer) or "field-error" in words(answer)
    assert Pass.objects.count() == 0


def test_stored_value_above_the_days_limit_asks_for_the_members_pin(desk, shop, regular, wash, now):
    dear = create_plan(wash, name="dear", price=D("300.00"), paid_uses=10, at=now)
    set_pin(member_id=regular.pk, pin="283746", actor=None, at=now)

    asked = desk.post("/checkout/passes/new/", sale_form(regular, dear, kind="wallet"))
    wrong = desk.post("/checkout/passes/new/", sale_form(regular, dear, kind="wallet", pin="000001"))

    assert (asked.status_code, wrong.status_code, Pass.objects.count()) == (422, 422, 0)
    assert "283746" not in words(wrong)
    right = desk.post("/checkout/passes/new/", sale_form(regular, dear, kind="wallet", pin="283746"))
    assert right.status_code == 302
    assert Pass.objects.get().tender == "wallet"


def test_a_mistaken_sale_is_voided_and_a_reason_is_needed(desk, shop, regular, plan):
    desk.post("/checkout/passes/new/", sale_form(regular, plan))
    url = f"/checkout/passes/{Pass.objects.get().pk}/void/"

    refused = desk.post(url, {"command_key": str(uuid4()), "reason": " "})
    assert (refused.status_code, PassSaleVoid.objects.count()) == (422, 0)
    desk.post(url, {"command_key": str(uuid4()), "reason": "wrong member"})

    assert PassSaleVoid.objects.get().reason == "wrong member"
    assert "VOIDED" in words(desk.get(f"/checkout/passes/{Pass.objects.get().pk}/"))


def test_the_receipt_of_another_store_is_not_there(desk, shop, regular, plan, other_store):
    sold = sell(plan, regular, other_store, at=shop.now)

    assert desk.get(f"/checkout/passes/{sold.pk}/").status_code == 404
    assert desk.post(f"/checkout/passes/{sold.pk}/void/", {"reason": "x"}).status_code == 404


def test_a_refund_is_paid_from_the_drawer_by_the_screen(desk, shop, regular, plan, owner, now):
    desk.post("/checkout/passes/new/", sale_form(regular, plan))
    approvals.services.submit(
        kind=passes.services.KIND,
        payload=passes.services.payload_of(Pass.objects.get().pk, "merchant"),
        subject="pass:1",
        reason="x",
        actor=owner,
        store=shop.store,
        at=now,
    )
    refund = Refund.objects.get()
    url = f"/checkout/pass-refunds/{refund.pk}/payment/"
    assert "Hand ¥100.00 over" in words(desk.get(url))
    for wrong in ("wallet", "bank", ""):
        assert desk.post(url, {"command_key": str(uuid4()), "method": wrong}).status_code == 422

    paid = desk.post(url, {"command_key": str(uuid4()), "method": "cash"})

    assert paid["Location"] == f"/passes/refunds/{refund.pk}/"
    assert Payout.objects.get().amount == D("100.00")
    assert desk.get("/checkout/pass-refunds/999999/payment/").status_code == 404


def test_the_shift_shows_what_came_in_for_passes_apart(desk, shop, regular, plan):
    desk.post("/checkout/passes/new/", sale_form(regular, plan))

    page = words(desk.get(f"/checkout/shifts/{shop.shift.pk}/"))

    assert "¥100.00 came in for count passes" in page


def test_a_sale_put_aside_with_a_pass_is_priced_as_of_its_resumption(desk, shop, regular, wash, now):
    sell(create_plan(wash, valid_days=1, at=now), regular, shop.store, at=now)
    scan(desk, "8821")
    scan(desk, wash.sku)
    post(desk, "sale/passes/", {"current": str(wash.pk)})
    basket = basket_of(shop)
    post(desk, "held/new/")

    with time_machine.travel(now + timedelta(hours=13), tick=False):
        answer = post(desk, "held/resumption/", {"basket": str(basket.pk)})

    assert answer.status_code == 200
    assert basket_of(shop).lines == [[wash.pk, "1"]]
