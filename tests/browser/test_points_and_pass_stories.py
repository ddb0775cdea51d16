"""Whole stories of points and count passes in a real browser: cleared and undone; sold, used, given back, refunded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

import points.services
from checkout.models import Order
from checkout.selectors import shift_summary
from core import roles
from passes.models import Pass, Refund
from points.models import Account, Batch, Lot
from tests.browser.steps import STAFF_PIN, each_look, fine, give_pin, line, name_staff, ready, scan, shown
from tests.conftest import make_staff
from tests.factories.members import create_member
from tests.factories.passes import create_plan
from tests.factories.shop import product

pytestmark = pytest.mark.django_db(transaction=True)

WASH = "6900000000017"


def end_of(day):
    """The moment after a day in Shanghai."""
    return datetime(2026, 3, day, 16, 0, tzinfo=UTC)


@pytest.fixture
def holders(store, now):
    """Two members with points that end in March, one whose points never end, and one with both."""
    roles.sync()
    given = (("王小明", 300, end_of(31)), ("王小明", 40, None), ("李丽", 200, end_of(25)), ("张伟", 120, None))
    members = {
        name: create_member(store, at=now - timedelta(days=60), name=name) for name in ("王小明", "李丽", "张伟")
    }
    for number, (name, amount, expires_at) in enumerate(given):
        points.services.earn(
            member_id=members[name].pk,
            points=amount,
            source="order:1",
            idempotency_key=f"story:{number}",
            at=now - timedelta(days=30),
            store=store,
            actor=None,
            expires_at=expires_at,
        )
    return members


def balances():
    return list(Account.objects.order_by("pk").values_list("pk", "balance", "debt"))


def open_lots():
    lots = Lot.objects.filter(remaining__gt=0).order_by("account_id", "expires_at")
    return list(lots.values_list("account_id", "remaining", "available_from", "expires_at"))


@each_look
def test_points_that_end_in_march_are_cleared_with_a_colleague_beside_and_come_back(
    holders, store, now, screen_for, ledgers_agree, size, language
):
    finance = make_staff("周会计", "finance", store)
    colleague = give_pin(make_staff("吴会计", "finance", store))
    balances_before, lots_before = balances(), open_lots()
    screen = screen_for(finance, size=size, language=language)
    page = screen.page

    screen.open("/points/batches/new/")
    page.check("[name=kind][value=clear]")
    page.check("[name=who][value=all]")
    page.check("[name=lots][value=ending]")
    page.fill("[name=day]", "2026-03-31")
    page.fill("[name=reason]", "三月活动积分到期清理")
    fine(screen, f"story-clear-filter-{language}")
    page.click("button[name=preview]")
    page.wait_for_selector("button[name=confirm]")
    # Two members, 300 + 200 points, 100 points are worth 1 yuan; the 40 and 120 that never end are not touched.
    assert [text.strip() for text in page.locator("form .stat-value").all_inner_texts()] == ["2", "500", "¥5.00"]
    assert balances() == balances_before
    fine(screen, f"story-clear-preview-{language}")
    page.select_option("[name=approver]", str(colleague.pk))
    page.fill("[name=approver_pin]", STAFF_PIN)
    page.locator("button[name=confirm]").scroll_into_view_if_needed()
    fine(screen, f"story-clear-agreed-{language}")
    page.click("button[name=confirm]")
    page.wait_for_selector("form[action$='/undoing/']")
    shown(page, "吴会计")
    fine(screen, f"story-clear-done-{language}")
    batch = Batch.objects.get()
    assert (batch.done_members, batch.done_points) == (2, 500)
    assert [balance for _pk, balance, _debt in balances()] == [40, 0, 120]

    with time_machine.travel(now + timedelta(days=6), tick=True):
        screen = screen_for(finance, size=size, language=language)
        page = screen.page
        screen.open(f"/points/batches/{batch.pk}/")
        page.click("form[action$='/undoing/'] button")
        page.wait_for_selector("form[action$='/undoing/']", state="detached")
        shown(page, "已撤销" if language == "zh-hans" else "undone")
        fine(screen, f"story-clear-undone-{language}")
        assert balances() == balances_before
        assert [(lot[0], lot[1], lot[3]) for lot in open_lots()] == [(lot[0], lot[1], lot[3]) for lot in lots_before]
        screen.open(f"/members/{holders['王小明'].pk}/")
        shown(page, "340", "2026-03-31")
        fine(screen, f"story-clear-member-{language}")
        ledgers_agree()


def use_pass(screen, language, name):
    """Scan the goods that the pass covers, let it pay, tick the member's word, sell."""
    page = screen.page
    scan(page, WASH)
    line(page, "洗车", 1)
    page.wait_for_selector("form[data-sale=pass]")
    page.keyboard.press("F3")
    page.wait_for_selector("[data-agree]")
    page.keyboard.press("F3")
    assert page.is_checked("[data-agree]")
    fine(screen, f"story-pass-{name}-{language}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-done]")
    fine(screen, f"story-pass-{name}-done-{language}")


