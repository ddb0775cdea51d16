"""An order lifts a member to a level that gives a pack, the till says so, and the void takes it all back."""

from decimal import Decimal
from uuid import uuid4

import pytest

import coupons.services
import points.selectors
import wallet.selectors
from checkout.models import Receipt
from checkout.services import void_order
from coupons.models import Coupon
from gifts.models import Grant
from tests.factories.coupons import create_template
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tiers.models import Tier, TierGift
from tiers.selectors import get_benefits


@pytest.fixture
def silver(db):
    return Tier.objects.get(code="silver")


@pytest.fixture
def buy(shop):
    """Rice for 539.10, which is enough for silver."""

    def sell(member):
        basket = shop.basket((shop.rice, "9"), member=member)
        return shop.confirm(basket, ("wechat", "539.10"))

    return sell


def tier_of(member, now):
    return get_benefits(member_id=member.pk, at=now).tier_code


def gifts_on(order_id):
    return Receipt.objects.get(order_id=order_id).data["member"]["gifts"]


def test_the_pack_of_a_new_level_is_on_the_receipt_and_goes_back_with_the_void(
    shop, silver, buy, manager, now, ledgers_agree
):
    pack = create_pack(name="升级礼", points=50, goods="Mug")
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=pack)
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(name="慢礼", points=70), is_pending=True)
    member = create_member(shop.store)

    order = buy(member)

    assert tier_of(member, now) == "silver"
    assert [(row["name"], row["from"]) for row in gifts_on(order)] == [("升级礼", None), ("慢礼", "2026-03-26")]
    assert gifts_on(order)[0]["texts"][1] == "Mug"
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 50 + 539

    void_order(key=uuid4(), order_id=order, till=shop.till, reason="typo", actor=manager, at=now)

    assert tier_of(member, now) == "normal"
    assert dict(Grant.objects.values_list("pack__name", "status")) == {"升级礼": "settled", "慢礼": "cancelled"}
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 0
    ledgers_agree()


def test_the_balances_of_a_receipt_include_what_the_new_level_gave_and_the_void_takes_it_back(
    shop, silver, buy, manager, now, ledgers_agree
):
    pack = create_pack(points=50, bonus="6.00", bonus_days=30)
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=pack)
    member = create_member(shop.store)

    order = buy(member)

    receipt = Receipt.objects.get(order_id=order).data["member"]
    assert (receipt["points_earned"], receipt["points_balance"]) == (539, 589)
    assert (receipt["wallet_principal"], receipt["wallet_bonus"]) == ("0.00", "6.00")

    void_order(key=uuid4(), order_id=order, till=shop.till, reason="typo", actor=manager, at=now)

    assert Grant.objects.get().status == "taken_back"
    assert points.selectors.get_balance(member_id=member.pk, at=now).balance == 0
    assert wallet.selectors.get_balance(member_id=member.pk, at=now).total == 0
    ledgers_agree()


def test_a_used_gift_of_a_revoked_level_never_blocks_the_void(shop, silver, buy, manager, now, ledgers_agree):
    template = create_template(amount=Decimal(5), threshold=Decimal(0))
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(coupons={template.pk: 2}))
    member = create_member(shop.store)
    order = buy(member)
    used = Coupon.objects.order_by("pk")[0]
    coupons.services.redeem(
        coupon_id=used.pk, member_id=member.pk, amount=Decimal(5), source="t:1", idempotency_key="t:1", at=now,
        store=shop.store, actor=None,
    )  # fmt: skip

    void_order(key=uuid4(), order_id=order, till=shop.till, reason="typo", actor=manager, at=now)

    assert tier_of(member, now) == "normal"
    grant = Grant.objects.get()
    assert (grant.status, sorted(grant.items.values_list("state", flat=True))) == ("settled", ["taken_back", "used"])
    ledgers_agree()
