"""Stored value from the first yuan to the last in a real browser: sold, spent by PIN, and paid back by law."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from openpyxl import load_workbook

import members.services
import points.selectors
import wallet.selectors
from catalog.models import Product
from checkout.models import Order
from checkout.selectors import shift_summary
from checkout.services import recharge_at_till
from core import roles
from members.models import Pin
from tests.browser.steps import STAFF_PIN, each_look, fine, give_pin, name_staff, ready, scan, shown
from tests.conftest import make_staff
from tests.factories.cash_outs import ACCOUNT, ID_NUMBER, TABLES
from tests.factories.ledgers import table_rows
from tests.factories.members import create_member
from tests.factories.shop import full_plan, product
from tests.factories.stored_value import set_value
from wallet.models import CashOut

pytestmark = pytest.mark.django_db(transaction=True)

TEA = "6925303721367"
PIN, WRONG, NEW = "271828", "141421", "314159"


@pytest.fixture
def house(shop, store):
    """The roles of the house, and people with names."""
    roles.sync()
    name_staff(shop.cashier, "林晓")
    # With the coupon of 100 - 10 exactly 123.45 is left to pay.
    product("TEA", "133.45", TEA, name="明前龙井 250g")
    return shop


@pytest.fixture
def wang(house, store, now):
    return create_member(store, at=now - timedelta(days=40), name="王小明", phone="13800138821")


def stored(member, at):
    found = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return found.principal, found.bonus


@each_look
def test_a_recharge_is_spent_by_pin_after_a_manager_removed_the_forgotten_one(
    house, wang, manager, now, screen_for, ledgers_agree, size, language
):
    shop = house
    full_plan(shop)
    set_value("wallet.no_pin_limit", "100.00", now)
    members.services.set_pin(member_id=wang.pk, pin=PIN, actor=shop.cashier, at=now)
    screen = screen_for(shop.cashier, till=shop.till.pk, size=size, language=language)
    page = screen.page

    # 500 with 50 on top, in cash: 600 given, 100 back.
    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    page.keyboard.press("F6")
    page.wait_for_selector(".recharge-plan")
    page.wait_for_load_state()
    page.keyboard.press("1")
    page.focus("#id_received")
    page.keyboard.type("600")
    page.wait_for_selector("[data-change-of]:has-text('100.00')")
    fine(screen, f"story-recharge-{language}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".receipt")
    fine(screen, f"story-recharge-receipt-{language}")
    assert stored(wang, now) == (Decimal("500.00"), Decimal("50.00"))
    page.keyboard.press("Enter")

    # The coupon that came with it is the best one: 133.45 - 10.00, all of it from stored value.
    page.wait_for_selector("html[data-ready=till]")
    page.wait_for_selector(".sale-member:has-text('王小明')")
    scan(page, TEA)
    page.wait_for_selector("[data-due]:has-text('123.45')")
    page.keyboard.press("Alt+Digit1")
    # 123.45 x 500 / 550 = 112.2272..., down to the fen; the rest is bonus.
    page.wait_for_selector("[data-wallet-split]:has-text('¥112.22')")
    assert "¥11.23" in page.inner_text("[data-wallet-split]")
    fine(screen, f"story-split-{language}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#pin-dialog[open]")
    for left in range(5, 0, -1):
        page.keyboard.type(WRONG)
        page.wait_for_selector("[data-pin-text]:not(:empty)")
        if left == 5:
            fine(screen, f"story-pin-wrong-{language}", refusals=True)
        page.evaluate("document.querySelector('[data-pin-text]').textContent = ''")
    page.keyboard.type(PIN)
    page.wait_for_selector("[data-pin-text]:not(:empty)")
    fine(screen, f"story-pin-locked-{language}", refusals=True)
    assert Order.objects.count() == 0
    assert stored(wang, now) == (Decimal("500.00"), Decimal("50.00"))

    # In the office the manager has seen the customer's document.
    office = screen_for(name_staff(manager, "陈静"), size=size, language=language)
    office.open(f"/members/{wang.pk}/")
    shown(office.page, "¥500.00")
    office.page.click("main .menu > summary")
    fine(office, f"story-member-menu-{language}")
    office.page.click(f"a[href='/members/{wang.pk}/pin/removal/']")
    office.page.check("input[name=id_shown]")
    office.page.fill("[name=reason]", "顾客忘记密码，已核对身份证")
    fine(office, f"story-pin-removal-{language}")
    office.page.click("main form button.button-danger")
    office.page.wait_for_selector(".toast-success")
    fine(office, f"story-pin-removed-{language}")
    assert Pin.objects.count() == 0

    page.keyboard.press("Escape")
    page.wait_for_selector("#pin-dialog[open]", state="detached")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#pin-dialog[open] [name=pin_again]")
    fine(screen, f"story-pin-new-{language}", refusals=True)
    page.keyboard.type(NEW)
    page.keyboard.type(NEW)
    page.wait_for_selector("[data-done]")
    fine(screen, f"story-sale-done-{language}", refusals=True)

    order = Order.objects.get()
    assert (order.list_total, order.payable) == (Decimal("133.45"), Decimal("123.45"))
    assert (order.wallet_principal, order.wallet_bonus) == (Decimal("112.22"), Decimal("11.23"))
    assert stored(wang, now) == (Decimal("387.78"), Decimal("38.77"))
    # 100 with the plan; of the sale the principal earns, 1 for each yuan.
    assert points.selectors.get_balance(member_id=wang.pk, at=now).balance == 212
    screen.complaints.clear()
    screen.open(f"/checkout/orders/{order.pk}/receipt/")
    assert page.inner_text("[data-total]") == "¥123.45"
    assert page.inner_text("[data-invoiceable]") == "¥0.00"
    shown(page, "¥387.78", "¥38.77")
    fine(screen, f"story-receipt-{language}")
    screen.open(f"/members/{wang.pk}/")
    shown(page, "¥387.78", "¥38.77", "212", "¥123.45")
    fine(screen, f"story-member-{language}")
    screen.open(f"/wallet/members/{wang.pk}/entries/")
    shown(page, "−¥112.22", "−¥11.23", "¥387.78", "¥38.77")
    fine(screen, f"story-ledger-{language}")
    ledgers_agree()


def charge(shop, member, amount, at, plan=None):
    """A recharge in cash."""
    recharge_at_till(
        key=uuid4(),
        till=shop.till,
        member_id=member.pk,
        amount=Decimal(amount),
        plan_id=plan.pk if plan else None,
        kind="cash",
        received=Decimal(amount),
        actor=shop.cashier,
        at=at,
    )


@pytest.fixture
def claims(house, wang, now):
    """王小明 paid 500 + 50 forty days ago, spent 123.45 of it (133.45 at list prices), and paid 200 three days ago."""
    then = replace(house, now=now - timedelta(days=40))
    charge(then, wang, "500.00", then.now, full_plan(then))
    then.confirm(then.basket((Product.objects.get(sku="TEA"), "1"), member=wang), ("wallet", "123.45"))
    charge(house, wang, "200.00", now - timedelta(days=3))
    set_value("wallet.promise", "principal", now)
    return wang


def drawer(shop):
    return shift_summary(shop.shift)["expected_cash"]


def fill_claim(page, **values):
    for name, text in {"id_number": ID_NUMBER, "reason": "搬去外地", **values}.items():
        page.fill(f"[name={name}]", text)


@each_look
def test_stored_value_is_paid_back_by_law_and_promise_after_a_second_person_agreed(
    house, claims, store, manager, now, screen_for, ledgers_agree, tmp_path, size, language
):
    wang = claims
    finance = make_staff("周会计", "finance", store)
    screen = screen_for(name_staff(manager, "陈静"), size=size, language=language)
    page = screen.page

    # The customer's reason: Art. 19 for the old recharge, Art. 14 for the one of the last 7 days.
    screen.open(f"/members/{wang.pk}/")
    page.wait_for_selector(f"a[href='/wallet/members/{wang.pk}/cash-outs/new/']")
    screen.open(f"/wallet/members/{wang.pk}/cash-outs/new/")
    shown(page, "500.00 − 133.45 = 366.55", "200.00 − 0.00 = 200.00", "¥566.55", "¥587.78")
    fine(screen, f"story-claim-customer-{language}")
    # Not the customer's fault: Art. 18, where bonus counts by its ratio, up to the fen.
    page.select_option("[name=ground]", "merchant")
    shown(page, "500.00 − 123.45 × 500.00 ÷ (500.00 + 50.00) = 387.7727 → 387.78")
    shown(page, "200.00 − 0.00 × 200.00 ÷ (200.00 + 0.00) = 200.00")
    fine(screen, f"story-claim-merchant-{language}")
    page.select_option("[name=ground]", "customer")
    shown(page, "500.00 − 133.45 = 366.55")

    before = table_rows(*TABLES[:4])
    fill_claim(page, bank_name="中国工商银行", account_number=ACCOUNT)
    page.locator("[name=account_number]").scroll_into_view_if_needed()
    fine(screen, f"story-claim-payee-{language}")
    page.click("form[data-guard] button[type=submit]")
    page.wait_for_url("**/wallet/cash-outs/*/")
    fine(screen, f"story-claim-waits-{language}")
    assert CashOut.objects.get().status == "waiting"
    assert table_rows(*TABLES[:4]) == before

    # Another person finds it on the first page, looks and agrees.
    other = screen_for(finance, size=size, language=language)
    other.open("/")
    other.page.wait_for_selector("a[href='/approvals/?show=waiting']")
    fine(other, f"story-home-{language}")
    other.page.click("a[href^='/approvals/']:has-text('#')")
    shown(other.page, "王小明", "566.55", "587.78", "14, 15, 19")
    fine(other, f"story-approval-{language}")
    other.page.click("form[action$='/approval/'] button[type=submit]")
    other.page.wait_for_selector(".toast-success")
    fine(other, f"story-approved-{language}")
    cash_out = CashOut.objects.get()
    assert (cash_out.legal, cash_out.promised, cash_out.paid) == (
        Decimal("566.55"),
        Decimal("587.78"),
        Decimal("587.78"),
    )
    assert (cash_out.closed_principal, cash_out.closed_bonus) == (Decimal("587.78"), Decimal("38.77"))
    assert stored(wang, now) == (Decimal("0.00"), Decimal("0.00"))

    other.open(f"/wallet/cash-outs/{cash_out.pk}/")
    fine(other, f"story-due-{language}")
    other.page.fill("[name=reference]", "ICBC-20260318-77")
    other.page.click("form[action$='/payment/'] button")
    other.page.wait_for_selector(".toast-success")
    shown(other.page, "ICBC-20260318-77")
    fine(other, f"story-paid-{language}")
    with other.page.expect_download() as download:
        other.page.click("form[action$='/evidence/'] button")
    download.value.save_as(tmp_path / "evidence.xlsx")
    calculation = load_workbook(tmp_path / "evidence.xlsx").worksheets[1]
    rows = [[cell.value for cell in row] for row in calculation.iter_rows(min_row=2)]
    assert [row[2:10] for row in rows[:2]] == [
        ["19", 500, 50, 123.45, 133.45, "500.00 − 133.45 = 366.55", 366.55, 387.78],
        ["14, 15", 200, 0, 0, 0, "200.00 − 0.00 = 200.00", 200, 200],
    ]
    ledgers_agree()


@each_look
def test_a_small_balance_is_paid_back_in_cash_out_of_the_drawer(
    house, store, manager, now, screen_for, ledgers_agree, size, language
):
    shop = house
    li = create_member(store, at=now - timedelta(days=40), name="李静", phone="13900139922")
    charge(shop, li, "80.00", now - timedelta(days=20))
    give_pin(name_staff(manager, "陈静"))
    assert drawer(shop) == Decimal("280.00")
    screen = screen_for(shop.cashier, till=shop.till.pk, size=size, language=language)
    page = screen.page

    screen.open(f"/wallet/members/{li.pk}/cash-outs/new/")
    shown(page, "80.00 − 0.00 = 80.00")
    assert page.is_checked("[name=method][value=cash]")
    assert page.is_hidden("[name=account_number]")
    fill_claim(page)
    page.select_option("[name=approver]", str(manager.pk))
    page.fill("[name=approver_pin]", STAFF_PIN)
    page.locator("[name=approver_pin]").scroll_into_view_if_needed()
    fine(screen, f"story-cash-claim-{language}")
    page.click("form[data-guard] button[type=submit]")
    page.wait_for_url("**/wallet/cash-outs/*/")
    fine(screen, f"story-cash-due-{language}")
    assert drawer(shop) == Decimal("280.00")

    screen.open("/checkout/payouts/")
    fine(screen, f"story-payouts-{language}")
    page.check("[name=is_shown]")
    page.click("form[action*='/payouts/'] button")
    page.wait_for_selector(".toast-success, .alert-success")
    shown(page, "−¥80.00")
    fine(screen, f"story-payout-done-{language}")
    screen.open(f"/checkout/shifts/{shop.shift.pk}/")
    shown(page, "¥200.00")
    fine(screen, f"story-shift-{language}")
    assert drawer(shop) == Decimal("200.00")
    assert CashOut.objects.get().status == "paid"
    ledgers_agree()
