"""Card types that the shop makes itself (M13, M14), lower thresholds without a developer (T12), services (T08)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

import tiers.selectors
from checkout.models import Basket, Order
from members.models import Member
from stores.models import Staff
from tests.factories.shop import Shop
from tiers import services
from tiers.models import Change, Tier, Version
from tiers.terms import Terms, terms_of


@pytest.fixture
def head(owner: Staff, client_for: Any) -> Client:
    client: Client = client_for(owner)
    client.cookies["django_language"] = "en"
    return client


def new_card(head: Client, **changes: str) -> Tier:
    head.post(
        "/tiers/cards/new/",
        {
            "kind": "invited", "code": "staff_card", "name": "员工卡", "colour": "tier-5", "pays": "70",
            "points_multiple": "0.5", "valid_months": "6", "is_rechargeable": "on", **changes,
        },
    )  # fmt: skip
    return Tier.objects.select_related("track").get(code="staff_card")


def test_a_card_type_made_on_a_page_sells_at_its_own_discount_and_points(
    head: Client, shop: Shop, regular: Member
) -> None:
    card = new_card(head)
    form = {"tier": card.pk, "reason": "Staff", "command_key": str(uuid4()), "joins_auto_upgrade": "on"}
    assert head.post(f"/tiers/members/{regular.pk}/tier/", form).status_code == 302
    later = Change.objects.get(to_tier=card).occurred_at + timedelta(seconds=1)
    shop.now = later

    basket = shop.basket((shop.rice, "2"), member=regular)
    shop.confirm(basket, ("cash", "100"), at=later)

    # 119.80 x 0.7 = 83.86. Of the multiples 1 (Normal) and 0.5 (the card) the better one counts: 83 points.
    order = Order.objects.get()
    assert order.payable == Decimal("83.86")
    assert order.points_earned == 83
    assert tiers.selectors.get_benefits(member_id=regular.pk, at=later).sources[0].tier_name == "员工卡"


def test_a_card_type_for_a_time_gives_nothing_after_it(head: Client, shop: Shop, regular: Member, now: Any) -> None:
    card = new_card(head, valid_months="1")
    form = {"tier": card.pk, "reason": "Staff", "command_key": str(uuid4())}
    head.post(f"/tiers/members/{regular.pk}/tier/", form)
    until = Change.objects.get(to_tier=card).period.valid_until
    assert until is not None

    before = tiers.selectors.get_benefits(member_id=regular.pk, at=until - timedelta(microseconds=1))
    after = tiers.selectors.get_benefits(member_id=regular.pk, at=until)

    assert (before.discount_factor, after.discount_factor) == (Decimal("0.7000"), Decimal("1.0000"))


def test_a_retired_tier_is_kept_by_who_holds_it_and_given_to_nobody(head: Client, shop: Shop, regular: Member) -> None:
    card = new_card(head)
    url = f"/tiers/members/{regular.pk}/tier/"
    head.post(url, {"tier": card.pk, "reason": "Staff", "command_key": str(uuid4())})
    head.post(f"/tiers/{card.pk}/retirement/", {"retired": "1"})
    later = Change.objects.get(to_tier=card).occurred_at + timedelta(seconds=1)

    assert tiers.selectors.get_benefits(member_id=regular.pk, at=later).discount_factor == Decimal("0.7000")
    refused = head.post(url, {"tier": card.pk, "reason": "Again", "command_key": str(uuid4())})
    assert refused.status_code == 422
    assert Change.objects.count() == 1


def test_lower_thresholds_begin_on_their_day_and_old_history_still_explains_old_decisions(
    head: Client, shop: Shop, regular: Member, owner: Staff
) -> None:
    silver = Tier.objects.get(code="silver")
    first = Version.objects.get(tier=silver)
    basket = shop.basket((shop.milk, "11"), member=regular)
    shop.confirm(basket, ("cash", "600"))
    change = Change.objects.get()
    assert (change.to_tier, change.period.version) == (silver, first)

    draft = services.open_draft(track_id=silver.track_id, actor=owner, at=shop.now)
    lower = Terms(**{**vars(terms_of(first)), "discount_factor": Decimal("0.9400")})
    services.save_level(draft_id=draft.pk, tier=silver, terms=lower, actor=owner, at=shop.now)
    services.activate_draft(draft_id=draft.pk, effective_at=shop.now, reason="Sale season", actor=owner, at=shop.now)

    change.refresh_from_db()
    assert change.period.version == first
    page = head.get(f"/tiers/members/{regular.pk}/changes/").content.decode()
    assert "spend ¥537.80 since" in page
    assert f"#version-{first.pk}" in page
    assert tiers.selectors.get_benefits(member_id=regular.pk, at=shop.now).discount_factor == Decimal("0.9400")


def test_the_card_of_the_sale_names_services_without_another_statement(
    shop: Shop, regular: Member, owner: Staff, client_for: Any, django_assert_num_queries: Any
) -> None:
    silver = Tier.objects.get(code="silver")
    services.set_manually(member_id=regular.pk, tier=silver, reason="x", at=shop.now, store=shop.store, actor=owner)
    plain = shop.basket((shop.rice, "1"), member=regular)
    assert plain.quote["tier"]["held"][0]["perks"] == []
    services.add_version(
        tier=silver, thresholds=Version.objects.get(tier=silver).rule, effective_at=shop.now, actor=None, at=shop.now,
        perks=({"code": "p1", "name": "免费咖啡", "per_month": 2, "note": ""},),
    )  # fmt: skip
    Basket.objects.all().delete()

    rich = shop.basket((shop.rice, "1"), member=regular)

    assert [perk["name"] for perk in rich.quote["tier"]["held"][0]["perks"]] == ["免费咖啡"]
