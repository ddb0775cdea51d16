"""The checkout screen over HTTP: the box, the lines, the member, paying, and every refusal with nothing moved."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

import coupons.selectors
import points.selectors
import wallet.selectors
from checkout import services
from checkout.models import Basket, Order, Till
from members.services import freeze_member
from tests.conftest import make_staff
from tests.factories.catalog import create_product
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.till import CASHIER, allow

FRAGMENT = {"HTTP_HX_REQUEST": "true"}
RICE, MILK = "6901234567892", "6907992100012"


@pytest.fixture
def desk(shop, client_for, now):
    """The cashier's browser, bound to the till, at noon."""
    allow(shop.cashier, *CASHIER)
    client = client_for(shop.cashier)
    client.post("/checkout/till/", {"till": shop.till.pk})
    with time_machine.travel(now, tick=False):
        yield client


def post(client, path, data=None, **extra):
    return client.post(f"/checkout/{path}", data or {}, **FRAGMENT, **extra)


def scan(client, text, **data):
    return post(client, "sale/scans/", {"text": text, **data})


def basket_of(shop):
    return Basket.objects.get(till=shop.till, status="open")


def words(response):
    """The answer with every run of white space as one blank."""
    return " ".join(response.content.decode().split())


def hidden(response):
    text = words(response)
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', text)[1] for name in ("command_key", "basket", "fingerprint")
    }


def confirm(client, shown, **tenders):
    return post(client, "sale/confirmation/", {**shown, **tenders})


def everything(regular, now):
    p = points.selectors.get_balance(member_id=regular.pk, at=now)
    w = wallet.selectors.get_balance(member_id=regular.pk, at=now)
    return p.balance, w.principal, w.bonus, Order.objects.count()


def test_the_screen_asks_for_a_till_and_then_for_a_shift(shop, client_for, now):
    allow(shop.cashier, "checkout.use_checkout")
    client = client_for(shop.cashier)

    assert client.get("/checkout/")["Location"] == "/checkout/till/"
    assert client.post("/checkout/till/", {"till": shop.till.pk})["Location"] == "/checkout/"
    assert client.get("/checkout/").status_code == 200
    services.close_shift(shift_id=shop.shift.pk, counted_cash=Decimal(200), actor=shop.cashier, at=now)
    assert client.get("/checkout/")["Location"] == "/checkout/shift/"
    answer = scan(client, RICE)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/checkout/shift/")


def test_a_till_of_another_store_is_not_there(shop, client_for, other_store):
    foreign = Till.objects.create(store=other_store, code="1", name="Far till")
    allow(shop.cashier, "checkout.use_checkout")
    client = client_for(shop.cashier)

    assert client.post("/checkout/till/", {"till": foreign.pk}).status_code == 404
    assert "Far till" not in client.get("/checkout/till/").content.decode()


def test_without_the_right_there_is_no_checkout(shop, client_for):
    client = client_for(make_staff("marketer", "marketer", shop.store))

    assert client.get("/checkout/").status_code == 403
    assert scan(client, RICE).status_code == 403
    assert Basket.objects.count() == 0


def test_looking_at_the_screen_writes_nothing(desk):
    assert desk.get("/checkout/").status_code == 200
    assert Basket.objects.count() == 0


def test_a_scanned_bar_code_is_added_at_once(desk, shop):
    answer = scan(desk, RICE)

    assert answer.status_code == 200
    assert basket_of(shop).lines == [[shop.rice.pk, "1"]]
    text = answer.content.decode()
    assert "五常大米 5kg" in text
    assert "<html" not in text
    assert hidden(answer)["fingerprint"] == basket_of(shop).fingerprint


@pytest.mark.parametrize(
    ("typed", "quantity"), [(f"3*{RICE}", "3"), (f"12×{RICE}", "12"), (f" 2 * {RICE} ", "2"), (f"２*{RICE}", "2")]
)
def test_a_quantity_in_front_of_a_code(desk, shop, typed, quantity):
    assert scan(desk, typed).status_code == 200
    assert basket_of(shop).lines == [[shop.rice.pk, quantity]]