@each_look
def test_a_pass_is_sold_used_given_back_by_a_void_and_refunded_by_law(
    shop, regular, manager, screen_for, ledgers_agree, size, language
):
    roles.sync()
    name_staff(shop.cashier, "林晓")
    wash = product("WASH", "40.00", WASH, name="洗车", kind="service")
    create_plan(wash, name="洗车 3 次", at=shop.now)
    screen = screen_for(shop.cashier, till=shop.till.pk, size=size, language=language)
    page = screen.page

    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    page.keyboard.press("F10")
    page.wait_for_selector(".recharge-plan")
    page.wait_for_load_state()
    page.keyboard.press("1")
    fine(screen, f"story-pass-sale-{language}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt")
    fine(screen, f"story-pass-receipt-{language}")
    held = Pass.objects.get()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready=till]")
    use_pass(screen, language, "use")
    held.refresh_from_db()
    # 100 over three uses: 33.34, 33.33, 33.33.
    assert (held.remaining, held.unused_value) == (2, Decimal("66.66"))

    # The wash did not happen: the manager voids the order.
    office = screen_for(name_staff(manager, "陈静"), till=shop.till.pk, size=size, language=language)
    office.open(f"/checkout/orders/{Order.objects.get().pk}/")
    office.page.click("[data-dialog='#void-dialog']")
    office.page.fill("#void-dialog input[name=reason]", "洗车机故障")
    fine(office, f"story-pass-void-{language}")
    office.page.click("#void-dialog .button-danger")
    office.page.wait_for_selector(".alert-danger:has-text('洗车机故障')")
    fine(office, f"story-pass-voided-{language}")
    held.refresh_from_db()
    assert (held.remaining, held.unused_value) == (3, Decimal("100.00"))

    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    use_pass(screen, language, "again")

    office.open(f"/members/{regular.pk}/")
    shown(office.page, "洗车 3 次")
    fine(office, f"story-pass-member-{language}")
    office.open(f"/passes/{held.pk}/")
    fine(office, f"story-pass-page-{language}")
    office.page.click(f"a[href='/passes/{held.pk}/refunds/new/']")
    # Art. 18 and Art. 14 at the package price, Art. 19 at the price of a single wash; the promise is the better one.
    shown(office.page, "100.00 - 1 × 100.00 / 3 = 66.67", "100.00 - 1 × 40.00 = 60.00")
    assert office.page.query_selector("[name=approver_pin]") is None
    fine(office, f"story-pass-refund-{language}")
    office.page.check("[name=ground][value=customer]")
    office.page.fill("[name=reason]", "搬去外地")
    office.page.click("main form button.button-danger")
    office.page.wait_for_url("**/passes/refunds/*/")
    fine(office, f"story-pass-refund-due-{language}")
    refund = Refund.objects.get()
    assert (refund.article, refund.lawful, refund.promised, refund.amount) == (
        "19",
        Decimal("60.00"),
        Decimal("66.67"),
        Decimal("66.67"),
    )
    assert shift_summary(shop.shift)["expected_cash"] == Decimal("300.00")
    office.page.click(f"a[href='/checkout/pass-refunds/{refund.pk}/payment/']")
    office.page.wait_for_selector("main form button.button-primary")
    fine(office, f"story-pass-refund-pay-{language}")
    office.page.click("main form button.button-primary")
    office.page.wait_for_selector(".toast-success")
    fine(office, f"story-pass-refund-paid-{language}")
    assert shift_summary(shop.shift)["expected_cash"] == Decimal("233.33")
    ledgers_agree()
