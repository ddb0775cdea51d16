"""Whole sales by keyboard alone in a real browser, to the exact figures."""

from decimal import Decimal

import pytest

import points.selectors
import wallet.selectors
from checkout.models import Order
from tests.browser.steps import scan, scan_anywhere
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db(transaction=True)

RICE, MILK = "6901234567892", "6907992100012"
SIZES = [(1366, 768), (1024, 768)]


@pytest.fixture
def till(shop, screen_for):
    def build(**options):
        allow(
            shop.cashier,
            *CASHIER,
            "members.add_member",
            "members.view_member",
            "points.view_entry",
            "wallet.view_entry",
        )
        screen = screen_for(shop.cashier, till=shop.till.pk, **options)
        screen.open("/checkout/")
        screen.page.wait_for_selector("html[data-ready=till]")
        return screen

    return build


def line(page, name, quantity):
    page.wait_for_selector(f"tr[data-line]:has-text('{name}') .sale-quantity:text-is('{quantity}')")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_sale_with_everything_takes_six_interactions_after_the_goods(
    till, shop, regular, now, ledgers_agree, size, language
):
    screen = till(size=size, language=language)
    page = screen.page
    name = f"{size[0]}-{language}"
    screen.picture(f"empty-{name}")
    for code in (RICE, MILK, MILK):
        scan(page, code)
    line(page, "纯牛奶", 2)
    interactions = 0

    # 1 the member by the end of the phone number; the best coupon is taken
    scan(page, "8821")
    interactions += 1
    page.wait_for_selector(".sale-member:has-text('王小明')")
    screen.picture(f"member-{name}")
    assert page.inner_text("[data-due]") == "¥149.50"
    # 2 as many points as possible
    page.keyboard.press("F7")
    interactions += 1
    page.wait_for_selector("[data-due]:has-text('129.50')")
    # 3 and 4 typed: so much from stored value
    page.keyboard.press("Alt+Digit1")
    interactions += 1
    assert page.input_value("input[name=wallet]") == "129.50"
    page.fill("input[name=wallet]", "100")
    interactions += 1
    # 5 the rest in cash
    page.keyboard.press("Alt+Digit2")
    interactions += 1
    assert page.input_value("input[name=cash]") == "29.50"
    screen.picture(f"tenders-{name}")
    assert screen.violations() == []
    # 6 pay
    page.keyboard.press("Control+Enter")
    interactions += 1
    page.wait_for_selector("[data-done]")

    assert interactions <= 6
    screen.picture(f"done-{name}")
    order = Order.objects.get()
    assert page.url.endswith(f"/checkout/orders/{order.pk}/done/")
    assert page.inner_text("[data-change]") == "¥0.00"
    assert (order.list_total, order.payable, order.points_used) == (Decimal("159.50"), Decimal("129.50"), 2000)
    balance = points.selectors.get_balance(member_id=regular.pk, at=now)
    stored = wallet.selectors.get_balance(member_id=regular.pk, at=now)
    assert (balance.balance, stored.principal, stored.bonus) == (120, Decimal("409.10"), Decimal("40.90"))
    assert screen.violations() == []

    screen.open(f"/checkout/orders/{order.pk}/receipt/")
    assert page.inner_text("[data-total]") == "¥129.50"
    assert page.inner_text("[data-invoiceable]") == "¥29.50"
    screen.picture(f"receipt-{name}")
    assert screen.violations() == []
    assert screen.complaints == []
    ledgers_agree()


def test_the_next_customer_begins_by_scanning(till, shop):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    page.keyboard.press("Alt+Digit2")
    # The amount is selected: what is typed replaces it, and the change is shown before anything is paid.
    page.keyboard.type("100")
    assert "40.10" in page.inner_text("[data-rest]")
    page.keyboard.press("NumpadAdd")
    page.wait_for_selector("[data-done]")
    assert page.inner_text("[data-change]") == "¥40.10"

    scan(page, MILK)

    line(page, "纯牛奶", 1)
    assert page.url.endswith("/checkout/")
    page.keyboard.press("Alt+Digit3")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-done]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-done]", state="detached")
    assert [order.payable for order in Order.objects.order_by("pk")] == [Decimal("59.90"), Decimal("49.80")]
    assert screen.complaints == []


def test_plain_enter_never_pays(till):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    page.keyboard.press("Alt+Digit2")

    page.keyboard.press("Enter")
    page.focus("[data-pay]")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    page.wait_for_timeout(300)
    assert Order.objects.count() == 0


