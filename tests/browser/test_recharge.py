"""A recharge with everything that comes with it, by keyboard alone, from the plan's form to the member page."""

from decimal import Decimal

import pytest

import members.services
import points.selectors
import wallet.selectors
from checkout.models import RechargeSale
from gifts.models import RechargePlan
from tests.factories.catalog import create_product
from tests.factories.coupons import create_template
from tests.factories.shop import full_plan
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = [((1366, 768), "zh-hans"), ((1024, 768), "en")]
each_look = pytest.mark.parametrize(("size", "language"), LOOKS, ids=["desktop-zh", "tablet-en"])
RIGHTS = (
    *CASHIER,
    "checkout.void_order",
    "members.view_member",
    "members.set_pin",
    "points.view_entry",
    "wallet.view_entry",
    "wallet.make_cashout",
    "coupons.view_coupon",
)


def fine(screen, name):
    """Nothing to complain about, and a picture of it."""
    screen.picture(name)
    assert screen.violations() == []
    assert screen.complaints == []


@pytest.fixture
def desk(shop, screen_for):
    def build(**options):
        allow(shop.cashier, *RIGHTS)
        return screen_for(shop.cashier, till=shop.till.pk, **options)

    return build


@each_look
def test_500_with_bonus_50_and_gifts_by_keyboard_and_every_page_says_the_same(desk, shop, regular, now, size, language):
    full_plan(shop, member_limit=1)
    RechargePlan.objects.create(
        name="首充 100 送 20", amount=Decimal("100.00"), bonus=Decimal("20.00"), is_first_only=True, position=1
    )
    screen = desk(size=size, language=language)
    page = screen.page
    screen.open("/checkout/")
    page.wait_for_selector("html[data-ready=till]")
    page.keyboard.type("8821")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sale-member:has-text('王小明')")

    page.keyboard.press("F6")
    page.wait_for_selector(".recharge-plan")
    assert "2026-09-14" in page.inner_text(".recharge-plan:has-text('充500送50')")
    assert page.is_disabled(".recharge-plan:has-text('首充') input")
    fine(screen, f"plans-{language}")
    page.focus("#id_amount")
    page.keyboard.type("520")
    page.wait_for_selector("[data-offer]:has-text('充500送50')")
    fine(screen, f"offer-{language}")
    page.fill("#id_amount", "")
    page.keyboard.press("Escape") if page.query_selector("dialog[open]") else None
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("1")
    assert page.is_checked(".recharge-plan:has-text('充500送50') input")
    page.focus("#id_received")
    page.keyboard.type("600")
    page.wait_for_selector("[data-change-of]:has-text('100.00')")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt")

    fine(screen, f"receipt-{language}")
    assert page.inner_text("[data-principal]") == "¥500.00"
    assert page.inner_text("[data-bonus]") == "+¥50.00"
    assert page.inner_text(".receipt").count("2026-09-14") == 1
    balance = wallet.selectors.get_balance(member_id=regular.pk, at=now)
    assert (balance.principal, balance.bonus) == (Decimal("1000.00"), Decimal("100.00"))
    assert points.selectors.get_balance(member_id=regular.pk, at=now).balance == 2100
    page.emulate_media(media="print")
    screen.picture(f"print-{language}")
    page.emulate_media(media="screen")

    screen.open(f"/members/{regular.pk}/")
    page.wait_for_selector("text=¥1,000.00")
    page.wait_for_selector("text=¥100.00")
    screen.picture(f"member-{language}")

    screen.open("/checkout/recharges/new/?member=" + str(regular.pk))
    assert page.is_disabled(".recharge-plan:has-text('充500送50') input")
    screen.picture(f"refused-{language}")
    assert RechargeSale.objects.count() == 1


@each_look
def test_the_void_asks_for_the_goods_and_says_why_it_is_refused(desk, shop, regular, size, language):
    full_plan(shop)
    members.services.set_pin(member_id=regular.pk, pin="583920", actor=shop.cashier, at=shop.now)
    screen = desk(size=size, language=language)
    page = screen.page
    screen.open(f"/checkout/recharges/new/?member={regular.pk}")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt")

    page.click("[data-dialog='#void-dialog']")
    page.fill("#void-dialog input[name=reason]", "wrong member")
    fine(screen, f"void-{language}")
    page.click("#void-dialog .button-danger")
    page.wait_for_selector(".receipt-errors:has-text('购物袋')")
    screen.picture(f"void-refused-{language}")
    # The browser notes every refusal; this one was meant.
    assert [text for text in screen.complaints if "422" not in text] == []
    screen.complaints.clear()
    page.click("[data-dialog='#void-dialog']")
    page.check("#void-dialog input[name=goods_returned]")
    page.fill("#void-dialog input[name=reason]", "wrong member")
    page.click("#void-dialog .button-danger")

    page.wait_for_selector(".receipt-void")
    fine(screen, f"voided-{language}")
    balance = wallet.selectors.get_balance(member_id=regular.pk, at=shop.now)
    assert (balance.principal, balance.bonus) == (Decimal("500.00"), Decimal("50.00"))


@each_look
def test_the_split_of_principal_and_bonus_stands_under_the_ways_of_paying(desk, shop, regular, size, language):
    shop.basket((shop.milk, "1"), member=regular)
    screen = desk(size=size, language=language)
    page = screen.page
    screen.open("/checkout/")
    page.wait_for_selector("html[data-ready=till]")

    page.keyboard.press("Alt+1")

    page.wait_for_selector("[data-wallet-split]:has-text('¥45.27')")
    assert "¥4.53" in page.inner_text("[data-wallet-split]")
    fine(screen, f"split-{language}")


@each_look
def test_a_plan_is_written_as_a_sentence(shop, owner, store, screen_for, now, size, language):
    allow(owner, "gifts.view_rechargeplan", "gifts.change_rechargeplan")
    create_product(name="帆布袋", sku="TOTE")
    template = create_template(at=now)
    screen = screen_for(owner, size=size, language=language)
    page = screen.page
    screen.open("/gifts/plans/new/")
    for name, text in (
        ("name", "充500送50"),
        ("amount", "500"),
        ("bonus", "50"),
        ("bonus_days", "180"),
        ("points", "100"),
        ("coupon_count_0", "2"),
        ("gift_0", "TOTE"),
        ("member_limit", "1"),
        ("position", "1"),
    ):
        page.fill(f"[name={name}]", text)
    page.select_option("[name=coupon_0]", str(template.pk))
    page.check("[name=is_active]")

    page.wait_for_selector("#summary:has-text('帆布袋')")
    fine(screen, f"plan-{language}")
    page.locator("#summary").scroll_into_view_if_needed()
    screen.picture(f"plan-summary-{language}")
    page.click("button[type=submit]:has-text('保存'), button[type=submit]:has-text('Save')")
    page.wait_for_selector("table:has-text('充500送50')")
    fine(screen, f"plan-list-{language}")
