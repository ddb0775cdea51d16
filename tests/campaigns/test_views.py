"""The pages of giveaways and order rewards, and the button on the member page."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse

import coupons.services
from campaigns.models import Giveaway, OrderReward
from campaigns.services import save_giveaway
from coupons.models import Coupon
from gifts.models import Grant, Pack
from gifts.services import give_pack
from tests.factories.coupons import create_template
from tests.factories.members import create_member
from tests.factories.packs import create_pack


@pytest.fixture
def browser(client_for, owner):
    return client_for(owner)


def test_a_giveaway_is_made_and_changed(browser, store, now):
    pack = create_pack(name="新人礼")
    typed = {"name": "入会礼", "pack": pack.pk, "trigger": "visit", "repeats": "weekly", "is_active": "on"}

    made = browser.post(reverse("campaigns:giveaway-create"), {**typed, "stores": [store.pk]})
    row = Giveaway.objects.get()
    changed = browser.post(reverse("campaigns:giveaway-edit", args=[row.pk]), {**typed, "trigger": "registered"})

    assert (made.status_code, changed.status_code) == (302, 302)
    row.refresh_from_db()
    assert (row.trigger, row.repeats, row.version, row.stores.count()) == ("registered", "once", 2, 0)
    assert "入会礼" in browser.get(reverse("campaigns:giveaway-list")).content.decode()


def test_a_reward_is_made_and_nonsense_stands_beside_its_field(browser):
    pack = create_pack()
    typed = {"name": "满100", "pack": pack.pk, "threshold": "100", "is_active": "on"}
    url = reverse("campaigns:reward-create")

    wrong = browser.post(url, {**typed, "threshold": "0"})
    backwards = browser.post(url, {**typed, "starts_on": "2026-03-02", "ends_on": "2026-03-01"})
    made = browser.post(url, typed)
    again = browser.post(url, typed)

    assert [one.status_code for one in (wrong, backwards, made, again)] == [422, 422, 302, 422]
    assert set(wrong.context["form"].errors) == {"threshold"}
    assert set(backwards.context["form"].errors) == {"ends_on"}
    assert set(again.context["form"].errors) == {"name"}
    assert OrderReward.objects.count() == 1


def test_the_form_reads_back_what_it_promises(browser):
    pack = create_pack(points=20)
    browser.cookies["django_language"] = "en"

    answer = browser.post(
        reverse("campaigns:reward-create") + "?preview",
        {"name": "x", "pack": pack.pk, "threshold": "100", "member_limit": "2"},
        headers={"accept-language": "en"},
    )

    assert "¥100" in answer.content.decode()
    assert not OrderReward.objects.exists()


def test_what_does_not_exist_is_not_found(browser):
    for name in ("campaigns:giveaway-edit", "campaigns:reward-edit", "campaigns:member-panel"):
        assert browser.get(reverse(name, args=[999_999])).status_code == 404


def visit(client, member, giveaway, key=None):
    url = reverse("campaigns:visit-create", args=[member.pk, giveaway.pk])
    return client.post(url, {"command_key": key or uuid4()}, follow=True)


def test_a_cashier_gives_the_gift_of_a_visit_once_however_often_the_button_is_pressed(client_for, cashier, store, now):
    row = Giveaway(name="到店礼", trigger="visit", pack=create_pack(points=5))
    giveaway = save_giveaway(giveaway=row, stores=[], actor=None, at=now)
    member, client, key = create_member(store), client_for(cashier), uuid4()
    panel = reverse("campaigns:member-panel", args=[member.pk])
    assert "到店礼" in client.get(panel).content.decode()

    for one in (key, key, uuid4()):
        assert visit(client, member, giveaway, one).status_code == 200

    assert Grant.objects.count() == 1
    assert Grant.objects.get().actor == cashier


def test_the_block_says_what_was_used(browser, store, now):
    template = create_template(name="免费饮品券", threshold=0)
    member = create_member(store)
    where = {"at": now, "store": store, "actor": None}
    pack = create_pack(points=5, coupons={template.pk: 2})
    give_pack(pack_id=pack.pk, member_id=member.pk, source="order-reward:1:1", **where)
    coupon = Coupon.objects.order_by("pk")[0]
    coupons.services.redeem(
        coupon_id=coupon.pk, member_id=member.pk, amount=Decimal(10), source="t:1", idempotency_key="t:1", **where
    )

    answer = browser.get(reverse("campaigns:member-panel", args=[member.pk]))

    [row] = answer.context["rows"]
    assert (row.texts[1], row.used) == ("2 × 免费饮品券", ("免费饮品券",))


def test_only_who_may_changes_giveaways(client_for, cashier, manager):
    url = reverse("campaigns:giveaway-create")

    assert [client_for(staff).get(url).status_code for staff in (cashier, manager)] == [403, 403]


def test_a_pack_that_is_not_in_use_cannot_be_chosen_anew(browser):
    pack = create_pack()
    Pack.objects.filter(pk=pack.pk).update(is_active=False)

    answer = browser.post(
        reverse("campaigns:giveaway-create"), {"name": "x", "pack": pack.pk, "trigger": "registered", "is_active": "on"}
    )

    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"pack"})