def test_a_quantity_alone_sets_the_current_line(desk, shop):
    scan(desk, RICE)
    scan(desk, MILK)

    assert scan(desk, "5*", current=str(shop.rice.pk)).status_code == 200
    assert basket_of(shop).lines == [[shop.rice.pk, "5"], [shop.milk.pk, "1"]]


@pytest.mark.parametrize("separator", ["\n", " ", "\r\n"])
def test_a_collector_sends_many_codes_at_once(desk, shop, separator):
    answer = scan(desk, separator.join([RICE, f"2*{MILK}", RICE]))

    assert answer.status_code == 200
    assert basket_of(shop).lines == [[shop.rice.pk, "2"], [shop.milk.pk, "2"]]


@pytest.mark.parametrize("bad", ["9999999999999", f"0*{RICE}", f"-1*{RICE}", f"1e9*{RICE}", f"1.5*{RICE}"])
def test_of_many_codes_all_or_none_are_added(desk, shop, bad):
    scan(desk, MILK)

    answer = scan(desk, f"{RICE}\n{bad}")

    assert answer.status_code == 422
    assert basket_of(shop).lines == [[shop.milk.pk, "1"]]


@pytest.mark.parametrize("bad", ["0*", "-1*", "1e9*", "100000*", "1.2345*", "1.5*", "abc", "6999999999999"])
def test_what_cannot_be_is_refused_in_words_and_nothing_moves(desk, shop, bad):
    scan(desk, RICE)
    before = basket_of(shop)

    answer = scan(desk, bad, current=str(shop.rice.pk))

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert (basket_of(shop).lines, basket_of(shop).fingerprint) == (before.lines, before.fingerprint)


def test_a_phone_tail_attaches_the_member(desk, shop, regular):
    scan(desk, RICE)

    answer = scan(desk, "8821")

    assert basket_of(shop).member_id == regular.pk
    text = answer.content.decode()
    assert "王小明" in text
    assert "138****8821" in text
    assert "13800138821" not in text


def test_several_hits_are_a_list_and_nothing_is_chosen(desk, shop):
    create_product(name="绿茶 500ml")
    second = create_product(name="绿茶 1L")

    answer = scan(desk, "2*lvcha")

    assert answer.status_code == 200
    text = answer.content.decode()
    assert "data-picks" in text
    assert "绿茶 1L" in text
    assert Basket.objects.count() == 0
    post(desk, "sale/scans/", {"product": second.pk, "quantity": "2"})
    assert basket_of(shop).lines == [[second.pk, "2"]]


def test_a_frozen_member_is_refused_and_the_sale_stays_walk_in(desk, shop, regular, now):
    scan(desk, RICE)
    freeze_member(member_id=regular.pk, reason="lost card", actor=shop.cashier, at=now, store=shop.store)

    answer = scan(desk, "8821")

    assert answer.status_code == 422
    assert "王小明" in answer.content.decode()
    assert basket_of(shop).member_id is None


def test_an_unusable_coupon_is_refused_and_the_best_one_stays(desk, shop, regular, now):
    terms = coupons.selectors.list_usable_terms(member_id=regular.pk, at=now)[0]
    scan(desk, RICE)

    answer = scan(desk, terms.code)

    assert answer.status_code == 422
    assert terms.name in answer.content.decode()
    assert basket_of(shop).coupon_ids == []
    assert basket_of(shop).use_coupon is True


