"""What stands around the sale, in a real browser: choices, registration, recharges, orders, hand-over."""

from decimal import Decimal

import pytest

import wallet.selectors
from checkout.models import Order, Shift
from gifts.models import RechargePlan
from members.models import Member
from tests.browser.steps import scan
from tests.factories.catalog import create_product
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db(transaction=True)

RICE, MILK = "6901234567892", "6907992100012"
LOOKS = [((1366, 768), "zh-hans"), ((1024, 768), "en")]
each_look = pytest.mark.parametrize(("size", "language"), LOOKS, ids=["desktop-zh", "tablet-en"])
RIGHTS = (
    *CASHIER,
    "checkout.void_order",
    "checkout.export_order",
    "checkout.manage_till",
    "members.add_member",
    "members.view_member",
    "points.view_entry",
    "wallet.view_entry",
)


@pytest.fixture
def desk(shop, screen_for):
    def build(**options):
        allow(shop.cashier, *RIGHTS)
        return screen_for(shop.cashier, till=shop.till.pk, **options)

    return build


def ready(screen):
    screen.open("/checkout/")
    screen.page.wait_for_selector("html[data-ready=till]")


def fine(screen, name):
    """Nothing to complain about, and a picture of it."""
    screen.picture(name)
    assert screen.violations() == []
    assert screen.complaints == []


@each_look
def test_one_of_several_hits_is_chosen_by_keys(desk, shop, size, language):
    for number in range(3):
        create_product(name=f"绿茶 {number + 1} 号", sku=f"TEA{number + 1}")
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)

    scan(page, "2*lvcha")
    page.wait_for_selector("[data-picks]")
    fine(screen, f"picks-{language}")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_selector("tr[data-line]:has-text('绿茶 2 号') .sale-quantity:text-is('2')")
    scan(page, "lvcha")
    page.wait_for_selector("[data-picks]")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-picks]", state="detached")
    assert page.evaluate("document.activeElement.id") == "box"


@each_look
def test_another_coupon_is_chosen_by_digit(desk, shop, regular, now, size, language):
    issue_coupon(create_template(at=now, name="满50减5", amount=Decimal(5), threshold=Decimal(50)), regular.pk, at=now)
    issue_coupon(
        create_template(at=now, name="满500减80", amount=Decimal(80), threshold=Decimal(500)), regular.pk, at=now
    )
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, f"2*{RICE}")
    scan(page, "8821")
    page.wait_for_selector("[data-due]:has-text('109.80')")

    page.keyboard.press("F8")
    page.wait_for_selector("#coupons-dialog[open]")
    fine(screen, f"coupons-{language}")
    page.click("#coupons-dialog .pick:has-text('满50减5')")
    page.wait_for_selector("[data-due]:has-text('114.80')")
    page.keyboard.press("F8")
    page.keyboard.press("0")

    page.wait_for_selector("[data-due]:has-text('119.80')")


@each_look
def test_a_member_is_registered_in_the_sale(desk, shop, size, language):
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, RICE)
    page.wait_for_selector("tr[data-line]")
    page.keyboard.press("F9")
    page.wait_for_selector("#member-dialog[open]")
    fine(screen, f"member-dialog-{language}")

    page.keyboard.press("2")
    page.wait_for_selector("input[name=phone]")
    fine(screen, f"register-{language}")
    page.keyboard.type("13900139001")
    page.fill("input[name=name]", "李雷")
    page.keyboard.press("Enter")

    page.wait_for_selector(".sale-member:has-text('李雷')")
    assert Member.objects.get().name == "李雷"
    page.wait_for_selector("tr[data-line]")


@each_look
def test_a_plan_is_sold_from_the_screen(desk, shop, regular, now, size, language):
    for amount, bonus, gift in ((300, 20, 0), (500, 50, 0), (1000, 150, 100)):
        RechargePlan.objects.create(
            name=f"充{amount}送{bonus}", amount=Decimal(amount), bonus=Decimal(bonus), points=gift
        )
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")

    page.keyboard.press("F6")
    page.wait_for_selector(".recharge-plan")
    fine(screen, f"recharge-{language}")
    page.keyboard.press("2")
    assert page.is_checked(".recharge-plan:has-text('充500送50') input")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt")

    fine(screen, f"recharge-receipt-{language}")
    balance = wallet.selectors.get_balance(member_id=regular.pk, at=now)
    assert (balance.principal, balance.bonus) == (Decimal("1000.00"), Decimal("100.00"))


@each_look
def test_an_order_is_found_explained_and_voided(desk, shop, regular, size, language):
    shop.confirm(shop.basket((shop.rice, "1"), (shop.milk, "2"), member=regular), ("wallet", "149.50"))
    shop.confirm(shop.basket((shop.milk, "1")), ("cash", "50.00"))
    first = Order.objects.order_by("pk").first()
    screen = desk(size=size, language=language)
    page = screen.page

    screen.open("/checkout/orders/")
    assert page.locator("tbody tr").count() == 2
    fine(screen, f"orders-{language}")
    screen.open(f"/checkout/orders/{first.pk}/")
    fine(screen, f"order-{language}")
    page.click("[data-dialog='#void-dialog']")
    page.fill("#void-dialog input[name=reason]", "wrong customer")
    page.click("#void-dialog .button-danger")
    page.wait_for_selector(".alert-danger:has-text('wrong customer')")

    screen.picture(f"voided-{language}")
    assert Order.objects.get(pk=first.pk).voided_at is not None


@each_look
def test_a_shift_is_handed_over_and_the_next_one_opened(desk, shop, size, language):
    shop.confirm(shop.basket((shop.rice, "1")), ("cash", "100.00"))
    screen = desk(size=size, language=language)
    page = screen.page

    screen.open("/checkout/till/")
    fine(screen, f"till-select-{language}")
    screen.open("/checkout/tills/")
    fine(screen, f"tills-{language}")
    screen.open("/checkout/shift/hand-over/")
    fine(screen, f"hand-over-{language}")
    page.fill("input[name=counted_cash]", "259")
    page.keyboard.press("Enter")
    page.wait_for_selector(".stat-value:has-text('−¥0.90')")
    fine(screen, f"shift-{language}")
    screen.open("/checkout/")
    page.wait_for_selector("input[name=opening_float]")
    fine(screen, f"shift-open-{language}")
    page.fill("input[name=opening_float]", "200")
    page.keyboard.press("Enter")

    page.wait_for_selector("html[data-ready=till]")
    assert Shift.objects.count() == 2


@each_look
def test_what_is_put_aside_is_shown_to_choose_from(desk, shop, regular, size, language):
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    for text in (RICE, "8821"):
        scan(page, text)
    page.wait_for_selector(".sale-member:has-text('王小明')")
    page.keyboard.press("F4")
    page.wait_for_selector("tr[data-line]", state="detached")
    scan(page, MILK)
    page.wait_for_selector("tr[data-line]")
    page.keyboard.press("F4")
    page.wait_for_selector("tr[data-line]", state="detached")

    page.keyboard.press("F4")
    page.wait_for_selector("[data-picks]")

    fine(screen, f"held-{language}")
    assert page.locator("[data-picks] .pick").count() == 2
