"""The screens of rules: write, start, call off, end."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Brand, Category, Product
from checkout.models import Order
from points import examples
from points.examples import ExampleLine, ExampleOrder
from points.models import Rule, RuleVersion
from points.rules import EarnLine, EarnTerms
from points.selectors import get_rules
from tests.conftest import make_staff
from tests.factories.catalog import create_product
from tests.factories.ledgers import make_member
from tests.factories.points import earn_order, set_value, terms_of

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NEW = "/points/rules/new/"


@pytest.fixture
def browser(client_for, owner):
    browser = client_for(owner)
    browser.cookies["django_language"] = "en"
    return browser


@pytest.fixture
def member_of_shop(store):
    return make_member(store)


@pytest.fixture
def fruit(db):
    return Category.objects.create(name="Fruit")


def typed(fruit, **fields):
    return {
        "name": "Fruit double",
        "scope": "category",
        "category": str(fruit.pk),
        "per_yuan": "2",
        "is_payable": "on",
        **fields,
    }


@pytest.fixture
def rule(browser, fruit):
    browser.post(NEW, typed(fruit))
    return Rule.objects.get()


def test_a_rule_is_written_started_and_read_in_plain_words(browser, fruit, rule):
    url = reverse("points:rule-detail", args=[rule.pk])
    assert "Start version 1" in browser.get(url).content.decode()

    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "now"})

    page = browser.get(url).content.decode()
    assert "Every ¥1 of Fruit gives 2 points." in page
    assert "in force" in page
    assert "Every ¥1 of Fruit gives 2 points." in browser.get(reverse("points:rule-list")).content.decode()


def test_a_next_version_is_planned_shown_with_its_differences_and_called_off(browser, rule):
    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "now"})
    day = timezone.localdate() + timedelta(days=3)
    browser.post(reverse("points:draft-edit", args=[rule.pk]), {"per_yuan": "3", "cap_per_order": "100"})
    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "later", "start-day": day.isoformat()})

    page = browser.get(reverse("points:rule-detail", args=[rule.pk])).content.decode()
    assert "Points for every ¥1: 2 → 3" in page
    assert "Most points per order: — → 100" in page
    assert "Points may pay for these goods: yes → no" in page
    assert "coming" in page

    browser.post(reverse("points:start-delete", args=[rule.pk]))

    assert RuleVersion.objects.get(number=1).ends_at is None
    assert RuleVersion.objects.get(number=2).status_at(timezone.now()) == "retired"


def test_a_rule_is_ended_and_a_draft_dropped(browser, rule):
    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "now"})
    browser.post(reverse("points:draft-edit", args=[rule.pk]), {"per_yuan": "3"})
    browser.post(reverse("points:draft-delete", args=[rule.pk]))
    assert RuleVersion.objects.count() == 1

    browser.post(reverse("points:end-create", args=[rule.pk]), {"end-when": "now"})

    assert RuleVersion.objects.get().status_at(timezone.now()) == "retired"
    assert len(browser.get(reverse("points:rule-list"), {"status": "retired"}).context["rows"]) == 1
    assert len(browser.get(reverse("points:rule-list"), {"status": "active"}).context["rows"]) == 0


@pytest.mark.parametrize(
    "fields", [{"start-when": "later"}, {"start-when": "later", "start-day": "2020-01-01"}, {"start-when": "soon"}]
)
def test_a_start_needs_a_day_to_come(browser, rule, fields):
    answer = browser.post(reverse("points:start-create", args=[rule.pk]), fields)

    assert answer.status_code == 422
    assert RuleVersion.objects.get().starts_at is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"per_yuan": ""}, "per_yuan"),
        ({"per_yuan": "-1"}, "per_yuan"),
        ({"per_yuan": "1.00001"}, "per_yuan"),
        ({"per_yuan": "1001"}, "per_yuan"),
        ({"name": ""}, "name"),
        ({"category": ""}, "category"),
        ({"scope": "brand"}, "brand"),
        ({"scope": "product", "product": "nothing"}, "product"),
        ({"scope": "everything"}, "scope"),
        ({"cap_per_order": "0"}, "cap_per_order"),
        ({"budget": "1.5"}, "budget"),
        ({"order_minimum": "x"}, "order_minimum"),
        ({"expiry_method": "days"}, "expiry_count"),
        ({"expiry_method": "days", "expiry_count": "-3"}, "expiry_count"),
        ({"expiry_method": "soon"}, "expiry_method"),
    ],
)
def test_bad_input_stands_beside_its_field_and_makes_no_rule(browser, fruit, fields, wrong):
    answer = browser.post(NEW, typed(fruit, **fields))

    assert answer.status_code == 422
    assert wrong in answer.context["form"].errors
    assert not Rule.objects.exists()


def test_a_second_rule_for_the_same_goods_is_refused_in_the_form(browser, fruit, rule):
    answer = browser.post(NEW, typed(fruit, name="Again"))

    assert answer.status_code == 422
    assert "There is a rule for this already" in answer.content.decode()
    assert Rule.objects.count() == 1


def test_the_form_says_what_the_rule_does_with_a_real_order_and_which_rules_it_meets(browser, fruit, rule, monkeypatch):
    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "now"})
    brand = Brand.objects.create(name="Sun")
    orange = create_product(category_id=fruit.pk, brand_id=brand.pk)
    order = ExampleOrder(
        "S01-7",
        (
            ExampleLine(orange.pk, fruit.pk, brand.pk, Decimal("10.50")),
            ExampleLine(0, None, None, Decimal("5.00")),
            ExampleLine(0, None, brand.pk, Decimal("4.00"), Decimal(0)),
        ),
    )
    monkeypatch.setattr(examples, "_sources", [lambda: [ExampleOrder("S01-9", ()), order]])

    part = browser.post(
        f"{NEW}?preview",
        typed(fruit, name="Orange", scope="product", product=orange.sku, per_yuan="4"),
        headers=HTMX,
    ).content.decode()

    assert "Order S01-7 of ¥19.50, of which ¥10.50 of these goods, would earn 47 points instead of 26" in part
    assert "Fruit double (Fruit): this rule counts" in part
    assert "<html" not in part
    brand_part = browser.post(
        f"{NEW}?preview", typed(fruit, scope="brand", brand=str(brand.pk), per_yuan="9"), headers=HTMX
    ).content.decode()
    assert "that rule counts" in brand_part
    unfinished = browser.post(f"{NEW}?preview", typed(fruit, per_yuan=""), headers=HTMX).content.decode()
    assert "fill in the form" in unfinished
    edited = browser.get(reverse("points:draft-edit", args=[rule.pk])).content.decode()
    assert "Every ¥1 of Fruit gives 2 points." in edited


def test_only_the_owner_changes_rules_and_the_manager_reads_them(client_for, store, rule, manager):
    reader = client_for(manager)

    assert reader.get(reverse("points:rule-detail", args=[rule.pk])).status_code == 200
    assert reader.get(NEW).status_code == 403
    for name in ("start-create", "start-delete", "end-create", "draft-delete", "draft-edit"):
        assert reader.post(reverse(f"points:{name}", args=[rule.pk])).status_code == 403
    assert RuleVersion.objects.get().starts_at is None
    owner = client_for(make_staff("boss", "owner", store))
    assert owner.get(reverse("points:rule-detail", args=[10**6])).status_code == 404


def test_the_example_is_the_last_sale_at_the_till_that_has_such_goods(browser, shop, regular, fruit):
    fruit_id = fruit.pk
    Product.objects.filter(pk=shop.rice.pk).update(category=fruit_id)
    for product, paid in ((shop.rice, "59.90"), (shop.milk, "49.80")):
        shop.confirm(shop.basket((product, "1"), member=regular), ("cash", paid))
    paid = Order.objects.earliest("pk").payable

    part = browser.post(f"{NEW}?preview", typed(fruit, per_yuan="3"), headers=HTMX).content.decode()

    assert f"of ¥{paid}, of which ¥{paid} of these goods, would earn {int(paid * 3)} points" in part


def test_a_budget_shows_what_is_given_and_left_of_it_and_no_budget_shows_no_figure(browser, rule, member_of_shop):
    url = reverse("points:rule-detail", args=[rule.pk])
    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "now"})
    assert "left of" not in browser.get(url).content.decode()
    browser.post(reverse("points:draft-edit", args=[rule.pk]), {"per_yuan": "2", "budget": "1000"})
    browser.post(reverse("points:start-create", args=[rule.pk]), {"start-when": "now"})
    terms = terms_of(RuleVersion.objects.get(number=2))

    earn_order(member_of_shop, "o", timezone.now(), EarnLine(Decimal("150.00"), rule=terms))

    assert "700 left of 1,000" in browser.get(url).content.decode()


def test_the_budget_of_the_month_shows_what_is_given_and_left_of_it(browser, member_of_shop):
    url = reverse("points:rule-list")
    assert "budget" not in browser.get(url).content.decode()
    set_value("points.budget_per_month", 500)

    earn_order(member_of_shop, "o", timezone.now(), "120.00", terms=EarnTerms(caps=get_rules(at=timezone.now()).caps))

    page = browser.get(url).content.decode()
    assert "budget of 500 points for all members, 120 are given and 380 are left." in page
