"""Putting the demo chain together: reference data and the year through the import path, value through the services."""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

import coupons.services
import passes.selectors
import passes.services
import points.services
import tags.selectors
import tags.services
import tiers.services
from audit.models import Record
from catalog.models import Product
from checkout.models import Order, Shift, Till
from checkout.selectors.orders import shift_summary
from checkout.services import (
    Tender,
    add_products,
    attach_member,
    close_shift,
    confirm_sale,
    open_basket,
    open_shift,
    recharge_at_till,
    save_till,
    sell_pass,
)
from core import audit
from core.days import local_day
from gifts.models import RechargePlan
from gifts.services import save_plan
from lifecycle.models import ImportRun
from lifecycle.services import sales
from lifecycle.services.demo import goods, history, people
from lifecycle.services.demo.reasons import give_reasons
from lifecycle.services.importing import Wish, import_rows, record_import
from lifecycle.services.reading import Given, Report
from members.models import Member
from stores import demo
from stores.models import Staff, Store
from stores.services import save_staff, save_store, set_pin

SOURCE: Final = "demo"
SEED: Final = 20260318
TILL_PIN: Final = "2580"
_STORES: Final = (
    ("RM01", "人民广场店", "上海市黄浦区人民大道 100 号", "021-55500001"),
    ("XH02", "徐家汇店", "上海市徐汇区漕溪北路 200 号", "021-55500002"),
    ("PD03", "陆家嘴店", "上海市浦东新区世纪大道 300 号", "021-55500003"),
)
_NAMES: Final = {
    "owner": "周老板",
    "manager": "林店长",
    "marketer": "苏运营",
    "cashier": "李晓雯",
    "finance": "钱会计",
    "auditor": "严审计",
}
_PLANS: Final = (("充500送50", 500, 50, 0), ("充1000送150", 1000, 150, 500), ("充2000送400", 2000, 400, 2000))


def load(*, at: datetime) -> dict[str, int]:
    """Make the demo chain; what is there already stays as it is, so running it again adds nothing.

    The year of history ends on the day before yesterday; yesterday's sales and recharges went over real tills.
    Everything but the random parts of keys and codes is the same for the same day.
    """
    if Record.objects.filter(action="demo.loaded").exists():
        return {"orders": 0, "members": 0, "products": 0}
    yesterday = local_day(at) - timedelta(days=1)
    random = Random(SEED)  # noqa: S311 - the same history every time, nothing secret
    with transaction.atomic():
        stores = _stores(at)
        staff = _staff(stores, at)
        tills = _tills(stores, at)
        counts = _history(random, stores, yesterday - timedelta(days=1), at)
        _plans(at)
        _pass_plans(at)
        _tags(at)
    for _counts in tiers.services.evaluate_due(yesterday, at):
        pass
    _yesterday(random, tills, staff, yesterday)
    for _counts in tags.services.retag_all(yesterday, at):
        pass
    with transaction.atomic():
        give_reasons(owner=staff["owner"], store=stores[0], at=at)
        audit.record("demo.loaded", actor=None, subject="demo:chain", at=at, counts=counts)
    return counts


def _stores(at: datetime) -> list[Store]:
    made = []
    for code, name, address, phone in _STORES:
        store = Store.objects.filter(code=code).first() or save_store(
            store=Store(code=code, name=name, address=address, phone=phone, time_zone=settings.TIME_ZONE),
            actor=None,
            at=at,
        )
        made.append(store)
    return made


def _staff(stores: list[Store], at: datetime) -> dict[str, Staff]:
    """One person per role with the password that a demo installation shows; cashier and manager work at some stores."""
    places = {"cashier": stores[:1], "manager": stores[:2]}
    people_by_role = {}
    for role in demo.USERNAMES:
        person = Staff.objects.filter(username=role).first()
        if person is None:
            person = save_staff(
                staff=Staff(username=role, display_name=_NAMES[role]),
                roles=[Group.objects.get_or_create(name=role)[0]],
                stores=places.get(role, stores),
                actor=None,
                at=at,
                password=demo.PASSWORD,
            )
        people_by_role[role] = person
    for role in ("cashier", "manager"):
        if not people_by_role[role].pin_hash:
            set_pin(staff=people_by_role[role], pin=TILL_PIN, actor=people_by_role["owner"], at=at)
    return people_by_role


