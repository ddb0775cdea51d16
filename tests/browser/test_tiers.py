"""Tracks, drafts, card types and the member's levels in a real browser."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from catalog.models import Category
from core import roles
from gifts.models import Pack
from members.models import Member
from stores.models import Staff, Store
from tests.browser.steps import each_look, fine, ready, scan, shown
from tests.conftest import make_staff
from tests.factories.shop import Shop
from tests.factories.till import allow
from tiers import services
from tiers.models import Draft, PerkUse, Tier, TierGift, Version
from tiers.rules import Thresholds, Window
from tiers.terms import Terms, terms_of

pytestmark = pytest.mark.django_db(transaction=True)

PERKS = (
    {"code": "p1", "name": "免费咖啡", "per_month": 2, "note": "中杯，任选口味"},
    {"code": "p2", "name": "优先结账", "per_month": None, "note": ""},
)


@dataclass
class House:
    """An owner, a sale to look back at, a member with a silver tier and a black card."""

    owner: Staff
    member: Member
    silver: Tier
    draft: Draft


@pytest.fixture
def house(shop: Shop, regular: Member, store: Store, now: datetime) -> House:
    roles.sync()
    owner = make_staff("老板", "owner", store)
    owner.display_name = "林老板"
    owner.save()
    silver, gold = Tier.objects.get(code="silver"), Tier.objects.get(code="gold")
    fruit = Category.objects.create(name="水果")
    Category.objects.create(name="鲜切水果", parent=fruit)
    black = services.create_card_type(
        kind="invited", code="black_card", name="黑卡", colour="tier-5", discount_factor=Decimal("0.8800"),
        points_multiple=Decimal("1.50"), is_rechargeable=True, valid_months=12, actor=owner, at=now,
    )  # fmt: skip
    services.add_version(
        tier=silver, thresholds=Version.objects.get(tier=silver).rule, discount_factor=Decimal("0.9500"), perks=PERKS,
        keep_rule={"streak": {"months": 3, "metrics": {"spend": "200", "points": "300"}, "joint": "or"}},
        category_factors={str(fruit.pk): "0.9000"}, effective_at=now, actor=owner, at=now,
    )  # fmt: skip
    pack = Pack.objects.create(name="每月一杯咖啡")
    TierGift.objects.create(tier=silver, occasion="monthly", pack=pack, rolls_over=True)
    TierGift.objects.create(tier=gold, occasion="upgrade", pack=pack, is_pending=True)
    for number in range(2):
        basket = shop.basket((shop.rice, "3"), (shop.milk, "2"), member=regular)
        shop.confirm(basket, ("cash", "400"), key=uuid4(), at=now + timedelta(milliseconds=number))
    services.set_manually(
        member_id=regular.pk, tier=black, reason="老顾客", at=now + timedelta(milliseconds=2), store=store, actor=owner
    )
    draft = services.open_draft(track_id=silver.track_id, actor=owner, at=now)
    before = terms_of(Version.objects.filter(tier=silver).latest("pk"))
    terms = Terms(
        **{
            **vars(before),
            "thresholds": Thresholds({"spend": Decimal(400)}, window=Window("rolling_months", 6)),
            "discount_factor": Decimal("0.9300"),
            "grace_days": 7,
        }
    )
    services.save_level(draft_id=draft.pk, tier=silver, terms=terms, actor=owner, at=now)
    return House(owner, regular, silver, draft)


Desk = Callable[..., Any]


@pytest.fixture
def desk(house: House, screen_for: Any) -> Desk:
    def build(**options: Any) -> Any:
        return screen_for(house.owner, **options)

    return build


@each_look
def test_tracks_tiers_and_versions(desk: Desk, house: House, size: tuple[int, int], language: str) -> None:
    screen = desk(size=size, language=language)
    screen.open("/tiers/")
    shown(screen.page, "黑卡")
    fine(screen, f"tiers-list-{language}")
    screen.open(f"/tiers/{house.silver.pk}/")
    fine(screen, f"tiers-detail-{language}")
    screen.open(f"/tiers/{house.silver.pk}/versions/compare/")
    fine(screen, f"tiers-compare-{language}")
    screen.open("/tiers/cards/new/")
    fine(screen, f"tiers-card-{language}")
    screen.open(f"/tiers/{house.silver.pk}/gifts/new/")
    fine(screen, f"tiers-gift-{language}")


@each_look
def test_a_draft_is_edited_and_activated(desk: Desk, house: House, size: tuple[int, int], language: str) -> None:
    screen = desk(size=size, language=language)
    page = screen.page
    screen.open(f"/tiers/drafts/{house.draft.pk}/tiers/{house.silver.pk}/")
    page.wait_for_selector("#id_streak_months >> visible=true")
    assert not page.is_visible("#id_keep_spend")
    fine(screen, f"tiers-editor-{language}")
    page.fill("#id_pays", "91")
    page.press("#id_pays", "Tab")
    page.wait_for_selector("#summary:has-text('9.1折'), #summary:has-text('9% off')")
    page.locator("#summary").scroll_into_view_if_needed()
    fine(screen, f"tiers-editor-summary-{language}")
    page.click("main form .button-primary")
    page.wait_for_url(f"**/tiers/drafts/{house.draft.pk}/")
    fine(screen, f"tiers-draft-{language}")
    page.locator("form[action$='activation/']").scroll_into_view_if_needed()
    screen.picture(f"tiers-draft-foot-{language}")
    page.click("form[action$='activation/'] button[type=submit]")
    page.wait_for_selector("form[action$='activation/'] .field-error")
    page.fill("form[action$='activation/'] #id_reason", "开业首日")
    page.click("form[action$='activation/'] button[type=submit]")
    page.wait_for_selector(".toast")
    assert terms_of(Version.objects.filter(tier=house.silver).latest("pk")).discount_factor == Decimal("0.9100")


@each_look
def test_a_member_with_two_tiers_uses_a_service(desk: Desk, house: House, size: tuple[int, int], language: str) -> None:
    screen = desk(size=size, language=language)
    page = screen.page
    screen.open(f"/tiers/members/{house.member.pk}/changes/")
    fine(screen, f"tiers-history-{language}")
    screen.open(f"/tiers/members/{house.member.pk}/tier/")
    fine(screen, f"tiers-by-hand-{language}")
    screen.open(f"/members/{house.member.pk}/")
    button = page.locator("form[action$='/services/use/'] button").first
    button.wait_for()
    button.scroll_into_view_if_needed()
    fine(screen, f"tiers-member-{language}")
    button.click()
    page.wait_for_selector("text=/1 of 2|1\\/2/")
    assert PerkUse.objects.count() == 1
    screen.open(f"/tiers/members/{house.member.pk}/services/used/")
    fine(screen, f"tiers-services-{language}")


@each_look
def test_services_are_named_and_ticked_beside_the_sale(
    house: House, shop: Shop, screen_for: Any, size: tuple[int, int], language: str
) -> None:
    allow(shop.cashier, "checkout.use_checkout", "members.view_member", "tiers.view_period", "tiers.tick_perk")
    screen = screen_for(shop.cashier, till=shop.till.pk, size=size, language=language)
    page = screen.page
    ready(screen)
    scan(page, "8821")
    page.wait_for_selector(".perks-at-till")
    scan(page, "6901234567892")
    page.wait_for_selector("tr[data-line]")
    fine(screen, f"tiers-till-{language}")
    page.click(".perks-at-till > button")
    page.locator("#perks-dialog form button").first.click()
    page.wait_for_selector("text=/1 of 2|1\\/2/")
    fine(screen, f"tiers-till-open-{language}")
    assert PerkUse.objects.get().perk == "p1"
    page.keyboard.press("Escape")
    page.wait_for_selector("#perks-dialog", state="hidden")
    scan(page, "6907992100012")
    page.wait_for_selector("tr[data-line]:has-text('纯牛奶')")
