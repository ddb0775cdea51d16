"""Paid tiers at the till over HTTP: the offers, the sale, its receipt and undoing, and the payment of a refund."""

import re
from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest
import time_machine

import approvals.services
from checkout.models import Payout, TierSale, TierSaleVoid
from members.services import set_pin
from stores.models import Store
from tests.conftest import make_staff
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tests.factories.till import CASHIER, allow
from tiers.models import Membership, MembershipRefund
from tiers.services import memberships

NEW = "/checkout/tiers/new/"


@pytest.fixture
def desk(shop, client_for, now):
    """The cashier's browser in English, bound to the till, at noon."""
    allow(shop.cashier, *CASHIER, "tiers.view_membership", "tiers.view_membershiprefund", "checkout.void_order")
    client = client_for(shop.cashier)
    client.cookies["django_language"] = "en"
    client.post("/checkout/till/", {"till": shop.till.pk})
    with time_machine.travel(now, tick=False):
        yield client


@pytest.fixture
def plans(shop):
    plus = create_card("plus")[0]
    return [
        create_paid_plan(plus, months=1, price="30.00", name="PLUS month"),
        create_paid_plan(plus, months=12, price="300.00", name="PLUS year", position=1),
    ]


def words(response):
    return " ".join(response.content.decode().split())


def form(plan, member, **data):
    return {
        "member": member.pk,
        "plan": f"{plan.pk}:{plan.price}:append",
        "kind": "cash",
        "command_key": str(uuid4()),
        **data,
    }


def test_the_offers_say_until_when_they_last_and_a_renewal_how_it_can_be_made(desk, shop, regular, plans):
    page = words(desk.get(f"{NEW}?member={regular.pk}"))
    assert "starts today" in page
    assert "until 2026-04-18" in page
    assert "renewal" not in page

    buy_membership(plans[0], regular, shop.store, at=shop.now)
    page = words(desk.get(f"{NEW}?member={regular.pk}"))

    assert "renewal from 2026-04-19" in page
    assert "starts today, 36 days of what is left on top" in page
    # More of the same is only appended.
    assert page.count('name="plan"') == 3


def test_a_sale_leads_to_its_receipt_and_the_same_post_sells_once(desk, shop, regular, plans):
    data = form(plans[0], regular, received="50.00")

    answer = desk.post(NEW, data)
    desk.post(NEW, data)

    bought = Membership.objects.get()
    assert answer["Location"] == f"/checkout/tiers/{bought.pk}/"
    receipt = words(desk.get(answer["Location"]))
    for text in ("PLUS month", f"T{bought.pk}", "2026-04-18", "¥20.00", "Sale of a paid tier"):
        assert text in receipt


def test_what_was_typed_wrong_is_said_beside_it_and_sells_nothing(desk, regular, plans):
    for wrong, text in (
        ({"plan": ""}, "Choose an offer."),
        ({"plan": "x:1:append"}, "Choose an offer."),
        ({"plan": f"{plans[0].pk}:29.00:append"}, "it now costs ¥30.00"),
        ({"plan": f"{plans[0].pk}:30.00:later"}, "Choose whether the time is appended or converted."),
        ({"received": "20.00"}, "still missing"),
    ):
        answer = desk.post(NEW, {**form(plans[0], regular), **wrong})
        assert answer.status_code == 422
        assert text in words(answer)
    assert Membership.objects.count() == TierSale.objects.count() == 0


def test_stored_value_above_the_days_limit_asks_for_the_members_pin(desk, shop, regular, plans, owner):
    set_pin(member_id=regular.pk, pin="135790", at=shop.now, actor=shop.cashier, store=shop.store)

    asked = desk.post(NEW, form(plans[1], regular, kind="wallet"))
    assert asked.status_code == 422
    assert Membership.objects.count() == 0
    desk.post(NEW, form(plans[1], regular, kind="wallet", pin="135790"))

    assert Membership.objects.get().tender == "wallet"