def _tills(stores: list[Store], at: datetime) -> list[Till]:
    made = []
    for store in stores:
        for number in (1, 2):
            till = Till.objects.filter(store=store, code=f"T{number}").first()
            if till is None:
                till = save_till(till=Till(store=store, code=f"T{number}", name=f"{number}号机"), actor=None, at=at)
            made.append(till)
    return made


def _history(random: Random, stores: list[Store], last_day: date, at: datetime) -> dict[str, int]:
    rows = list(goods.products())
    counts = {"products": _import(ImportRun.Kind.PRODUCTS, iter(rows), stores[0], at)}
    codes = [store.code for store in stores]
    shoppers, members = zip(*people.shoppers(random, codes, last_day), strict=True)
    counts["members"] = _import(ImportRun.Kind.MEMBERS, iter(members), stores[0], at)
    counts["orders"] = 0
    if not Order.objects.filter(external_source=SOURCE).exists():
        report = Report()
        batch = sales.Batch(source=SOURCE, at=at)
        with sales.staging() as stage:
            for row in history.staged_rows(random, list(shoppers), history.goods_of(rows, random), codes, last_day):
                stage(row)
        sales.check_staged(batch=batch, report=report)
        sales.insert_staged(batch=batch)
        record_import(kind=ImportRun.Kind.ORDERS, source=SOURCE, report=report, actor=None, at=at)
        counts["orders"] = int(report.counts["orders"])
    return counts


def _import(kind: str, values: Iterator[dict[str, Any]], store: Store, at: datetime) -> int:
    report = Report()
    import_rows(rows=Given(values), wish=Wish(kind=kind, source=SOURCE, store=store), actor=None, at=at, report=report)
    return int(report.counts.get("new", 0))


def _plans(at: datetime) -> None:
    for position, (name, amount, bonus, gift) in enumerate(_PLANS):
        if not RechargePlan.objects.filter(name=name).exists():
            plan = RechargePlan(
                name=name, amount=Decimal(amount), bonus=Decimal(bonus), points=gift, bonus_days=365, position=position
            )
            save_plan(plan=plan, stores=[], actor=None, at=at)


def _pass_plans(at: datetime) -> None:
    """Two passes for the services of the catalogue: ten uses that never end, and a month of days."""
    services = list(Product.objects.filter(kind=Product.Kind.SERVICE, is_active=True).order_by("sku")[:2])
    if not services or passes.selectors.list_plans().exists():
        return
    washing, other = services[0], services[-1]
    ten = {"name": f"{washing.name}10送2次卡", "price": washing.list_price * 10, "paid_uses": 10, "gift_uses": 2}
    month = {"name": f"{other.name}月卡", "price": other.list_price * 8, "is_unlimited": True, "valid_days": 30}
    for position, (plan, product) in enumerate(((ten, washing), (month, other))):
        passes.services.create_plan(
            products=[product],
            stores=[],
            actor=None,
            at=at,
            position=position,
            unit_list_price=product.list_price,
            is_shareable=position == 0,
            **plan,
        )


def _sell_passes(members: list[Member], tills: list[Till], actor: Staff, at: datetime) -> None:
    plans = list(passes.selectors.list_plans().order_by("position"))
    for number, plan in enumerate(plans):
        for member in members[number * 2 : number * 2 + 2]:
            sell_pass(
                key=_key(f"pass-{number}", member),
                till=tills[number % len(tills)],
                member_id=member.pk,
                plan_id=plan.pk,
                price=plan.price,
                kind="wechat",
                received=plan.price,
                actor=actor,
                at=at,
            )


def _tags(at: datetime) -> None:
    if tags.selectors.list_tags().exists():
        return
    tags.services.save_tag(name="爱投诉", actor=None, at=at, kind="manual", colour="danger")
    tags.services.save_tag(
        name="忠实顾客",
        actor=None,
        at=at,
        kind="automatic",
        colour="success",
        description="90 天内消费 10 次以上",
        rule={"all": [{"fact": "checkout.orders_in_days", "op": "gte", "value": 10, "params": {"days": 90}}]},
    )


