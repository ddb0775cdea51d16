"""What a cashier does beside the sale: shifts, registration, recharges, orders and their undoing."""

from decimal import Decimal
from io import BytesIO
from uuid import uuid4

import pytest
import time_machine
from openpyxl import load_workbook

import points.selectors
import wallet.selectors
from audit.models import Record
from checkout.models import Basket, Order, RechargeSale, Shift, Till, Void
from checkout.selectors import order_number
from gifts.models import RechargePlan
from members.models import Member
from tests.conftest import make_staff
from tests.factories.shop import full_plan
from tests.factories.stored_value import set_value
from tests.factories.till import CASHIER, allow


@pytest.fixture
def desk(shop, client_for, now):
    """The cashier's browser, bound to the till, at noon."""
    allow(shop.cashier, *CASHIER, "members.add_member")
    client = client_for(shop.cashier)
    client.post("/checkout/till/", {"till": shop.till.pk})
    with time_machine.travel(now, tick=False):
        yield client


def key():
    return {"command_key": str(uuid4())}


def stored(member, now):
    balance = wallet.selectors.get_balance(member_id=member.pk, at=now)
    return balance.principal, balance.bonus


def test_a_shift_is_handed_over_with_its_difference(desk, shop):
    shop.confirm(shop.basket((shop.rice, "1")), ("cash", "100.00"))

    page = desk.get("/checkout/shift/hand-over/").content.decode()
    answer = desk.post("/checkout/shift/hand-over/", {"counted_cash": "259.00"})

    assert "259.90" not in page.split("</form>")[0]
    shift = Shift.objects.get()
    assert answer["Location"] == f"/checkout/shifts/{shift.pk}/"
    assert (shift.expected_cash, shift.counted_cash) == (Decimal("259.90"), Decimal("259.00"))
    assert "−¥0.90" in desk.get(answer["Location"]).content.decode()
    assert desk.get("/checkout/")["Location"] == "/checkout/shift/"
    assert desk.post("/checkout/shift/", {"opening_float": "abc"}).status_code == 422
    assert desk.post("/checkout/shift/", {"opening_float": "-1"}).status_code == 422
    assert Shift.objects.count() == 1
    assert desk.post("/checkout/shift/", {"opening_float": "100"})["Location"] == "/checkout/"
    assert Shift.objects.get(closed_at=None).opening_float == Decimal("100.00")


def test_a_shift_of_another_store_is_not_there(desk, shop, other_store, now):
    till = Till.objects.create(store=other_store, code="1", name="Far till")
    stranger = make_staff("stranger", "cashier", other_store)
    foreign = Shift.objects.create(
        till=till, store=other_store, business_on=now.date(), opened_by=stranger, opened_at=now
    )

    assert desk.get(f"/checkout/shifts/{foreign.pk}/").status_code == 404


def test_tills_are_kept_by_those_who_may(shop, client_for, manager, other_store):
    allow(manager, "checkout.manage_till")
    client = client_for(manager)

    made = client.post(
        "/checkout/tills/new/", {"store": shop.store.pk, "code": "2", "name": "Till 2", "is_active": "on"}
    )
    taken = client.post("/checkout/tills/new/", {"store": shop.store.pk, "code": "2", "name": "Other"})
    foreign = client.post("/checkout/tills/new/", {"store": other_store.pk, "code": "9", "name": "Far"})

    assert made.status_code == 302
    assert (taken.status_code, foreign.status_code) == (422, 422)
    assert list(Till.objects.order_by("code").values_list("code", flat=True)) == ["1", "2"]
    assert "Till 2" in client.get("/checkout/tills/").content.decode()
    till = Till.objects.get(code="2")
    assert client.post(f"/checkout/tills/{till.pk}/", {"code": "2", "name": "Express"}).status_code == 302
    till.refresh_from_db()
    assert (till.name, till.is_active, till.store_id) == ("Express", False, shop.store.pk)
    assert client_for(shop.cashier).get("/checkout/tills/").status_code == 403


def test_a_new_member_is_registered_into_the_sale(desk, shop):
    data = {**key(), "phone": "139 0013 9001", "name": "李雷", "gender": "male", "birth_calendar": "solar"}

    answer = desk.post("/checkout/members/new/", data)
    again = desk.post("/checkout/members/new/", data)

    assert answer["Location"] == again["Location"] == "/checkout/"
    made = Member.objects.get()
    assert (made.name, made.store_id, made.source) == ("李雷", shop.store.pk, "counter")
    assert Basket.objects.get(status="open").member_id == made.pk


