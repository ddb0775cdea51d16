"""Rules, batches, odd accounts and the chain's ledger in a real browser."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.hashers import make_password

from catalog.models import Category
from core import roles
from points import services
from points.models import Watch
from tags.models import MemberTag, Tag
from tests.conftest import make_staff
from tests.factories.catalog import create_product
from tests.factories.members import create_member
from tests.factories.points import set_value

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = [((1366, 768), "zh-hans"), ((1024, 768), "en")]
each_look = pytest.mark.parametrize(("size", "language"), LOOKS, ids=["desktop-zh", "tablet-en"])


@pytest.fixture
def house(store, now):
    """An owner, a colleague with a PIN, members with points, and a rule with two versions."""
    roles.sync()
    owner, colleague = make_staff("老板", "owner", store), make_staff("陈静", "finance", store)
    colleague.pin_hash = make_password("2580")
    colleague.save()
    fruit = Category.objects.create(name="水果")
    create_product(name="红富士苹果", category_id=fruit.pk)
    members = [create_member(store, name=name) for name in ("王小明", "李丽", "张伟")]
    tag = Tag.objects.create(name="忠实会员")
    for number, member in enumerate(members):
        MemberTag.objects.create(member=member, tag=tag, source="manual", since=now - timedelta(days=1))
        services.earn(
            member_id=member.pk,
            points=1200 * (number + 1),
            source="order:1",
            idempotency_key=f"e{number}",
            at=now - timedelta(days=2),
            store=store,
            actor=owner,
            computed=5000,
            limited_by="day",
        )
    services.earn(
        member_id=members[0].pk,
        points=80,
        source="order:2",
        idempotency_key="pending",
        at=now - timedelta(hours=1),
        store=store,
        actor=owner,
        available_from=now + timedelta(days=6),
    )
    rule = services.create_rule(
        name="水果双倍",
        scope=services.Scope(category_id=fruit.pk),
        data=services.VersionData(per_yuan=Decimal(2), cap_per_order=100, is_payable=False, budget=20_000),
        actor=owner,
        at=now - timedelta(days=3),
    )
    set_value("points.budget_per_month", 500_000)
    services.schedule_version(
        rule_id=rule.pk, starts_at=now - timedelta(days=3), actor=owner, at=now - timedelta(days=3)
    )
    services.save_draft(
        rule_id=rule.pk,
        data=services.VersionData(per_yuan=Decimal(3), expiry_method="months", expiry_count=6),
        actor=owner,
        at=now - timedelta(days=1),
    )
    watch = Watch.objects.create(
        member=members[2], kind="many_points", day=now.date(), evidence={"points": 9000, "count": 3, "limit": 5000}
    )
    return owner, colleague, members, rule, watch


def fine(screen, name):
    """Nothing to complain about, and a picture of it."""
    screen.picture(name)
    assert screen.violations() == []
    assert [line for line in screen.complaints if "422" not in line] == []


@each_look
def test_points_are_given_to_a_tag_with_a_colleague_beside_and_undone(house, screen_for, size, language):
    owner, colleague, members, _rule, _watch = house
    finance = make_staff("林晓", "finance", members[0].store)
    screen = screen_for(finance, size=size, language=language)
    page = screen.page
    screen.open("/points/batches/new/")
    fine(screen, f"points-batch-new-{language}")
    page.select_option("[name=tag]", index=1)
    page.fill("[name=points_each]", "50")
    page.fill("[name=reason]", "会员日补偿")
    page.click("button[name=preview]")
    page.wait_for_selector("button[name=confirm]")
    page.select_option("[name=approver]", value=str(colleague.pk))
    page.fill("[name=approver_pin]", "2580")
    fine(screen, f"points-batch-preview-{language}")
    page.click("button[name=confirm]")
    page.wait_for_selector("#progress")
    fine(screen, f"points-batch-done-{language}")
    page.click("form[action$='/undoing/'] button")
    page.wait_for_selector("text=/已撤销|undone/")
    fine(screen, f"points-batch-undone-{language}")
    screen.open("/points/batches/")
    fine(screen, f"points-batch-list-{language}")
    assert owner.pk != finance.pk


@each_look
def test_rules_are_read_written_and_started(house, screen_for, size, language):
    owner, _colleague, _members, rule, _watch = house
    screen = screen_for(owner, size=size, language=language)
    page = screen.page
    for path, name in (("", "list"), (f"{rule.pk}/", "detail"), (f"{rule.pk}/draft/", "draft"), ("new/", "new")):
        screen.open(f"/points/rules/{path}")
        fine(screen, f"points-rule-{name}-{language}")
    page.fill("[name=name]", "水果再加")
    page.select_option("[name=category]", index=1)
    page.fill("[name=per_yuan]", "0")
    page.press("[name=per_yuan]", "Tab")
    page.wait_for_selector("#summary strong")
    fine(screen, f"points-rule-summary-{language}")
    screen.open(f"/points/rules/{rule.pk}/")
    page.click("form[action$='/start/'] button")
    page.wait_for_selector(".toast, .alert")
    fine(screen, f"points-rule-started-{language}")


@each_look
def test_odd_accounts_the_ledger_and_adjusting_look_right(house, screen_for, size, language):
    owner, _colleague, members, _rule, watch = house
    manager = make_staff("店长", "manager", members[0].store)
    screen = screen_for(manager, size=size, language=language)
    page = screen.page
    for path, name in (
        ("watch/", "watch-list"),
        (f"watch/{watch.pk}/", "watch-detail"),
        ("entries/", "ledger"),
        (f"members/{members[0].pk}/entries/", "entries"),
        (f"members/{members[0].pk}/adjustments/new/", "adjust"),
    ):
        screen.open(f"/points/{path}")
        fine(screen, f"points-{name}-{language}")
    # Looking for violations leaves marks on the page, which must not be copied into the part that is swapped.
    screen.open(f"/points/members/{members[0].pk}/adjustments/new/")
    page.fill("[name=amount]", "1500")
    page.press("[name=amount]", "Tab")
    page.wait_for_selector("#preview dl")
    fine(screen, f"points-adjust-preview-{language}")
    screen.open(f"/members/{members[0].pk}/")
    page.wait_for_selector("text=/可用时间|Usable/")
    fine(screen, f"points-member-{language}")
    screen.open("/")
    page.wait_for_selector("text=/个积分异常账户|accounts with odd points/")
    fine(screen, f"points-home-{language}")
    assert owner.pk != manager.pk