def _templates(at: datetime) -> list[int]:
    made = []
    for name, amount, threshold, stacks in (("满100减10", 10, 100, True), ("满200减25", 25, 200, False)):
        template = coupons.services.create_template(
            actor=None,
            at=at,
            name=name,
            amount=Decimal(amount),
            threshold=Decimal(threshold),
            validity="days",
            valid_days=60,
            stacks_with_tier=stacks,
        )
        coupons.services.set_template_status(template_id=template.pk, status="active", actor=None, at=at)
        made.append(template.pk)
    return made


def _yesterday(random: Random, tills: list[Till], staff: dict[str, Staff], day: date) -> None:
    """A day at the tills through the same services as the screens: recharges, coupons, points and sales."""
    morning = datetime.combine(day, time(8, 30), tzinfo=ZoneInfo(settings.TIME_ZONE))
    if Shift.objects.exists():
        return
    owner = staff["owner"]
    shifts = [open_shift(till=till, opening_float=Decimal("500.00"), actor=owner, at=morning) for till in tills]
    members = list(Member.objects.filter(external_source=SOURCE).order_by("external_id")[:50])
    _give_value(random, members, tills, owner, morning + timedelta(minutes=5))
    _sell_passes(members, tills, owner, morning + timedelta(minutes=20))
    products = list(Product.objects.filter(sku__startswith="D", is_weighed=False, kind="goods").order_by("sku"))
    for number in range(40):
        till = tills[number % len(tills)]
        member = random.choice(members) if number % 3 else None
        _sell(random, till, member, products, owner, morning + timedelta(minutes=40 + number * 17))
    for shift in shifts:
        close_shift(
            shift_id=shift.pk, counted_cash=_expected_cash(shift), actor=owner, at=morning + timedelta(hours=13)
        )


def _give_value(random: Random, members: list[Member], tills: list[Till], actor: Staff, at: datetime) -> None:
    plans = list(RechargePlan.objects.order_by("position"))
    templates = _templates(at)
    for number, member in enumerate(members):
        store = tills[0].store
        if number % 2 == 0:
            plan = plans[number // 2 % len(plans)]
            recharge_at_till(
                key=_key("recharge", member),
                till=tills[number % len(tills)],
                member_id=member.pk,
                amount=plan.amount,
                plan_id=plan.pk,
                kind=random.choice(["wechat", "alipay", "card"]),
                received=plan.amount,
                actor=actor,
                at=at,
            )
        points.services.earn(
            member_id=member.pk,
            points=random.randint(1, 60) * 100,
            source=f"member:{member.pk}",
            idempotency_key=f"demo:opening:{member.pk}",
            kind="opening",
            at=at,
            store=store,
            actor=actor,
        )
        if number % 3 == 0:
            coupons.services.issue(
                template_id=templates[number % 2],
                member_id=member.pk,
                source="demo:welcome",
                idempotency_key=f"demo:coupon:{member.pk}",
                at=at,
                store=store,
                actor=actor,
            )


def _sell(
    random: Random, till: Till, member: Member | None, products: list[Product], actor: Staff, at: datetime
) -> None:
    basket = open_basket(till=till, actor=actor, at=at)
    chosen = random.sample(products, random.randint(1, 6))
    items = [(product, Decimal(random.choice([1, 1, 1, 2]))) for product in chosen]
    basket, quote = add_products(basket_id=basket.pk, items=items, at=at)
    if member is not None:
        basket, quote = attach_member(basket_id=basket.pk, member_id=member.pk, at=at)
    kind = random.choice(["cash", "wechat", "wechat", "alipay", "card"])
    confirm_sale(
        key=uuid.uuid4(),
        basket_id=basket.pk,
        fingerprint=basket.fingerprint,
        tenders=[Tender(kind, quote.payable)],
        actor=actor,
        at=at,
    )


def _key(step: str, member: Member) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:{step}:{member.external_id}")


def _expected_cash(shift: Shift) -> Decimal:
    expected: Decimal = shift_summary(shift)["expected_cash"]
    return expected