def test_a_phone_that_exists_offers_its_member(desk, shop, regular):
    data = {**key(), "phone": "13800138821", "name": "别人", "gender": "unknown", "birth_calendar": "solar"}

    answer = desk.post("/checkout/members/new/", data)

    assert answer.status_code == 422
    assert f'name="member" value="{regular.pk}"' in " ".join(answer.content.decode().split())
    assert Member.objects.count() == 1
    assert Basket.objects.count() == 0


@pytest.mark.parametrize("phone", ["123", "abc", ""])
def test_a_member_without_a_usable_phone_and_name_is_not_registered(desk, shop, phone):
    data = {**key(), "phone": phone, "name": "", "gender": "unknown", "birth_calendar": "solar"}

    assert desk.post("/checkout/members/new/", data).status_code == 422
    assert Member.objects.count() == 0


def test_a_plan_is_sold_once_with_bonus_and_points(desk, shop, regular, now, ledgers_agree):
    plan = RechargePlan.objects.create(
        name="充1000送100", amount=Decimal("1000.00"), bonus=Decimal("100.00"), points=50
    )
    page = desk.get(f"/checkout/recharges/new/?member={regular.pk}").content.decode()
    assert f'value="{plan.pk}:1000.00:1"' in page
    data = {
        **key(),
        "member": regular.pk,
        "plan": f"{plan.pk}:1000.00:1",
        "kind": "cash",
        "received": "1,100",
    }

    answer = desk.post("/checkout/recharges/new/", data)
    again = desk.post("/checkout/recharges/new/", data)

    assert answer["Location"] == again["Location"]
    assert stored(regular, now) == (Decimal("1500.00"), Decimal("150.00"))
    assert points.selectors.get_balance(member_id=regular.pk, at=now).balance == 2050
    receipt = desk.get(answer["Location"]).content.decode()
    assert "¥100.00" in receipt
    assert "¥1,500.00" in receipt
    ledgers_agree()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "abc"},
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": ""},
        {"amount": "100", "received": "50"},
        {"amount": "100", "received": "150", "kind": "card"},
        {"amount": "100", "kind": "wallet"},
        {"amount": "4600"},
        {"plan": "999:100.00"},
        {"plan": "x:1"},
    ],
)
def test_recharges_that_cannot_be_move_nothing(desk, shop, regular, now, wrong):
    data = {**key(), "member": regular.pk, "kind": "cash", **wrong}

    answer = desk.post("/checkout/recharges/new/", data)

    assert answer.status_code == 422
    assert stored(regular, now) == (Decimal("500.00"), Decimal("50.00"))
    assert RechargeSale.objects.count() == 0


def test_a_plan_shows_all_that_comes_with_it_and_its_end_before_paying(desk, shop, regular):
    full_plan(shop, member_limit=1)

    page = desk.get(f"/checkout/recharges/new/?member={regular.pk}").content.decode()

    for text in ("2026-09-14", "满100减10", "购物袋", "30", "100"):
        assert text in page


def test_a_plan_that_a_member_cannot_have_says_why_and_cannot_be_chosen(desk, shop, regular):
    full_plan(shop, is_first_only=True)

    page = " ".join(desk.get(f"/checkout/recharges/new/?member={regular.pk}").content.decode().split())

    assert "recharge-plan is-off" in page
    assert "recharge-refusal" in page


def test_a_free_amount_names_its_plan_first_and_gets_exactly_that(desk, shop, regular, now, ledgers_agree):
    plan = full_plan(shop)
    data = {**key(), "member": regular.pk, "kind": "cash", "amount": "520", "goods_returned": ""}
    shown = desk.post("/checkout/recharges/new/?offer", data).content.decode()
    assert f'value="{plan.pk}:1"' in shown
    assert "2026-09-14" in shown

    refused = desk.post("/checkout/recharges/new/", data)
    assert refused.status_code == 422
    assert f'name="offer" value="{plan.pk}:1"' in refused.content.decode()
    assert stored(regular, now) == (Decimal("500.00"), Decimal("50.00"))

    done = desk.post("/checkout/recharges/new/", {**data, "offer": f"{plan.pk}:1"})
    again = desk.post("/checkout/recharges/new/", {**data, "offer": f"{plan.pk}:1"})
    assert done["Location"] == again["Location"]
    assert stored(regular, now) == (Decimal("1020.00"), Decimal("100.00"))
    ledgers_agree()