def test_nobody_is_sold_to_before_a_member_is_found(desk, regular, plans):
    assert "A tier for which member?" in words(desk.get(f"{NEW}?q="))
    assert "王小明" in words(desk.get(f"{NEW}?q=8821"))


def test_a_mistaken_sale_is_voided_on_its_receipt_and_only_by_who_may(desk, shop, regular, plans, client_for):
    desk.post(NEW, form(plans[0], regular))
    bought = Membership.objects.get()
    path = f"/checkout/tiers/{bought.pk}/void/"
    plain = make_staff("plain", "cashier", shop.store)
    allow(plain, *CASHIER)
    assert client_for(plain).post(path, {"reason": "x", "command_key": str(uuid4())}).status_code == 403

    assert desk.post(path, {"reason": "", "command_key": str(uuid4())}).status_code == 422
    answer = desk.post(path, {"reason": "wrong member", "command_key": str(uuid4())})

    assert answer.status_code == 302
    assert TierSaleVoid.objects.get().reason == "wrong member"
    assert "VOIDED" in words(desk.get(f"/checkout/tiers/{bought.pk}/"))


def test_the_sale_of_another_store_is_not_there(desk, shop, regular, plans, client_for):
    desk.post(NEW, form(plans[0], regular))
    stranger = make_staff("stranger", "cashier", Store.objects.create(code="S09", name="Far"))
    allow(stranger, *CASHIER)

    assert client_for(stranger).get(f"/checkout/tiers/{Membership.objects.get().pk}/").status_code == 404


@pytest.fixture
def refund(desk, shop, regular, plans, owner):
    """A month that is refunded on its first day."""
    desk.post(NEW, form(plans[0], regular))
    bought = Membership.objects.get()
    approvals.services.submit(
        kind=memberships.KIND,
        payload=memberships.refund_payload(bought.pk),
        subject=f"membership:{bought.pk}",
        reason="moves away",
        actor=owner,
        store=shop.store,
        at=shop.now,
    )
    return MembershipRefund.objects.get()


def test_a_refund_waits_on_the_page_of_payouts_and_is_paid_once(desk, shop, refund):
    assert "¥29.06" in words(desk.get("/checkout/payouts/"))
    path = f"/checkout/tier-refunds/{refund.pk}/payment/"
    page = words(desk.get(path))
    assert "Hand ¥29.06 over from the drawer of Till 1" in page
    key = re.search(r'name="command_key" value="([^"]*)"', page)[1]

    answer = desk.post(path, {"command_key": key})
    desk.post(path, {"command_key": key})

    assert answer["Location"] == f"/tiers/membership-refunds/{refund.pk}/"
    assert Payout.objects.get().amount == D("29.06")
    assert "This refund was paid before." in words(desk.get(path))
    assert desk.post(path, {"command_key": str(uuid4())}).status_code == 422
    shown = words(desk.get("/checkout/payouts/"))
    assert f"/tiers/membership-refunds/{refund.pk}/" in shown
    assert "No refund waits for its cash" in shown


def test_a_refund_of_another_store_is_not_there(shop, refund, client_for):
    stranger = make_staff("stranger", "cashier", Store.objects.create(code="S09", name="Far"))
    allow(stranger, *CASHIER, "tiers.view_membershiprefund")
    with time_machine.travel(shop.now + timedelta(hours=1), tick=False):
        assert client_for(stranger).get(f"/checkout/tier-refunds/{refund.pk}/payment/").status_code == 404
        assert client_for(stranger).get(f"/tiers/membership-refunds/{refund.pk}/").status_code == 404


def test_a_recharge_says_which_tier_forbids_it(desk, shop, regular, plans):
    tier = plans[0].tier
    tier.is_rechargeable = False
    tier.save()
    buy_membership(plans[0], regular, shop.store, at=shop.now)

    page = words(desk.get(f"/checkout/recharges/new/?member={regular.pk}"))

    assert "A member with the tier PLUS 会员 cannot recharge." in page
