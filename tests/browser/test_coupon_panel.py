"""The panel of coupons at the till: the best set is ticked, others say why not, ticking is one key or one touch."""

from decimal import Decimal as D  # noqa: N817

import pytest

from coupons.models import StackCategory
from tests.browser.test_desk import RICE, desk, each_look, fine, ready, scan  # noqa: F401 (a fixture)
from tests.factories.coupons import create_template, issue_coupon

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wallet_of_coupons(regular, now, shop):
    """Beside 100 - 10: 12 % off that goes with it, more points, a free one, and some that cannot be used now."""
    goods, more = StackCategory.objects.get(code="goods"), StackCategory.objects.get(code="points")
    for kind in (
        {"name": "全场88折（最多15元）", "kind": "percent_off", "amount": None, "factor": D("0.88"), "cap": D(15),
         "threshold": D(0)},
        {"name": "大米第二件半价", "kind": "nth_item", "amount": None, "buy_pieces": 1, "factor": D("0.5"),
         "threshold": D(0), "stack_category": goods},
        {"name": "积分三倍券", "kind": "points_multiple", "amount": None, "multiple": D(3), "threshold": D(50),
         "stack_category": more},
        {"name": "仅周末可用 5 元券", "amount": D(5), "threshold": D(0), "conditions": {"weekdays": [6, 7]}},
        {"name": "满500减80", "amount": D(80), "threshold": D(500)},
        {"name": "充值多送20", "kind": "recharge", "amount": D(20), "threshold": D(200)},
    ):  # fmt: skip
        issue_coupon(create_template(at=now, **kind), regular.pk, at=now)
    return regular


@each_look
def test_the_best_set_is_ticked_and_a_key_changes_it(desk, shop, wallet_of_coupons, size, language):  # noqa: F811
    screen = desk(size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, f"2*{RICE}")
    scan(page, "8821")
    # 119.80; half of 59.90 off the second (29.95), then 12 % of 89.85 = 10.78 against 10.00
    page.wait_for_selector("[data-due]:has-text('79.07')")

    page.keyboard.press("F8")
    page.wait_for_selector("#coupons-dialog[open]")
    fine(screen, f"coupon-panel-{language}")
    assert page.locator("#coupons-dialog .is-chosen").count() == 2
    page.click("#coupons-dialog .pick:has-text('满100减10')")
    page.wait_for_selector("[data-due]:has-text('79.85')")
    page.wait_for_selector("#coupons-dialog[open]")
    assert "满100减10" in page.locator("#coupons-dialog .pick:has-text('88折')").inner_text()
    page.click("#coupons-dialog .pick:has-text('积分三倍券')")
    page.wait_for_selector("#coupons-dialog .is-chosen:has-text('积分三倍券')")
    fine(screen, f"coupon-panel-by-hand-{language}")
    page.keyboard.press("0")
    page.wait_for_selector("[data-due]:has-text('119.80')")
    page.wait_for_selector("#coupons-dialog[open]")
    page.keyboard.press("0")
    page.wait_for_selector("[data-due]:has-text('79.07')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#coupons-dialog[open]", state="detached")
    fine(screen, f"coupon-waterfall-{language}")


def test_twenty_coupons_scroll_and_the_sum_stays_in_sight(desk, shop, regular, now):  # noqa: F811
    for number in range(1, 21):
        issue_coupon(
            create_template(at=now, name=f"立减{number}元券", amount=D(number), threshold=D(0)), regular.pk, at=now
        )
    screen = desk(size=(1024, 768), language="zh-hans")
    page = screen.page
    ready(screen)
    scan(page, f"2*{RICE}")
    scan(page, "8821")
    page.wait_for_selector("[data-due]:has-text('99.80')")

    page.keyboard.press("F8")
    page.wait_for_selector("#coupons-dialog[open]")

    fine(screen, "coupon-panel-twenty")
    height = page.evaluate("window.innerHeight")
    foot = page.locator("#coupons-dialog .coupon-sum").bounding_box()
    assert foot["y"] + foot["height"] <= height
    assert page.locator("#coupons-dialog .pick:has-text('不能与')").count() == 20