def test_the_receipt_has_principal_and_bonus_as_two_lines_gifts_terms_and_balance(desk, shop, regular):
    plan = full_plan(shop)
    answer = desk.post(
        "/checkout/recharges/new/", {**key(), "member": regular.pk, "kind": "cash", "plan": f"{plan.pk}:500.00:1"}
    )

    page = " ".join(desk.get(answer["Location"]).content.decode().split())

    for text in (
        "<dd data-principal>¥500.00</dd>",
        "<dd data-bonus>+¥50.00</dd>",
        "2026-09-14",
        "满100减10</dt><dd>× 2</dd>",
        "购物袋</dt><dd>× 1</dd>",
        "<dd>¥1,000.00</dd>",
        "<dd>¥100.00</dd>",
    ):
        assert text in page
    assert page.count("receipt-note") == 2


def test_the_payer_s_fields_open_where_they_are_needed(desk, shop, regular, now):
    for code in ("wallet.limit_named", "wallet.recharge_limit"):
        set_value(code, "100000.00", now)
    data = {**key(), "member": regular.pk, "kind": "card", "amount": "10000"}

    asked = desk.post("/checkout/recharges/new/", data)
    wrong = desk.post(
        "/checkout/recharges/new/",
        {**data, "payer_name": "王小明", "id_kind": "resident_id", "id_number": "110105194912310021"},
    )
    assert (asked.status_code, wrong.status_code) == (422, 422)
    assert "payer_name" in asked.context["form"].errors
    assert '<details class="recharge-payer" open>' in asked.content.decode()
    assert "id_number" in wrong.context["form"].errors
    assert RechargeSale.objects.count() == 0

    done = desk.post(
        "/checkout/recharges/new/",
        {**data, "payer_name": "王小明", "id_kind": "resident_id", "id_number": "11010519491231002x"},
    )
    assert done.status_code == 302
    assert "11010519491231002" not in desk.get(done["Location"]).content.decode()


def test_the_split_of_a_payment_is_shown_before_paying_and_is_what_is_taken(desk, shop, regular, now):
    basket = shop.basket((shop.milk, "1"), member=regular)

    page = desk.get("/checkout/sale/wallet-split/?amount=49.80").content.decode()
    nothing = desk.get("/checkout/sale/wallet-split/?amount=abc").content.decode()

    assert "¥45.27" in page
    assert "¥4.53" in page
    assert "赠金部分不计积分" in page
    assert nothing.strip() == ""
    shop.confirm(basket, ("wallet", "49.80"))
    assert stored(regular, now) == (Decimal("454.73"), Decimal("45.47"))


def test_an_order_page_and_receipt_say_what_can_be_invoiced(desk, shop, regular):
    order = sold(shop, regular, ("wallet", "20.00"), ("cash", "39.90"))

    page = desk.get(f"/checkout/orders/{order.pk}/").content.decode()
    receipt = desk.get(f"/checkout/orders/{order.pk}/receipt/").content.decode()

    assert "¥39.90" in page
    assert "<dd data-invoiceable>¥39.90</dd>" in receipt
    assert "receipt-note" in receipt


def test_a_recharge_is_undone_by_those_who_may(desk, shop, regular, now, ledgers_agree):
    answer = desk.post("/checkout/recharges/new/", {**key(), "member": regular.pk, "kind": "cash", "amount": "200"})
    path = answer["Location"]
    assert desk.post(f"{path}void/", {**key(), "reason": "wrong member"}).status_code == 403
    allow(shop.cashier, "checkout.void_order")

    assert desk.post(f"{path}void/", {**key(), "reason": ""}).status_code == 422
    assert stored(regular, now) == (Decimal("700.00"), Decimal("50.00"))
    assert desk.post(f"{path}void/", {**key(), "reason": "wrong member"}).status_code == 302
    assert stored(regular, now) == (Decimal("500.00"), Decimal("50.00"))
    ledgers_agree()


def test_the_member_of_a_recharge_is_found_here_too(desk, shop, regular):
    page = desk.get("/checkout/recharges/new/?q=8821").content.decode()

    assert f"?member={regular.pk}" in page
    assert "13800138821" not in page


def sold(shop, member=None, *tenders):
    return Order.objects.get(
        pk=shop.confirm(shop.basket((shop.rice, "1"), member=member), *(tenders or [("cash", "59.90")]))
    )


