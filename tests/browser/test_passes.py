"""A count pass from its sale to its last use, by keyboard, and the pages that show it."""

from decimal import Decimal as D  # noqa: N817

import pytest

from checkout.models import Order, PassSale
from passes.models import Entry, Pass
from tests.browser.steps import each_look, fine, line, ready, scan, shown
from tests.factories.passes import create_plan, sell
from tests.factories.shop import product
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db(transaction=True)
CODE = "6900000000017"
RIGHTS = (*CASHIER, "checkout.void_order", "passes.view_pass", "passes.view_refund", "members.view_member")


@pytest.fixture
def wash(shop):
    return product("WASH", "40.00", CODE, name="洗车", kind="service")


@pytest.fixture
def desk(shop, screen_for):
    def build(**options):
        allow(shop.cashier, *RIGHTS)
        return screen_for(shop.cashier, till=shop.till.pk, **options)

    return build


@each_look
def test_a_pass_is_sold_and_used_by_keyboard_alone(desk, shop, regular, wash, size, language):
    create_plan(wash, name="洗车 3 次", at=shop.now)
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")

    page.keyboard.press("F10")
    page.wait_for_selector(".recharge-plan")
    fine(screen, f"pass-plans-{language}")
    page.keyboard.press("1")
    assert page.is_checked(".recharge-plan:has-text('洗车 3 次') input")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt:has-text('洗车 3 次')")
    fine(screen, f"pass-receipt-{language}")
    assert PassSale.objects.get().kind == "cash"
    held = Pass.objects.get()

    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready=till]")
    scan(page, CODE)
    line(page, "洗车", 1)
    shown(page, "洗车 3 次", within=".sale-extras")
    fine(screen, f"pass-offer-{language}")
    page.keyboard.press("F3")
    page.wait_for_selector(f"tr[data-line='{wash.pk}-{held.pk}']")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-notice]")
    assert Order.objects.count() == 0
    page.keyboard.press("F3")
    assert page.is_checked("[data-agree]")
    fine(screen, f"pass-agreed-{language}", refusals=True)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-done]:has-text('33.34')")
    fine(screen, f"pass-done-{language}", refusals=True)
    assert Order.objects.get().payable == D("33.34")
    assert Entry.objects.get(kind="use").actor == shop.cashier


@each_look
def test_the_cashier_chooses_between_passes_and_takes_the_pass_off_again(desk, shop, regular, wash, size, language):
    held = sell(create_plan(wash, name="洗车 3 次", at=shop.now), regular, shop.store, at=shop.now)
    sell(create_plan(wash, name="月内 3 次", valid_days=30, at=shop.now), regular, shop.store, at=shop.now)
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    scan(page, CODE)
    shown(page, "月内 3 次", within=".sale-extras")

    page.click("[data-dialog='#passes-dialog']")
    page.wait_for_selector("#passes-dialog[open]")
    fine(screen, f"pass-choice-{language}")
    page.keyboard.press("2")
    page.wait_for_selector(f"tr[data-line='{wash.pk}-{held.pk}']")
    page.click("form[data-sale='leave-pass'] button")
    page.wait_for_selector(f"tr[data-line='{wash.pk}']")


@each_look
def test_the_pages_of_passes_can_be_read_by_everybody(screen_for, owner, shop, regular, wash, size, language):
    plan = create_plan(wash, name="洗车 10 送 2", paid_uses=10, gift_uses=2, price=D("400.00"), at=shop.now)
    held = sell(plan, regular, shop.store, at=shop.now)
    sell(create_plan(wash, name="月内 3 次", valid_days=20, at=shop.now), regular, shop.store, at=shop.now)
    screen = screen_for(owner, size=size, language=language)
    for name, path, text in (
        ("plans", "/passes/plans/", "洗车 10 送 2"),
        ("plan", f"/passes/plans/{plan.pk}/", "33.34"),
        ("list", "/passes/", "12 / 12"),
        ("detail", f"/passes/{held.pk}/", "400.00"),
        ("refund", f"/passes/{held.pk}/refunds/new/", "400.00"),
        ("refunds", "/passes/refunds/", ""),
        ("tile", "/passes/ending/", "月内 3 次"),
    ):
        screen.open(path)
        if text:
            shown(screen.page, text, within="body")
        if name != "tile":
            fine(screen, f"passes-{name}-{language}")