def test_a_scanner_works_wherever_the_focus_is(till):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    page.keyboard.press("Alt+Digit2")
    assert page.evaluate("document.activeElement.name") == "cash"

    scan_anywhere(page, MILK)
    line(page, "纯牛奶", 1)
    page.keyboard.press("F9")
    page.wait_for_selector("dialog[open]")
    scan_anywhere(page, MILK)

    line(page, "纯牛奶", 2)
    assert page.query_selector("dialog[open]") is None
    assert screen.complaints == []


def test_lines_are_changed_by_keys(till, shop):
    screen = till()
    page = screen.page
    for code in (RICE, MILK):
        scan(page, code)
    line(page, "纯牛奶", 1)

    page.keyboard.press("ArrowUp")
    scan(page, "5*")
    line(page, "五常大米", 5)
    page.click("tr.is-current button[name=quantity] >> nth=1")
    line(page, "五常大米", 6)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    page.wait_for_selector("tr[data-line]:has-text('纯牛奶')", state="detached")
    scan(page, "6999999999999")
    page.wait_for_selector("[data-notice]")

    assert page.input_value("#box") == "6999999999999"
    assert page.evaluate("getSelection().toString()") == "6999999999999"
    scan(page, f"3*{MILK}")
    line(page, "纯牛奶", 3)


def test_f4_puts_aside_and_takes_back(till):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)

    page.keyboard.press("F4")
    page.wait_for_selector("tr[data-line]", state="detached")
    assert page.inner_text("[data-held-count]") == "1"
    page.keyboard.press("F4")
    page.wait_for_selector("[data-picks]")
    page.keyboard.press("1")

    line(page, "五常大米", 1)
    assert page.inner_text("[data-held-count]") == "0"


def test_a_double_click_sells_once(till):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    page.keyboard.press("Alt+Digit3")

    page.dblclick("[data-pay]")

    page.wait_for_selector("[data-done]")
    assert Order.objects.count() == 1


def test_a_lost_answer_is_asked_for_again_with_the_same_key(till):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    page.keyboard.press("Alt+Digit3")
    bodies = []

    def lose_the_answer(route):
        bodies.append(route.request.post_data)
        if len(bodies) == 1:
            # The server sells, but the browser never hears of it.
            route.fetch(max_redirects=0)
            route.abort()
        elif len(bodies) == 2:
            route.abort()
        else:
            route.continue_()

    page.route("**/confirmation/", lose_the_answer)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".till-online.is-off")
    assert page.query_selector("[data-done]") is None
    page.wait_for_selector("[data-done]")

    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    assert Order.objects.count() == 1
    assert page.evaluate("sessionStorage.getItem('till-pending')") is None


def test_a_payment_survives_a_reload_of_the_page(till):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    page.keyboard.press("Alt+Digit3")
    page.route("**/confirmation/", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".till-online.is-off")

    page.unroute("**/confirmation/")
    page.reload()

    page.wait_for_selector("[data-done]")
    assert Order.objects.count() == 1


def test_a_changed_price_is_accepted_by_key(till, shop):
    screen = till()
    page = screen.page
    scan(page, RICE)
    line(page, "五常大米", 1)
    shop.rice.list_price = Decimal("65.00")
    shop.rice.save()
    page.keyboard.press("Alt+Digit3")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-accept]")
    screen.picture("changed")
    assert Order.objects.count() == 0
    assert screen.violations() == []

    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-accept]", state="detached")
    page.keyboard.press("Alt+Digit3")
    page.keyboard.press("Control+Enter")

    page.wait_for_selector("[data-done]")
    assert Order.objects.get().payable == Decimal("65.00")


def test_the_new_balances_stand_on_the_member_page(till, shop, regular):
    screen = till()
    page = screen.page
    scan(page, RICE)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    page.keyboard.press("Alt+Digit1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-done]")
    order = Order.objects.get()

    assert order.payable == Decimal("59.90")
    # 59.90 of 500.00 + 50.00 in proportion: 54.45 + 5.45; what was not bonus earns.
    assert (order.wallet_principal, order.wallet_bonus, order.points_earned) == (
        Decimal("54.45"),
        Decimal("5.45"),
        54,
    )
    screen.open(f"/members/{regular.pk}/")
    for figure in ("¥445.55", "¥44.55", "2,054", "¥59.90"):
        page.wait_for_selector(f"main >> text={figure}")
    assert screen.complaints == []