def test_orders_are_listed_found_and_seen_by_their_store_only(desk, shop, regular, other_store, client_for):
    order = sold(shop, regular)
    number = order_number(order.pk, order.business_on)
    stranger = make_staff("stranger", "cashier", other_store)
    allow(stranger, *CASHIER)
    other = client_for(stranger)

    for query in ("", f"?q={number}", "?q=59.90", "?q=8821", "?status=sold", "?since=2026-3-18&until=3/18"):
        assert number in desk.get(f"/checkout/orders/{query}").content.decode(), query
    for query in ("?q=1.00", "?q=9999", "?status=voided", "?since=2026-3-19"):
        assert number not in desk.get(f"/checkout/orders/{query}").content.decode(), query
    assert f"/orders/{order.pk}/" not in other.get(f"/checkout/orders/?q={number}").content.decode()
    for path in ("", "receipt/", "done/"):
        assert desk.get(f"/checkout/orders/{order.pk}/{path}").status_code == 200
        assert other.get(f"/checkout/orders/{order.pk}/{path}").status_code == 404
    assert number in desk.get(f"/checkout/members/{regular.pk}/orders/").content.decode()
    assert number not in other.get(f"/checkout/members/{regular.pk}/orders/").content.decode()


def test_a_scanned_receipt_opens_its_order(desk, shop):
    order = sold(shop)

    answer = desk.post(
        "/checkout/sale/scans/", {"text": order_number(order.pk, order.business_on)}, HTTP_HX_REQUEST="true"
    )

    assert answer["HX-Redirect"] == f"/checkout/orders/{order.pk}/"


def test_the_list_answers_page_and_fragment(desk, shop):
    sold(shop)
    plain = desk.get("/checkout/orders/")
    part = desk.get("/checkout/orders/", HTTP_HX_REQUEST="true")
    boosted = desk.get("/checkout/orders/", HTTP_HX_REQUEST="true", HTTP_HX_BOOSTED="true")

    assert "<html" in plain.content.decode()
    assert "<html" not in part.content.decode()
    assert "<html" in boosted.content.decode()
    assert "HX-Request" in part["Vary"]


def test_an_order_page_shows_where_each_discount_went(desk, shop, regular):
    order_id = shop.confirm(shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular), ("cash", "149.50"))

    page = desk.get(f"/checkout/orders/{order_id}/").content.decode()

    for part in ("−3.76", "−6.24", "−10.00", "56.14", "93.36"):
        assert part in page
    assert "void-dialog" not in page


def test_a_void_needs_the_right_and_a_reason(desk, shop, regular, now, ledgers_agree):
    order = sold(shop, regular, ("wallet", "59.90"))
    path = f"/checkout/orders/{order.pk}/void/"
    paid = stored(regular, now)

    assert desk.post(path, {**key(), "reason": "wrong customer"}).status_code == 403
    allow(shop.cashier, "checkout.void_order")
    assert desk.post(path, {**key(), "reason": " "}).status_code == 422
    assert Void.objects.count() == 0
    assert stored(regular, now) == paid
    assert desk.post(path, {**key(), "reason": "wrong customer"}).status_code == 302

    assert stored(regular, now) == (Decimal("500.00"), Decimal("50.00"))
    assert "wrong customer" in desk.get(f"/checkout/orders/{order.pk}/").content.decode()
    again = desk.post(path, {**key(), "reason": "once more"})
    assert again.status_code == 422
    assert Void.objects.count() == 1
    ledgers_agree()


def test_orders_are_downloaded_as_listed_and_that_is_recorded(desk, shop, regular):
    sold(shop, regular)
    sold(shop)
    assert desk.post("/checkout/orders/export/").status_code == 403
    allow(shop.cashier, "checkout.export_order")

    answer = desk.post("/checkout/orders/export/?q=8821")

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 3
    assert rows[1][8] == "138****8821"
    assert rows[1][12] == pytest.approx(59.90)
    record = Record.objects.get(action="order.exported")
    assert record.data["count"] == 1


def test_the_list_costs_the_same_for_any_length(desk, shop, regular, django_assert_num_queries):
    for _number in range(3):
        sold(shop, regular)
    desk.get("/checkout/orders/")

    with django_assert_num_queries(8):
        desk.get("/checkout/orders/", HTTP_HX_REQUEST="true")
