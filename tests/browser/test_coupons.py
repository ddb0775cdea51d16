"""The desk of coupons in a real browser: writing a template, starting it, comparing versions, classes, the wallet."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from catalog.models import Brand, Category
from coupons import services
from coupons.models import Coupon, StackPair, Template
from members.models import Member
from stores.models import Staff, Store
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.members import create_member

from .conftest import Screen

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = [((1366, 768), "zh-hans"), ((1024, 768), "en")]


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


@pytest.fixture
def goods(db: None) -> Category:
    drinks = Category.objects.create(name="饮料")
    Category.objects.create(name="茶饮", parent=drinks)
    Brand.objects.create(name="山泉")
    return drinks


def clean(screen: Screen) -> None:
    assert (screen.violations(), screen.complaints) == ([], [])


def test_a_percent_coupon_is_written_read_in_words_and_started_with_a_reason(
    screen_for: Callable[..., Screen], owner: Staff, goods: Category
) -> None:
    screen = screen_for(owner)
    page = screen.page
    screen.open("/coupons/templates/new/")
    assert page.is_hidden("#id_factor")
    page.fill("#id_name", "茶饮85折")
    page.select_option("#id_kind", "percent_off")
    assert (page.is_visible("#id_factor"), page.is_hidden("#id_amount")) == (True, True)
    page.fill("#id_factor", "85")
    page.fill("#id_cap", "20")
    page.fill("#id_threshold", "50")
    page.click("summary:has-text('Categories and brands')")
    page.check(f"input[name=categories][value='{goods.pk}']")
    page.check("input[name=weekdays][value='6']")
    page.check("input[name=validity][value=days]")
    page.fill("#id_valid_days", "30")
    page.fill("#id_order_limit", "1")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=15% off, at most ¥20.00 from ¥50.00")
    page.wait_for_selector("text=For the category 饮料.")
    page.wait_for_selector("text=Only on Saturday.")
    clean(screen)
    screen.picture("coupon-template-form")

    page.click("button:has-text('Save draft')")
    page.wait_for_selector("text=Start this coupon")
    page.fill("#id_reason", "Same as last year")
    page.click("form:has(#id_reason) button:has-text('Start')")
    page.wait_for_selector("text=is now: active")

    clean(screen)
    template = Template.objects.get()
    assert (template.status, template.factor, template.cap) == ("active", Decimal("0.8500"), Decimal("20.00"))
    assert (template.scope, template.conditions) == ({"categories": [goods.pk]}, {"weekdays": [6]})


@pytest.mark.parametrize(("size", "language"), SIZES)
def test_the_pages_of_templates_are_whole(
    screen_for: Callable[..., Screen],
    owner: Staff,
    store: Store,
    member: Member,
    now: datetime,
    size: tuple[int, int],
    language: str,
) -> None:
    template = create_template(at=now, redeem_limit=500)
    issue_coupon(template, member.pk, at=now)
    template.refresh_from_db()
    template.threshold, template.conditions = Decimal(80), {"stores": [store.pk], "weekdays": [6, 7]}
    services.save_template(template=template, actor=owner, at=now, store_limits={store.pk: 30})
    create_template(at=now, name="买二送一", kind="buy_get", buy_pieces=2, pieces=1, is_active=False)
    screen = screen_for(owner, size=size, language=language)

    for name, path in (
        ("template-list", "templates/"),
        ("template-detail", f"templates/{template.pk}/"),
        ("template-draft", f"templates/{template.pk + 1}/"),
        ("template-edit", f"templates/{template.pk}/edit/"),
        ("version-list", f"templates/{template.pk}/versions/"),
        ("class-list", "classes/"),
        ("coupon-list", ""),
    ):
        screen.open(f"/coupons/{path}")
        clean(screen)
        assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        screen.picture(f"{name}-{language}-{size[0]}")


@pytest.mark.parametrize(("size", "language"), SIZES)
def test_a_coupon_and_the_wallet_of_a_member_are_whole(
    screen_for: Callable[..., Screen],
    owner: Staff,
    member: Member,
    now: datetime,
    size: tuple[int, int],
    language: str,
) -> None:
    used, _unused = (issue_coupon(create_template(at=now, valid_days=3), member.pk, at=now) for _ in range(2))
    issue_coupon(create_template(at=now, kind="voucher", uses=5, name="洗护5次"), member.pk, at=now)
    issue_coupon(create_template(at=now, starts_next_day=True), member.pk, at=now)
    services.redeem(
        coupon_id=used.pk, member_id=member.pk, amount=Decimal(10), source="order:1", idempotency_key="x", at=now,
        store=member.store, actor=owner,
    )  # fmt: skip
    screen = screen_for(owner, size=size, language=language)

    for name, path in (
        ("coupon-detail", f"coupons/{used.pk}/"),
        ("wallet", f"coupons/members/{member.pk}/"),
        ("wallet-used", f"coupons/members/{member.pk}/?state=used"),
        ("member", f"members/{member.pk}/"),
    ):
        screen.open(f"/{path}")
        screen.page.wait_for_load_state("networkidle")
        clean(screen)
        assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        screen.picture(f"{name}-{language}-{size[0]}")
    assert Coupon.objects.filter(status="issued").count() == 3


def test_a_pair_of_classes_is_unticked_and_a_class_is_added(screen_for: Callable[..., Screen], owner: Staff) -> None:
    screen = screen_for(owner)
    page = screen.page
    screen.open("/coupons/classes/")

    page.uncheck("input[aria-label='通用券 together with 兑换券']")
    page.fill("#id_new_name", "生日券")
    page.fill("#id_new_code", "birthday")
    page.click("button:has-text('Save')")

    page.wait_for_selector("text=通用券: up to 1 per order, together with 积分券.")
    page.wait_for_selector("text=生日券: up to 1 per order, with no other class.")
    clean(screen)
    assert StackPair.objects.count() == 2
