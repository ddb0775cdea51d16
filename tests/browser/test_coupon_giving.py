"""Giving coupons in a real browser: a batch by conditions, an offer and its public page, the recharge, the report."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.celery import app as celery_app
from coupons import services
from coupons.models import Batch, Coupon, Offer
from jobs.services import sweep
from members.models import Member
from stores.models import Staff, Store
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.members import create_member
from tests.factories.shop import Shop

from .conftest import Screen

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = [((1366, 768), "zh-hans"), ((1024, 768), "en")]
PHONE = "13812345678"


@pytest.fixture(autouse=True)
def _tasks() -> None:
    """Queued tasks can be called by name, as in a worker."""
    celery_app.loader.import_default_modules()


@pytest.fixture
def members(store: Store) -> list[Member]:
    return [create_member(store, name=name) for name in ("王小明", "李芳", "陈晨")]


@pytest.fixture
def offer(store: Store, owner: Staff, now: datetime) -> Offer:
    return services.save_offer(
        offer_id=None,
        template_id=create_template(description="每单限用一张").pk,
        name="门口海报",
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=10),
        limit=100,
        is_open=True,
        actor=owner,
        at=now,
    )


def clean(screen: Screen) -> None:
    assert (screen.violations(), screen.complaints) == ([], [])


def test_a_batch_goes_to_whoever_fits_conditions_once_its_figures_were_seen(
    screen_for: Callable[..., Screen], owner: Staff, members: list[Member]
) -> None:
    template = create_template()
    Member.objects.filter(pk=members[0].pk).update(gender="female")
    screen = screen_for(owner)
    page = screen.page
    screen.open("/coupons/batches/new/")
    assert page.is_hidden("#rule-rows")
    page.fill("#id_name", "妇女节")
    page.select_option("#id_template", str(template.pk))
    page.check("input[name=who][value=rule]")
    page.select_option("select[name=fact-0]", "members.gender")
    page.wait_for_selector("select[name=value-0]")
    page.select_option("select[name=value-0]", "female")
    page.click("button[name=preview]")
    page.wait_for_selector("text=Give 1 coupon")
    clean(screen)
    screen.picture("batch-form-en")
    page.click("button[name=confirm]")
    page.wait_for_url("**/coupons/batches/*/")

    assert Coupon.objects.get().member_id == members[0].pk
    assert Batch.objects.get().status == "done"
    page.fill("#id_reason", "wrong day")
    page.click("button:has-text('Withdraw')")
    page.wait_for_selector("text=Unused coupons of the batch are being withdrawn.")
    assert Coupon.objects.get().status == "void"
    clean(screen)


@pytest.mark.parametrize(("size", "language"), SIZES)
def test_the_pages_of_batches_and_offers_look_well_in_both_languages(
    screen_for: Callable[..., Screen],
    owner: Staff,
    store: Store,
    members: list[Member],
    offer: Offer,
    now: datetime,
    size: tuple[int, int],
    language: str,
) -> None:
    batch = services.start_batch(
        template_id=offer.template_id, name="春季回馈", audience={}, actor=owner, at=now, store=store
    )
    services.claim(offer_id=offer.pk, member_id=members[0].pk, at=now, store=store, actor=owner)
    screen = screen_for(owner, size=size, language=language)
    for name, path in (
        ("batches", "/coupons/batches/"),
        ("batch", f"/coupons/batches/{batch.pk}/"),
        ("batch-new", "/coupons/batches/new/"),
        ("offers", "/coupons/offers/"),
        ("offer", f"/coupons/offers/{offer.pk}/"),
        ("offer-new", "/coupons/offers/new/"),
        ("report", "/reports/coupons/?period=month"),
    ):
        screen.open(path)
        clean(screen)
        screen.picture(f"{name}-{language}")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_stranger_claims_on_a_phone_and_learns_nothing(
    screen_for: Callable[..., Screen], owner: Staff, store: Store, offer: Offer, language: str
) -> None:
    member = create_member(store, phone=PHONE)
    screen = screen_for(owner, size=(390, 780), language=language)
    screen.page.context.clear_cookies(name="sessionid")
    page = screen.page
    screen.open(f"/c/{offer.code}/")
    clean(screen)
    screen.picture(f"claim-{language}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.fill("#id_phone", PHONE)
    page.click("button[type=submit].button-primary")
    page.wait_for_selector(".alert-success")
    sweep(at=timezone.now())

    assert Coupon.objects.get().member_id == member.pk
    assert member.name not in page.content()
    clean(screen)
    screen.picture(f"claimed-{language}")


@pytest.mark.parametrize(("size", "language"), SIZES)
def test_a_coupon_puts_more_bonus_on_a_recharge(
    screen_for: Callable[..., Screen],
    shop: Shop,
    regular: Member,
    owner: Staff,
    size: tuple[int, int],
    language: str,
) -> None:
    template = create_template(kind="recharge", amount=Decimal("20.00"), threshold=Decimal("200.00"), name="充值加赠券")
    coupon = issue_coupon(template, regular.pk)
    screen = screen_for(owner, size=size, language=language, till=shop.till.pk)
    page = screen.page
    screen.open(f"/checkout/recharges/new/?member={regular.pk}")
    page.fill("#id_amount", "200")
    page.check(f"input[name=coupon][value='{coupon.pk}']")
    screen.picture(f"recharge-{language}")
    clean(screen)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-bonus]")

    assert "20.00" in page.inner_text("[data-bonus]")
    coupon.refresh_from_db()
    assert coupon.status == "redeemed"
    screen.picture(f"recharged-{language}")
