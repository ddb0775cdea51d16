"""The member's PIN in a real browser: typed on keys and on the pad, locked, removed, chosen anew."""

from decimal import Decimal

import pytest

from checkout.models import Order
from members import services
from members.models import Pin
from stores.services import change_setting
from tests.factories.shop import product
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db(transaction=True)

TEA = "6925303721367"
PIN, OTHER = "271828", "314159"


@pytest.fixture
def till(shop, regular, owner, now, screen_for):
    """The till with a member on the sale, 123.45 to pay of which 100 a day are free of the PIN."""
    product("TEA", "123.45", TEA, name="明前龙井 250g")
    change_setting(code="wallet.no_pin_limit", value=Decimal("100.00"), effective_at=now, actor=owner, at=now)

    def build(**options):
        allow(shop.cashier, *CASHIER, "members.view_member", "members.set_pin")
        screen = screen_for(shop.cashier, till=shop.till.pk, **options)
        start(screen)
        return screen

    return build


def start(screen):
    page = screen.page
    screen.open("/checkout/")
    page.wait_for_selector("html[data-ready=till]")
    page.keyboard.type(TEA)
    page.keyboard.press("Enter")
    page.wait_for_selector("tr[data-line]:has-text('明前龙井')")
    page.keyboard.type("8821")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    # The coupon is not what this is about.
    page.keyboard.press("F8")
    page.wait_for_selector("#coupons-dialog[open]")
    page.click("#coupons-dialog button:has(kbd:text-is('0'))")
    page.wait_for_selector("[data-due]:has-text('123.45')")


def pay(page):
    page.keyboard.press("Alt+Digit1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#pin-dialog[open]")


def refused(page, text):
    page.wait_for_selector(f"[data-pin-message]:has-text('{text}')")
    assert page.input_value("[data-pin-input]") == ""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("size", [(1366, 768), (1024, 768)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_pin_is_typed_by_keys_alone_and_shown_nowhere(till, shop, regular, now, size, language):
    services.set_pin(member_id=regular.pk, pin=PIN, actor=shop.cashier, at=now)
    screen = till(size=size, language=language)
    page = screen.page
    name = f"{size[0]}-{language}"
    bodies = []
    page.on("request", lambda request: bodies.append((request.url, request.post_data or "")))

    pay(page)
    screen.picture(f"pin-{name}")
    assert screen.violations() == []
    assert page.get_attribute("[data-pin-input]", "type") == "password"
    # As fast as a scanner: no digit of it may reach the box.
    page.keyboard.type(PIN)
    page.wait_for_selector("[data-done]")

    assert Order.objects.get().payable == Decimal("123.45")
    assert [url.rsplit("/", 2)[1] for url, body in bodies if PIN in body] == ["pin-proofs"]
    assert PIN not in page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    assert screen.violations() == []


def test_the_pad_takes_fingers_and_forgives_them(till, shop, regular, now):
    services.set_pin(member_id=regular.pk, pin=PIN, actor=shop.cashier, at=now)
    screen = till(size=(1024, 768))
    page = screen.page
    pay(page)

    for digit in "279":
        page.click(f"[data-pin-key='{digit}']")
    page.click("[data-pin-key=erase]")
    for digit in PIN[2:]:
        page.click(f"[data-pin-key='{digit}']")

    page.wait_for_selector("[data-done]")
    assert Order.objects.count() == 1


def test_back_from_the_pad_charges_nothing_and_keeps_what_was_typed(till, shop, regular, now):
    services.set_pin(member_id=regular.pk, pin=PIN, actor=shop.cashier, at=now)
    page = till().page
    pay(page)
    page.keyboard.type("27")

    page.keyboard.press("Escape")

    page.wait_for_selector("#pin-dialog[open]", state="detached")
    assert page.input_value("input[name=wallet]") == "123.45"
    assert page.input_value("#box") == ""
    assert Order.objects.count() == 0
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#pin-dialog[open]")
    page.keyboard.type(PIN)
    page.wait_for_selector("[data-done]")


def test_five_wrong_pins_lock_a_manager_removes_the_pin_and_a_new_one_pays(
    till, shop, regular, manager, now, screen_for, ledgers_agree
):
    services.set_pin(member_id=regular.pk, pin=PIN, actor=shop.cashier, at=now)
    screen = till()
    page = screen.page
    pay(page)
    for _try in range(5):
        page.keyboard.type(OTHER)
        refused(page, "The PIN is not right.")
        page.evaluate("document.querySelector('[data-pin-text]').textContent = ''")
    page.keyboard.type(PIN)
    refused(page, "Too many wrong PINs")
    screen.picture("pin-locked")
    assert screen.violations() == []
    assert Order.objects.count() == 0

    allow(manager, "members.view_member", "members.reset_pin", "members.set_pin", "members.view_card")
    office = screen_for(manager)
    office.open(f"/members/{regular.pk}/")
    office.page.click("summary:has-text('More')")
    office.picture("member-actions")
    office.page.click("a:has-text('Remove the PIN')")
    office.page.check("input[name=id_shown]")
    office.page.fill("[name=reason]", "forgotten")
    office.picture("pin-removal")
    assert office.violations() == []
    office.page.click("button:has-text('Remove the PIN')")
    office.page.wait_for_selector("text=The PIN is removed.")
    assert Pin.objects.count() == 0

    page.keyboard.press("Escape")
    page.wait_for_selector("#pin-dialog[open]", state="detached")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#pin-dialog[open] [name=pin_again]")
    screen.picture("pin-new")
    assert screen.violations() == []
    page.keyboard.type("123456")
    page.keyboard.type("123456")
    refused(page, "too easy to guess")
    page.keyboard.type(OTHER)
    page.keyboard.type(OTHER)

    page.wait_for_selector("[data-done]")
    assert Order.objects.get().payable == Decimal("123.45")
    assert [one for one in screen.complaints if "422" not in one and "409" not in one] == []
    ledgers_agree()