def test_ids_of_nothing_are_refused_and_nothing_moves(desk, shop, regular):
    scan(desk, RICE)
    before = basket_of(shop)

    for path, data in (
        ("sale/scans/", {"member": "999999999"}),
        ("sale/scans/", {"product": "999999999"}),
        ("sale/scans/", {"product": "x"}),
        ("sale/coupon/", {"choice": "one", "coupon": "999999999"}),
        ("sale/coupon/", {"choice": "nonsense"}),
        ("sale/points/", {"points": "100"}),
        ("sale/points/", {"most": "on"}),
        ("sale/points/", {"points": "-1"}),
        ("sale/quantity/", {"current": "999999999", "quantity": "2"}),
        ("held/resumption/", {"basket": "nonsense"}),
    ):
        answer = post(desk, path, data)
        assert answer.status_code == 422, (path, data)
    assert post(desk, "held/resumption/", {"basket": str(uuid4())}).status_code == 409

    after = basket_of(shop)
    assert (after.lines, after.member_id, after.fingerprint) == (before.lines, None, before.fingerprint)


def test_a_coupon_that_pays_all_needs_no_tender(desk, shop, regular, now, ledgers_agree):
    gift = issue_coupon(create_template(at=now, amount=Decimal(100), threshold=Decimal(0)), None, at=now)
    scan(desk, RICE)
    shown = hidden(scan(desk, gift.code))

    assert confirm(desk, shown).status_code == 303

    order = Order.objects.get()
    assert (order.payable, order.list_total) == (Decimal("0.00"), Decimal("59.90"))
    ledgers_agree()


def test_lines_are_removed_and_the_next_one_is_current(desk, shop):
    scan(desk, f"{RICE}\n{MILK}\nBAG")

    answer = post(desk, "sale/line-removal/", {"current": shop.milk.pk})

    assert basket_of(shop).lines == [[shop.rice.pk, "1"], [shop.bag.pk, "1"]]
    assert f'data-line="{shop.bag.pk}" class="is-current"' in answer.content.decode()


def test_a_whole_sale_with_coupon_points_wallet_and_cash(desk, shop, regular, now, ledgers_agree):
    scan(desk, f"{RICE}\n2*{MILK}")
    scan(desk, "8821")
    shown = post(desk, "sale/points/", {"most": "on"})

    answer = confirm(desk, hidden(shown), wallet="100.00", cash="100")

    # 59.90 + 99.60 - 10.00 coupon - 20.00 points = 129.50
    order = Order.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == f"/checkout/orders/{order.pk}/done/"
    assert (order.payable, order.points_used) == (Decimal("129.50"), 2000)
    assert everything(regular, now) == (order.points_earned, Decimal("409.10"), Decimal("40.90"), 1)
    done = desk.get(answer["Location"], **FRAGMENT).content.decode()
    assert "¥70.50" in done
    receipt = desk.get(f"/checkout/orders/{order.pk}/receipt/").content.decode()
    assert "data-invoiceable>¥29.50<" in receipt
    ledgers_agree()


def test_the_same_key_sells_once_and_answers_the_same(desk, shop, regular, now):
    scan(desk, RICE)
    shown = hidden(scan(desk, "8821"))

    first = confirm(desk, shown, cash="60")
    second = confirm(desk, shown, cash="60")

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    "tenders",
    [
        {},
        {"cash": "abc"},
        {"cash": "10"},
        {"cash": "-59.90"},
        {"cash": "59.901"},
        {"wechat": "60.00"},
        {"wallet": "9999"},
        {"cash": "1e9"},
    ],
)
def test_payments_that_cannot_be_keep_what_was_typed_and_move_nothing(desk, shop, regular, now, tenders):
    scan(desk, RICE)
    shown = hidden(scan(desk, "8821"))
    before = everything(regular, now)

    answer = confirm(desk, shown, **tenders)

    assert answer.status_code == 422
    text = words(answer)
    assert 'role="alert"' in text
    for kind, typed in tenders.items():
        assert f'name="{kind}" value="{typed}"' in text
    assert everything(regular, now) == before
    assert hidden(answer)["command_key"] != shown["command_key"]


