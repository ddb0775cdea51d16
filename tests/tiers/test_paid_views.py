"""The pages of paid tiers: offers, purchases, refunds, download, and who may see what."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from io import BytesIO
from uuid import uuid4

import pytest
import time_machine
from openpyxl import load_workbook

from audit.models import Record
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers.models import MembershipRefund, PaidPlan


@pytest.fixture
def plus(db):
    return create_card("plus")[0]


@pytest.fixture
def month(plus):
    return create_paid_plan(plus, months=1, price="30.00", name="PLUS month")


@pytest.fixture
def bought(month, member, store, now):
    return buy_membership(month, member, store, at=now)


@pytest.fixture
def browser(client_for, now):
    """Somebody's browser in English, at the shop's noon."""
    with time_machine.travel(now, tick=False):

        def build(staff):
            client = client_for(staff)
            client.cookies["django_language"] = "en"
            return client

        yield build


def words(response):
    return " ".join(response.content.decode().split())


def offer(tier, **data):
    return {"tier": tier.pk, "name": "PLUS", "months": 3, "price": "81", "position": 0, "is_active": "on", **data}


def test_the_owner_makes_an_offer_that_is_said_in_words_and_changes_it(browser, owner, plus):
    client = browser(owner)
    said = words(client.post("/tiers/offers/preview/", offer(plus)))
    assert "Pay ¥81.00 and be PLUS 会员 for 3 months: bought today, it lasts until 2026-06-18." in said
    assert "A day costs ¥0.87." in said

    assert client.post("/tiers/offers/new/", offer(plus)).status_code == 302
    plan = PaidPlan.objects.get()
    client.post(f"/tiers/offers/{plan.pk}/", offer(plus, price="75"))

    plan.refresh_from_db()
    assert (plan.months, plan.price, plan.is_active) == (3, D("75.00"), True)
    assert [record.action for record in Record.objects.filter(subject=f"paid_plan:{plan.pk}").order_by("pk")] == [
        "paid_plan.created",
        "paid_plan.changed",
    ]
    assert "PLUS" in words(client.get("/tiers/offers/"))


def test_an_offer_that_makes_no_sense_is_said_beside_its_fields(browser, owner, plus, silver, month):
    client = browser(owner)
    for wrong in ({"tier": silver.pk}, {"price": "0"}, {"months": "121"}, {"name": month.name}):
        assert client.post("/tiers/offers/new/", {**offer(plus), **wrong}).status_code == 422
    assert PaidPlan.objects.count() == 1


def test_without_a_paid_card_the_page_says_what_to_make_first(browser, owner):
    client = browser(owner)

    assert "First make a paid card type" in words(client.get("/tiers/offers/"))
    assert "First make a paid card type" in words(client.get("/tiers/offers/new/"))


def test_the_list_is_filtered_by_state_end_and_member_and_downloaded_as_filtered(
    browser, owner, bought, month, store, member, now
):
    buy_membership(month, member, store, at=now)
    client = browser(owner)
    assert words(client.get("/tiers/memberships/")).count("PLUS month") >= 2
    assert "No paid tiers here" in words(client.get("/tiers/memberships/?status=refunded"))
    assert "No paid tiers here" in words(client.get("/tiers/memberships/?status=ended"))
    # The first purchase is renewed: it is the second one that ends.
    assert "No paid tiers here" in words(client.get("/tiers/memberships/?ends_until=2026-04-30"))
    assert f"#{bought.pk + 1}" in words(client.get("/tiers/memberships/?ends_until=2026-05-18"))

    answer = client.post("/tiers/memberships/export/?status=running")

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    cells = [cell.value for row in sheet.iter_rows() for cell in row]
    assert cells.count("PLUS month") == 2
    assert Record.objects.get(action="membership.exported").data["filters"] == {"status": "running"}


def test_a_purchase_shows_its_days_its_worth_and_what_follows(browser, owner, bought, month, member, store, now):
    renewed = buy_membership(month, member, store, at=now)
    client = browser(owner)

    page = words(client.get(f"/tiers/memberships/{bought.pk}/"))
    for text in ("2026-04-18", "of 32 days", "¥29.06", f"/tiers/memberships/{renewed.pk}/"):
        assert text in page
    assert f"/tiers/memberships/{bought.pk}/refund/" not in page
    assert f"/tiers/memberships/{renewed.pk}/refund/" in words(client.get(f"/tiers/memberships/{renewed.pk}/"))
    assert "PLUS month" in words(client.get(f"/tiers/members/{member.pk}/memberships/"))


def test_a_manager_refunds_within_the_limit_and_the_same_post_does_so_once(browser, manager, bought, now):
    client = browser(manager)
    path = f"/tiers/memberships/{bought.pk}/refund/"
    assert "30.00 × 31 / 32 = 29.06" in words(client.get(path))
    data = {"reason": "moves away", "command_key": str(uuid4()), "approver": "", "approver_pin": ""}

    answer = client.post(path, data)
    client.post(path, data)

    refund = MembershipRefund.objects.get()
    assert answer["Location"] == f"/tiers/membership-refunds/{refund.pk}/"
    paper = words(client.get(answer["Location"]))
    for text in ("30.00 × 31 / 32 = 29.06", "moves away", "Print"):
        assert text in paper
    assert "¥29.06" in words(client.get("/tiers/membership-refunds/"))
    assert "Nothing to refund" in words(client.get(path))


def test_above_the_limit_the_page_asks_for_a_second_person(browser, manager, plus, member, store, now):
    year = buy_membership(create_paid_plan(plus, months=12, price="300.00"), member, store, at=now)
    client = browser(manager)
    path = f"/tiers/memberships/{year.pk}/refund/"
    assert "is above your limit of" in words(client.get(path))

    answer = client.post(
        path, {"reason": "moves away", "command_key": str(uuid4()), "approver": "", "approver_pin": ""}
    )

    assert answer["Location"] == f"/tiers/memberships/{year.pk}/"
    assert MembershipRefund.objects.count() == 0


def test_a_cashier_sees_purchases_but_neither_refunds_nor_offers_are_changed(browser, cashier, bought, month):
    client = browser(cashier)

    assert client.get(f"/tiers/memberships/{bought.pk}/").status_code == 200
    assert client.get(f"/tiers/memberships/{bought.pk}/refund/").status_code == 403
    assert client.get(f"/tiers/offers/{month.pk}/").status_code == 403
    assert client.post("/tiers/memberships/export/").status_code == 403


def test_what_is_not_there_is_not_found(browser, owner, db):
    client = browser(owner)

    for path in ("memberships/9/", "memberships/9/refund/", "membership-refunds/9/", "offers/9/"):
        assert client.get(f"/tiers/{path}").status_code == 404


def test_a_purchase_that_is_over_owes_nothing_any_more(browser, owner, bought):
    with time_machine.travel(bought.ends_at + timedelta(days=1), tick=False):
        page = words(browser(owner).get(f"/tiers/memberships/{bought.pk}/"))

    assert "ended" in page
    assert "¥29.06" not in page
