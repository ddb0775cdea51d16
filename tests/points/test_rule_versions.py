"""Draft, scheduled, active, retired: what a rule says changes only by a new version (rules.md 0.10, R-P2)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F

from audit.models import Record
from catalog.models import Brand, Category
from points import services
from points.models import Rule, RuleVersion
from points.selectors import get_rule_book
from points.selectors.scopes import differences, get_rule_state, list_overlaps, list_rule_states
from points.wording import describe_version
from tests.factories.catalog import create_product

pytestmark = pytest.mark.django_db

DOUBLE = services.VersionData(per_yuan=Decimal(2))


@pytest.fixture
def fruit(db):
    return Category.objects.create(name="Fruit")


@pytest.fixture
def rule(fruit, owner, now):
    return services.create_rule(
        name="Fruit", scope=services.Scope(category_id=fruit.pk), data=DOUBLE, actor=owner, at=now
    )


def rate(fruit, at):
    found = get_rule_book(at=at).find(product_id=0, category_id=fruit.pk, brand_id=None)
    return None if found is None else found.per_yuan


def test_a_draft_counts_for_nothing_and_can_be_changed(rule, fruit, owner, now):
    services.save_draft(rule_id=rule.pk, data=services.VersionData(per_yuan=Decimal(3)), actor=owner, at=now)

    version = RuleVersion.objects.get()
    assert (version.number, version.per_yuan, version.status_at(now)) == (1, Decimal(3), "draft")
    assert rate(fruit, now) is None
    record = Record.objects.get(action="points_rule.draft_saved")
    assert (record.actor, record.subject) == (owner, f"points-rule:{rule.pk}")
    assert (record.data["version"], record.data["per_yuan"]) == (1, "3")


def test_the_next_version_ends_the_running_one_at_its_start_to_the_instant(rule, fruit, owner, now):
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)
    later = now + timedelta(days=3)
    services.save_draft(rule_id=rule.pk, data=services.VersionData(per_yuan=Decimal(5)), actor=owner, at=now)

    services.schedule_version(rule_id=rule.pk, starts_at=later, actor=owner, at=now)

    assert [rate(fruit, at) for at in (now, later - timedelta(microseconds=1), later)] == [2, 2, 5]
    first, second = RuleVersion.objects.order_by("number")
    assert (first.ends_at, second.starts_at, second.ends_at) == (later, later, None)
    state = get_rule_state(rule.pk, at=now)
    assert (state.status, state.active, state.scheduled, state.draft) == ("active", first, second, None)
    assert (first.status_at(later), second.status_at(later)) == ("retired", "active")
    record = Record.objects.filter(action="points_rule.scheduled").latest("pk")
    assert (record.data["before"]["per_yuan"], record.data["after"]["per_yuan"]) == ("2.0000", "5.0000")


@pytest.mark.parametrize("change", [{"per_yuan": 9}, {"starts_at": None}, {"budget": 5}, {"number": 7}])
def test_the_database_refuses_to_change_a_version_that_was_given_a_start(rule, owner, now, change):
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)

    with pytest.raises(DatabaseError), transaction.atomic():
        RuleVersion.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleVersion.objects.all().delete()

    assert RuleVersion.objects.update(granted=F("granted") + 1) == 1
    assert RuleVersion.objects.get().per_yuan == 2


def test_the_database_holds_one_draft_and_one_version_without_end(rule, owner, now):
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleVersion.objects.create(rule=rule, number=2, per_yuan=1, created_at=now)
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleVersion.objects.create(rule=rule, number=2, per_yuan=1, created_at=now, starts_at=now)


def test_a_start_that_lies_ahead_is_called_off_and_the_running_version_goes_on(rule, fruit, owner, now):
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)
    services.save_draft(rule_id=rule.pk, data=services.VersionData(per_yuan=Decimal(5)), actor=owner, at=now)
    later = now + timedelta(days=3)
    services.schedule_version(rule_id=rule.pk, starts_at=later, actor=owner, at=now)
    services.save_draft(rule_id=rule.pk, data=services.VersionData(per_yuan=Decimal(7)), actor=owner, at=now)
    with pytest.raises(services.AlreadyScheduled):
        services.schedule_version(rule_id=rule.pk, starts_at=later, actor=owner, at=now)
    with pytest.raises(services.AlreadyScheduled):
        services.retire_rule(rule_id=rule.pk, ends_at=now, actor=owner, at=now)

    services.call_off_version(rule_id=rule.pk, actor=owner, at=now)

    assert [rate(fruit, at) for at in (now, later, later + timedelta(days=9))] == [2, 2, 2]
    assert RuleVersion.objects.get(number=2).status_at(now) == "retired"
    with pytest.raises(services.NothingToEnd):
        services.call_off_version(rule_id=rule.pk, actor=owner, at=now)
    services.schedule_version(rule_id=rule.pk, starts_at=later, actor=owner, at=now)
    assert rate(fruit, later) == 7


def test_a_retired_rule_leaves_the_goods_to_the_shop_and_may_come_back(rule, fruit, owner, now):
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)

    services.retire_rule(rule_id=rule.pk, ends_at=now + timedelta(days=1), actor=owner, at=now)

    assert [rate(fruit, now + timedelta(days=day)) for day in (0, 1)] == [2, None]
    after = now + timedelta(days=2)
    assert get_rule_state(rule.pk, at=after).status == "retired"
    services.save_draft(rule_id=rule.pk, data=DOUBLE, actor=owner, at=after)
    services.schedule_version(rule_id=rule.pk, starts_at=after, actor=owner, at=after)
    assert rate(fruit, after) == 2


def test_what_cannot_be_started_is_refused_and_changes_nothing(rule, owner, now):
    with pytest.raises(services.StartInThePast):
        services.schedule_version(rule_id=rule.pk, starts_at=now - timedelta(seconds=1), actor=owner, at=now)
    with pytest.raises(services.NothingToEnd):
        services.retire_rule(rule_id=rule.pk, ends_at=now, actor=owner, at=now)
    assert RuleVersion.objects.get().starts_at is None

    services.drop_draft(rule_id=rule.pk, actor=owner, at=now)
    services.drop_draft(rule_id=rule.pk, actor=owner, at=now)
    with pytest.raises(services.NoDraft):
        services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)
    assert Record.objects.filter(action="points_rule.draft_dropped").count() == 1


def test_a_scope_and_a_name_have_one_rule(rule, fruit, owner, now):
    other = Category.objects.create(name="Bread")
    for name, scope in (
        ("Apples", services.Scope(category_id=fruit.pk)),
        ("Fruit", services.Scope(category_id=other.pk)),
        ("None", services.Scope()),
    ):
        with pytest.raises(services.InvalidRule):
            services.create_rule(name=name, scope=scope, data=DOUBLE, actor=owner, at=now)

    assert Rule.objects.count() == 1


def test_overlapping_rules_are_named_with_the_one_that_counts(rule, fruit, owner, now):
    citrus = Category.objects.create(name="Citrus", parent=fruit)
    brand = Brand.objects.create(name="Sun")
    product = create_product(category_id=citrus.pk, brand_id=brand.pk)
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)
    others = []
    for name, scope in (
        ("Citrus", services.Scope(category_id=citrus.pk)),
        ("Sun", services.Scope(brand_id=brand.pk)),
        ("Orange", services.Scope(product_id=product.pk)),
        ("Bread", services.Scope(category_id=Category.objects.create(name="Bread").pk)),
    ):
        others.append(services.create_rule(name=name, scope=scope, data=DOUBLE, actor=owner, at=now))
        services.schedule_version(rule_id=others[-1].pk, starts_at=now, actor=owner, at=now)

    def overlaps(of):
        found = list_overlaps(get_rule_state(of.pk, at=now).rule, at=now)
        return {overlap.rule.name: overlap.wins for overlap in found}

    assert overlaps(rule) == {"Citrus": False, "Sun": True, "Orange": False}
    assert overlaps(others[0]) == {"Fruit": True, "Sun": True, "Orange": False}
    assert overlaps(others[1]) == {"Fruit": False, "Citrus": False, "Orange": False}
    assert overlaps(others[2]) == {"Fruit": True, "Citrus": True, "Sun": True}
    assert overlaps(others[3]) == {}


def test_a_version_reads_as_one_sentence_and_tells_what_changed(rule, owner, now, english):
    data = services.VersionData(
        per_yuan=Decimal("2.5"), is_payable=False, cap_per_order=100, order_minimum=Decimal(50), budget=9000
    )
    services.schedule_version(rule_id=rule.pk, starts_at=now, actor=owner, at=now)
    services.save_draft(rule_id=rule.pk, data=data, actor=owner, at=now)
    newer, older = get_rule_state(rule.pk, at=now).versions

    assert describe_version(older, "Fruit") == "Every ¥1 of Fruit gives 2 points."
    assert describe_version(newer, "Fruit") == (
        "Every ¥1 of Fruit gives 2.5 points, from ¥50.00 in one order, at most 100 per order, 9,000 in all;"
        " points may not pay for it."
    )
    assert describe_version(services.VersionData(per_yuan=Decimal(0)), "Rice") == "Rice earns no points."
    assert [name for name, _before, _after in differences(newer, older)] == [
        "per_yuan",
        "is_payable",
        "order_minimum",
        "cap_per_order",
        "budget",
    ]


def test_the_list_costs_the_same_however_many_rules(rule, owner, now, django_assert_num_queries):
    for number in range(5):
        category = Category.objects.create(name=f"C{number}")
        services.create_rule(
            name=f"R{number}", scope=services.Scope(category_id=category.pk), data=DOUBLE, actor=owner, at=now
        )

    with django_assert_num_queries(2):
        states = list_rule_states(at=now)

    assert [state.status for state in states] == ["draft"] * 6
    assert list_rule_states(at=now, status="active") == []
