"""Reasons to come back, for the demo chain: coupons of several kinds, packs, tiers beside the ladder, their gifts."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import campaigns.services
import coupons.services
import gifts.services
import tiers.services
from campaigns.models import Giveaway, OrderReward
from catalog.models import Brand
from coupons.selectors.editing import list_classes
from gifts.models import Pack
from gifts.selectors import Part
from members.models import Member
from stores.models import Staff, Store
from tiers.models import PaidPlan, Tier, TierGift, Track
from tiers.rules import Thresholds
from tiers.selectors import list_versions_in_force
from tiers.services.memberships import save_paid_plan
from tiers.terms import terms_of

# name, what it does, its class
_COUPONS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("新人5元券", {"amount": Decimal(5), "valid_days": 30}, "general"),
    (
        "满200打9折",
        {"kind": "percent_off", "factor": Decimal("0.9"), "cap": Decimal(30), "threshold": Decimal(200)},
        "general",
    ),
    ("第二件半价", {"kind": "nth_item", "buy_pieces": 1, "factor": Decimal("0.5"), "pieces": 1}, "goods"),
    ("双倍积分", {"kind": "points_multiple", "multiple": Decimal(2), "threshold": Decimal(50)}, "points"),
    ("充500多送20", {"kind": "recharge", "amount": Decimal(20), "threshold": Decimal(500)}, "general"),
    (
        "周末早市满80减8",
        {
            "amount": Decimal(8),
            "threshold": Decimal(80),
            "conditions": {"weekdays": [6, 7], "from_time": "06:00", "to_time": "11:00"},
        },
        "general",
    ),
)
_PAID: Final = (("月卡", 1, "15.00"), ("季卡", 3, "39.00"), ("年卡", 12, "139.00"))


def give_reasons(*, owner: Staff, store: Store, at: datetime) -> None:
    """Set everything up once; the owner of the demo finds each thing in its list and can change it."""
    templates = _templates(at)
    welcome = _pack("新人礼包", at, Part("points", Decimal(50)), _coupon(templates["新人5元券"]))
    monthly = _pack("月度好礼", at, _coupon(templates["第二件半价"]), _coupon(templates["双倍积分"]))
    reached = _pack("升级礼包", at, Part("points", Decimal(200)), _coupon(templates["满200打9折"]))
    back = _pack("满赠礼", at, _coupon(templates["周末早市满80减8"]))
    campaigns.services.save_giveaway(
        giveaway=Giveaway(name="入会送礼", pack=welcome, trigger="registered"), stores=[], actor=None, at=at
    )
    campaigns.services.save_reward(
        reward=OrderReward(name="满300送周末券", pack=back, threshold=Decimal(300)), stores=[], actor=None, at=at
    )
    coupons.services.save_offer(
        offer_id=None,
        template_id=templates["双倍积分"],
        name="扫码领双倍积分",
        starts_at=at,
        ends_at=at + timedelta(days=60),
        limit=500,
        is_open=True,
        actor=owner,
        at=at,
    )
    _ladder(monthly, reached, at)
    _other_tracks(owner, store, at)


def _templates(at: datetime) -> dict[str, int]:
    made = {}
    classes = {one.code: one for one in list_classes()}
    for name, terms, category in _COUPONS:
        options: dict[str, Any] = {"validity": "days", "valid_days": 60, "threshold": Decimal(0), **terms}
        brand = Brand.objects.order_by("pk").first()
        if terms.get("kind") == "nth_item" and brand is not None:
            options["scope"] = {"brands": [brand.pk]}
        template = coupons.services.create_template(
            actor=None,
            at=at,
            name=name,
            stack_category=classes[category],
            **options,
        )
        coupons.services.set_template_status(template_id=template.pk, status="active", actor=None, at=at)
        made[name] = template.pk
    return made


def _coupon(template_id: int) -> Part:
    return Part("coupon", Decimal(1), template_id=template_id)


def _pack(name: str, at: datetime, *parts: Part) -> Pack:
    return gifts.services.save_pack(pack=Pack(name=name), parts=parts, actor=None, at=at)


def _ladder(monthly: Pack, reached: Pack, at: datetime) -> None:
    """Gold and diamond: gifts on the way up and every month, and services that the till ticks off."""
    for code, perks in (
        ("gold", ({"code": "wrap", "name": "免费礼品包装", "per_month": 2, "note": ""},)),
        (
            "diamond",
            (
                {"code": "wrap", "name": "免费礼品包装", "per_month": None, "note": ""},
                {"code": "deliver", "name": "免费送货上门", "per_month": 4, "note": "三公里以内"},
            ),
        ),
    ):
        version = next(one for one in list_versions_in_force(at) if one.tier.code == code)
        terms = replace(terms_of(version), perks=perks)
        tiers.services.add_version(tier=version.tier, effective_at=at, actor=None, at=at, **vars(terms))
        for occasion, pack in (("upgrade", reached), ("monthly", monthly)):
            gift = TierGift(tier=version.tier, occasion=occasion, pack=pack)
            tiers.services.save_gift(gift=gift, actor=None, at=at)


def _other_tracks(owner: Staff, store: Store, at: datetime) -> None:
    """A tier for recharging, one that is bought, and a card by hand that cannot be recharged."""
    stored = _level("stored", "stored_gold", "储值金卡", "tier-2", at)
    _rules(stored, at, "0.9500", Thresholds({"recharge": Decimal(2000)}))
    plus = _level("paid", "plus", "PLUS会员", "tier-5", at)
    _rules(plus, at, "0.9200")
    for position, (name, months, price) in enumerate(_PAID):
        plan = PaidPlan(tier=plus, name=f"PLUS{name}", months=months, price=Decimal(price), position=position)
        save_paid_plan(plan=plan, actor=None, at=at)
    card = tiers.services.create_card_type(
        kind="invited",
        code="company",
        name="企业员工卡",
        colour="tier-4",
        discount_factor=Decimal("0.8800"),
        points_multiple=Decimal(1),
        is_rechargeable=False,
        valid_months=12,
        actor=None,
        at=at,
    )
    for member in Member.objects.filter(status=Member.Status.ACTIVE).order_by("-pk")[:3]:
        tiers.services.set_manually(
            member_id=member.pk, tier=card, reason="演示：合作企业员工", at=at, store=store, actor=owner
        )


def _level(track: str, code: str, name: str, colour: str, at: datetime) -> Tier:
    on = Track.objects.get(code=track)
    return tiers.services.create_tier(
        track_id=on.pk,
        above_id=Tier.objects.get(track=on, rank=0).pk,
        code=code,
        name=name,
        colour=colour,
        is_rechargeable=True,
        actor=None,
        at=at,
    )


def _rules(tier: Tier, at: datetime, factor: str, thresholds: Thresholds | None = None) -> None:
    tiers.services.add_version(
        tier=tier,
        effective_at=at,
        actor=None,
        at=at,
        thresholds=thresholds or Thresholds(),
        discount_factor=Decimal(factor),
    )