def test_a_changed_price_is_shown_and_accepted_before_anything_is_charged(desk, shop, regular, now):
    scan(desk, RICE)
    shown = hidden(scan(desk, "8821"))
    shop.rice.list_price = Decimal("65.00")
    shop.rice.save()
    before = everything(regular, now)

    answer = confirm(desk, shown, cash="59.90")

    assert answer.status_code == 409
    text = answer.content.decode()
    assert "<s>59.90</s>" in text
    assert "<b>65.00</b>" in text
    assert 'name="command_key"' not in text
    assert everything(regular, now) == before
    accepted = post(desk, "sale/quotes/")
    assert confirm(desk, hidden(accepted), cash="65").status_code == 303
    assert Order.objects.get().payable == Decimal("65.00")


def test_an_expired_coupon_at_the_confirmation_is_a_changed_price(desk, shop, regular, now):
    scan(desk, f"2*{RICE}")
    shown = hidden(scan(desk, "8821"))
    before = everything(regular, now)

    with time_machine.travel(now + timedelta(days=500), tick=False):
        desk.force_login(shop.cashier, backend="django.contrib.auth.backends.ModelBackend")
        desk.post("/checkout/till/", {"till": shop.till.pk})
        answer = confirm(desk, shown, cash="109.80")

    assert answer.status_code == 409
    assert everything(regular, now) == before


def test_a_sale_of_another_store_cannot_be_confirmed(desk, shop, other_store, now):
    stranger = make_staff("stranger", "cashier", other_store)
    till = Till.objects.create(store=other_store, code="9", name="Far till")
    basket = services.open_basket(till=till, actor=stranger, at=now)
    basket, _quote = services.add_product(basket_id=basket.pk, product_id=shop.rice.pk, quantity=Decimal(1), at=now)

    answer = confirm(
        desk, {"command_key": str(uuid4()), "basket": str(basket.pk), "fingerprint": basket.fingerprint}, cash="60"
    )

    assert answer.status_code == 404
    assert Order.objects.count() == 0


def test_a_sale_is_put_aside_and_taken_back(desk, shop):
    scan(desk, RICE)
    held = basket_of(shop)

    post(desk, "held/new/")
    assert not Basket.objects.filter(status="open").exists()
    assert str(held.pk) in desk.get("/checkout/held/", **FRAGMENT).content.decode()
    answer = post(desk, "held/resumption/", {"basket": str(held.pk)})

    assert answer.status_code == 200
    assert basket_of(shop).pk == held.pk
    assert "五常大米 5kg" in answer.content.decode()


def test_a_sale_is_given_up(desk, shop):
    scan(desk, RICE)

    answer = post(desk, "sale/removal/")

    assert answer.status_code == 200
    assert Basket.objects.get().status == "dropped"


def test_without_javascript_posts_lead_back_to_the_screen(desk, shop):
    answer = desk.post("/checkout/sale/scans/", {"text": RICE})

    assert (answer.status_code, answer["Location"]) == (302, "/checkout/")
    page = desk.get("/checkout/").content.decode()
    assert "五常大米 5kg" in page
    refused = desk.post("/checkout/sale/scans/", {"text": "6999999999999"})
    assert refused.status_code == 422
    assert "<html" in refused.content.decode()


def statements(captured):
    return [one["sql"] for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]


def test_a_scan_costs_few_statements_however_long_the_sale(desk, shop, regular):
    for number in range(20):
        scan(desk, create_product(name=f"茶 {number}").sku)
    with CaptureQueriesContext(connection) as walk_in:
        scan(desk, RICE)
    plain = statements(walk_in)
    scan(desk, "8821")
    with CaptureQueriesContext(connection) as with_member:
        scan(desk, MILK)
    known = statements(with_member)

    # A known member costs the rules of points and the count passes that could pay, one statement each.
    assert (len(plain), len(known)) == (10, 16)


def test_a_confirmation_costs_few_statements(desk, shop, regular):
    scan(desk, f"{RICE}\n2*{MILK}")
    scan(desk, "8821")
    shown = hidden(post(desk, "sale/points/", {"most": "on"}))

    with CaptureQueriesContext(connection) as captured:
        assert confirm(desk, shown, wallet="100.00", cash="29.50").status_code == 303

    assert len(statements(captured)) <= 45
