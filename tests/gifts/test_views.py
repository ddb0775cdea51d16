"""The screens of recharge plans."""

from decimal import Decimal

import pytest
from django.urls import reverse

from gifts.models import RechargePlan
from stores.models import Staff

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
