"""The screens of recharge plans."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse

from gifts.models import RechargePlan
from gifts.selectors import get_terms
from stores.models import Staff
from tests.factories.shop import product

TYPED = {"name": "500+50", "amount": "¥500", "bonus": "50", "points": "1,000", "position": "1", "is_active": "on"}


@pytest.fixture
def browser(client_for, store):
    person = Staff.objects.create_superuser("root", password="river-stone-42", display_name="Root")
    person.stores.add(store)
    return client_for(person)


def test_a_plan_is_made_changed_and_listed(browser, store):
    answer = browser.post(reverse("gifts:plan-create"), TYPED)
    plan = RechargePlan.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("gifts:plan-list"))
    assert (plan.amount, plan.bonus, plan.points, plan.bonus_days) == (Decimal("500.00"), Decimal("50.00"), 1000, None)

    changed = {**TYPED, "bonus_days": "90", "ends_on": "2030-3-1", "stores": [store.pk]}
    browser.post(reverse("gifts:plan-edit", args=[plan.pk]), changed)

    page = browser.get(reverse("gifts:plan-list")).content.decode()
    assert all(text in page for text in ("500+50", "¥500.00", "+¥50.00", "2030-03-01", "People&#x27;s Square"))
    form = browser.get(reverse("gifts:plan-edit", args=[plan.pk])).content.decode()
    assert 'value="90"' in form
    assert 'value="2030-03-01"' in form


@pytest.mark.parametrize(
    ("field", "typed"),
    [("amount", "0"), ("amount", "12.345"), ("bonus", "abc"), ("bonus", "500.01"), ("name", ""), ("ends_on", "32/1")],
)
def test_what_makes_no_sense_is_answered_beside_the_form_and_kept(browser, field, typed):
    answer = browser.post(reverse("gifts:plan-create"), {**TYPED, field: typed})

    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not RechargePlan.objects.exists()


def test_a_taken_name_and_an_unknown_plan(browser):
    browser.post(reverse("gifts:plan-create"), TYPED)

    answer = browser.post(reverse("gifts:plan-create"), TYPED)

    assert answer.status_code == 422
    assert "name" in answer.context["form"].errors
    assert browser.get(reverse("gifts:plan-edit", args=[10**6])).status_code == 404


def test_who_has_no_right_sees_and_changes_nothing(client_for, store):
    nobody = client_for(Staff.objects.create_user("nobody", password="river-stone-42", display_name="No"))

    for name in ("gifts:plan-list", "gifts:plan-create"):
        assert nobody.get(reverse(name)).status_code == 403
    assert nobody.post(reverse("gifts:plan-create"), TYPED).status_code == 403
    assert not RechargePlan.objects.exists()


def test_a_plan_with_everything_is_typed_shown_and_kept(browser, counter):
    template = counter.template(name="满100减10")
    product("TOTE", "20.00", name="帆布袋")
    typed = {
        **TYPED,
        "bonus_days": "180",
        "growth": "30",
        "coupon_0": template.pk,
        "coupon_count_0": "2",
        "gift_0": "TOTE",
        "gift_1": "手提袋",
        "gift_quantity_1": "2",
        "member_limit": "1",
        "total_limit": "100",
        "is_first_only": "on",
    }

    browser.post(reverse("gifts:plan-create"), typed)

    plan = RechargePlan.objects.get()
    terms = get_terms(plan)
    assert (plan.growth, plan.member_limit, plan.total_limit, plan.is_first_only) == (30, 1, 100, True)
    assert [(one.template_id, one.count) for one in terms.coupons] == [(template.pk, 2)]
    assert [(one.name, one.quantity) for one in terms.goods] == [("帆布袋", Decimal(1)), ("手提袋", Decimal(2))]
    page = browser.get(reverse("gifts:plan-edit", args=[plan.pk])).content.decode()
    for text in ('value="TOTE"', 'value="手提袋"', 'value="180"', f'value="{template.pk}" selected'):
        assert text in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "Pay ¥500, get ¥50 bonus valid 180 days, 100 bonus points and 2 × 满100减10; once per member.",
        ),
        ("zh-hans", "充 ¥500，送赠金 ¥50（180 天有效）、100 积分和2 × 满100减10；每位会员限 1 次。"),
    ],
)
def test_the_plan_is_read_back_as_one_sentence_with_an_example(browser, counter, language, sentence):
    template = counter.template(name="满100减10")
    typed = {
        **TYPED,
        "points": "100",
        "bonus_days": "180",
        "member_limit": "1",
        "coupon_0": template.pk,
        "coupon_count_0": "2",
    }
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    answer = browser.post(f"{reverse('gifts:plan-create')}?preview", typed)

    assert sentence in answer.content.decode()
    assert "¥520" in answer.content.decode()
    assert "<form" not in answer.content.decode()
    assert not RechargePlan.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"coupon_count_0": "2"}, "coupon_0"),
        ({"gift_quantity_1": "2"}, "gift_1"),
        ({"member_limit": "0"}, "member_limit"),
        ({"coupon_0": "999"}, "coupon_0"),
        ({"gift_0": "x", "gift_quantity_0": "-1"}, "gift_quantity_0"),
        ({"member_limit": "1", "daily_limit": "2"}, "__all__"),
    ],
)
def test_wrong_parts_stand_beside_their_boxes(browser, typed, field):
    answer = browser.post(reverse("gifts:plan-create"), {**TYPED, **typed})

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not RechargePlan.objects.exists()


def test_the_list_says_what_was_sold_what_is_left_and_what_it_cost(browser, counter):
    plan = counter.full_plan(total_limit=10)
    for _number in range(3):
        counter.recharge(counter.member().pk, plan)

    page = " ".join(browser.get(reverse("gifts:plan-list")).content.decode().split())

    for text in ('<td class="num">3</td>', '<td class="num">7</td>', "¥232.50"):
        assert text in page
