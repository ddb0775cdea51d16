"""Gift packs, giveaways, order rewards and leaks: the pages of the owner, the member page, and the till."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from campaigns.models import Giveaway, OrderReward
from campaigns.services import save_giveaway, save_reward
from gifts.models import Pack
from gifts.services import cancel_or_take_back, give_pack
from tests.browser.steps import each_look, fine, ready, scan
from tests.factories.coupons import create_template
from tests.factories.packs import create_pack
from tests.factories.till import CASHIER, allow

pytestmark = pytest.mark.django_db(transaction=True)
RICE = "6901234567892"


@pytest.fixture
def packs(now):
    drink, five = create_template(name="免费饮品券", amount=D(15)), create_template(name="满50减5", amount=D(5))
    create_pack(name="新人礼", points=100, coupons={drink.pk: 1})
    create_pack(name="升级礼", points=200, growth=50, coupons={drink.pk: 1, five.pk: 2}, goods="帆布袋")
    create_pack(name="满赠券包", coupons={five.pk: 2})
    old = create_pack(name="去年的礼包", goods="台历")
    Pack.objects.filter(pk=old.pk).update(is_active=False)
    return {pack.name: pack for pack in Pack.objects.all()}


@pytest.fixture
def occasions(packs, store, now):
    today = now.date()
    where = {"stores": [], "actor": None, "at": now}
    rows = (
        Giveaway(name="入会礼", pack=packs["新人礼"]),
        Giveaway(name="每日到店礼", pack=packs["新人礼"], trigger="visit", repeats="daily", starts_on=today),
        Giveaway(name="四月到店礼", pack=packs["升级礼"], trigger="visit", starts_on=today + timedelta(days=30)),
    )
    for row in rows:
        save_giveaway(giveaway=row, **where)
    save_reward(reward=OrderReward(name="满50送券", pack=packs["满赠券包"], threshold=D(50)), **where)
    save_reward(
        reward=OrderReward(name="满500送大礼", pack=packs["升级礼"], threshold=D(500), member_limit=1, is_active=False),
        **where,
    )
    return rows


@each_look
def test_a_pack_is_made_and_read_back(screen_for, owner, packs, size, language):
    screen = screen_for(owner, size=size, language=language)
    screen.open("/gifts/packs/")
    fine(screen, f"pack-list-{language}")

    screen.open("/gifts/packs/new/")
    page = screen.page
    page.fill("[name=name]", "生日礼")
    page.fill("[name=points]", "88")
    page.fill("[name=gift_0]", "蛋糕")
    page.keyboard.press("Tab")
    page.wait_for_selector("#summary:has-text('蛋糕')")
    fine(screen, f"pack-form-{language}")
    page.click(".form-actions [type=submit]")
    page.wait_for_selector("tr:has-text('生日礼')")

    assert Pack.objects.filter(name="生日礼").count() == 1


@each_look
def test_giveaways_and_rewards_are_listed_and_edited(screen_for, owner, occasions, size, language):
    screen = screen_for(owner, size=size, language=language)
    for path, name in (
        ("/campaigns/giveaways/", "giveaway-list"),
        (f"/campaigns/giveaways/{occasions[1].pk}/", "giveaway-form"),
        ("/campaigns/rewards/", "reward-list"),
        ("/campaigns/rewards/new/", "reward-form"),
    ):
        screen.open(path)
        fine(screen, f"{name}-{language}")


@each_look
def test_the_member_page_shows_gifts_and_gives_that_of_a_visit_once(
    screen_for, owner, store, occasions, packs, regular, now, size, language
):
    where = {"member_id": regular.pk, "at": now, "store": store, "actor": None}
    source = f"tier-upgrade:{regular.pk}:2:1"
    give_pack(pack_id=packs["升级礼"].pk, source=source, pending_until=now + timedelta(days=8), **where)
    give_pack(pack_id=packs["满赠券包"].pk, source="order-reward:1:1", **where)
    give_pack(pack_id=packs["新人礼"].pk, source=f"tier-monthly:{regular.pk}:1:2026-03", **where)
    cancel_or_take_back(source="order-reward:1:1", idempotency_key="v", at=now, store=store, actor=None)
    screen = screen_for(owner, size=size, language=language, store=store.pk)
    page = screen.page
    screen.open(f"/members/{regular.pk}/")

    page.wait_for_selector("form:has-text('每日到店礼') button")
    page.locator("form:has-text('每日到店礼')").scroll_into_view_if_needed()
    fine(screen, f"member-gifts-{language}")
    page.click("form:has-text('每日到店礼') button")
    page.wait_for_selector(".toast, [role=status]")
    page.wait_for_selector("form:has-text('每日到店礼')")

    assert page.locator("form:has-text('每日到店礼') button").count() == 0


@each_look
def test_what_was_not_returned_is_listed(screen_for, owner, store, packs, regular, now, size, language):
    where = {"at": now, "store": store, "actor": None}
    for number, source in enumerate((f"tier-upgrade:{regular.pk}:2:1", "order-reward:7:1")):
        give_pack(pack_id=packs["升级礼"].pk, member_id=regular.pk, source=source, **where)
        cancel_or_take_back(source=source, idempotency_key=f"b{number}", **where)
    screen = screen_for(owner, size=size, language=language)

    screen.open("/gifts/leaks/")

    fine(screen, f"leak-list-{language}")
    assert screen.page.locator("tbody tr").count() == 2


@each_look
def test_the_till_says_what_the_order_has_won(screen_for, shop, regular, occasions, size, language):
    allow(shop.cashier, *CASHIER)
    screen = screen_for(shop.cashier, till=shop.till.pk, size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, RICE)
    scan(page, "8821")
    page.wait_for_selector(".sale-member:has-text('王小明')")

    page.keyboard.press("Alt+Digit3")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-won]:has-text('满50送券')")

    fine(screen, f"order-won-{language}")
