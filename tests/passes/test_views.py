"""The pages of count passes: plans, list, one pass, extension, sharing, refund, block and tile."""

import uuid
from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from approvals.models import Request
from audit.models import Record
from passes.models import Entry, Pass, Plan, Refund, Sharer
from passes.rules import next_values
from stores.models import Staff
from tests.conftest import make_staff
from tests.factories.members import create_member
from tests.factories.passes import create_plan, sell, use

HTMX = {"HX-Request": "true"}


@pytest.fixture
def now():
    """The pages ask the real clock."""
    return timezone.now()


@pytest.fixture
def browser_for(client_for):
    def build(staff):
        browser = client_for(staff)
        browser.cookies["django_language"] = "en"
        return browser

    return build


@pytest.fixture
def browser(browser_for, owner):
    return browser_for(owner)


def words(response):
    return " ".join(response.content.decode().split())


def url(name, *args):
    return reverse(f"passes:{name}", args=args)


def plan_form(wash, **data):
    return {
        "name": "洗车 10+2",
        "products": wash.sku,
        "price": "200",
        "unit_list_price": "30",
        "paid_uses": "10",
        "gift_uses": "2",
        "valid_days": "",
        "position": "0",
        "is_active": "on",
        **data,
    }


def test_a_plan_is_made_and_said_in_words(browser, wash):
    said = words(browser.post(url("plan-preview"), plan_form(wash)))
    assert "Pay ¥200.00 and have 洗车 12 times: 10 paid and 2 free. It never ends." in said
    assert "A use is worth ¥16.67 instead of ¥30.00." in said
    assert "After 6 uses a refund pays ¥100.00 at the package price, or ¥20.00 at the single price." in said
    assert Plan.objects.count() == 0

    assert browser.post(url("plan-create"), plan_form(wash)).status_code == 302

    plan = Plan.objects.get()
    assert (plan.price, plan.total_uses, list(plan.products.all())) == (D("200.00"), 12, [wash])
    page = words(browser.get(url("plan-list")))
    assert "10 paid and 2 free" in page
    assert "¥160.00" in page
    assert words(browser.get(url("plan-edit", plan.pk))).count(wash.sku) == 1
    assert Record.objects.filter(action="pass_plan.created").count() == 1


def test_a_plan_by_days_is_said_in_words(browser, wash):
    said = words(browser.post(url("plan-preview"), plan_form(wash, is_unlimited="on", valid_days="30", price="300")))

    assert "Pay ¥300.00 and have 洗车 as often as you want for 30 days." in said
    assert "A day is worth ¥10.00; who stops early gets the days that are left." in said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("products", "9999999"),
        ("products", ""),
        ("products", "x " * 300),
        ("price", "0"),
        ("price", "-1"),
        ("price", "abc"),
        ("unit_list_price", ""),
        ("paid_uses", ""),
        ("paid_uses", "-3"),
        ("paid_uses", "99999"),
        ("valid_days", "0"),
        ("starts_on", "soon"),
        ("position", ""),
        ("price", "999"),
    ],
)
def test_a_wrong_plan_is_refused_beside_its_field(browser, wash, field, value):
    answer = browser.post(url("plan-create"), plan_form(wash, **{field: value}))

    assert answer.status_code == 422
    assert Plan.objects.count() == 0
    assert browser.post(url("plan-preview"), plan_form(wash, **{field: value})).status_code == 200


def test_the_list_is_filtered_and_answers_page_or_fragment(browser, held, ending, member, store, now):
    def rows(**params):
        return [one.pk for one in browser.get(url("pass-list"), params).context["listing"].rows]

    assert rows() == [ending.pk, held.pk]
    assert rows(q=member.number) == [ending.pk, held.pk]
    assert rows(q="nobody") == []
    assert rows(status="active", plan=str(held.plan_id)) == [held.pk]
    assert rows(ends_until=(now + timedelta(days=40)).date().isoformat()) == [ending.pk]
    assert rows(since=(now + timedelta(days=1)).date().isoformat()) == []
    assert rows(status="nonsense", plan="x", since="x") == [ending.pk, held.pk]
    assert "¥200.00 of all passes are not used yet" in words(browser.get(url("pass-list")))
    answers = [
        browser.get(url("pass-list"), headers=headers)
        for headers in ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})
    ]
    assert ["<html" in answer.content.decode() for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)


def test_the_list_is_downloaded_and_that_is_recorded(browser, held, ending):
    answer = browser.post(url("pass-export") + f"?plan={held.plan_id}")

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[8:12] for row in rows[1:]] == [[100, 3, 3, 100], [100, None, None, 100]]
    assert Record.objects.get(action="pass.exported").data == {"count": 1, "filters": {"plan": str(held.plan_id)}}


@pytest.mark.parametrize("name", ["pass-list", "pass-detail", "member-panel", "ending", "plan-list", "refund-list"])
def test_statements_do_not_grow_with_the_rows(
    browser, name, wash, member, store, now, ending, django_assert_num_queries, django_assert_max_num_queries
):
    args = {"pass-detail": [ending.pk], "member-panel": [member.pk]}.get(name, [])

    def more(number):
        for _index in range(number):
            plan = create_plan(wash, valid_days=20, at=now)
            sell(plan, member, store, at=now)
            use(ending, wash, str(next_value(ending)), at=now)

    def next_value(held):
        held.refresh_from_db()
        return next_values(held.unused_value, held.remaining, 1)[0]

    more(1)
    with django_assert_max_num_queries(18) as first:
        browser.get(url(name, *args))

    more(2)

    with django_assert_num_queries(len(first)):
        browser.get(url(name, *args))


def test_one_pass_shows_contract_movements_and_what_can_be_done(browser, held, wash, now):
    use(held, wash, "33.34", at=now)

    page = words(browser.get(url("pass-detail", held.pk)))

    assert "2 / 3" in page
    assert "¥66.66" in page
    assert "−¥33.34" in page
    assert url("refund-create", held.pk) in page
    assert url("extension-create", held.pk) not in page
    assert browser.get(url("pass-detail", 10**6)).status_code == 404


def test_an_extension_is_typed_and_a_wrong_one_refused(browser, ending):
    form = {"command_key": str(uuid.uuid4()), "last_on": "2099-1-2", "reason": "was ill"}
    for wrong in ({"last_on": "soon"}, {"last_on": "2020-01-01"}, {"reason": ""}):
        assert browser.post(url("extension-create", ending.pk), {**form, **wrong}).status_code == 422

    assert browser.post(url("extension-create", ending.pk), form).status_code == 302
    assert browser.post(url("extension-create", ending.pk), form).status_code == 302

    ending.refresh_from_db()
    assert ending.last_day == date(2099, 1, 2)
    assert Entry.objects.filter(kind="extend").count() == 1


def test_a_pass_is_shared_with_one_member_and_that_is_ended(browser, wash, member, store, now, held):
    friend = create_member(store, name="李雷")
    create_member(store, name="李梅")
    shared = sell(create_plan(wash, is_shareable=True, at=now), member, store, at=now)
    for which, text in ((shared, "nobody"), (shared, "李"), (shared, member.number), (held, friend.number)):
        assert browser.post(url("sharer-create", which.pk), {"text": text}).status_code == 422
    assert Sharer.objects.count() == 0

    browser.post(url("sharer-create", shared.pk), {"text": friend.number})

    assert Sharer.objects.get().member == friend
    assert f"shared by {member}" in words(browser.get(url("member-panel", friend.pk)))
    assert "李雷" in words(browser.get(url("pass-detail", shared.pk)))
    browser.post(url("sharer-delete", shared.pk, friend.pk))
    assert Sharer.objects.count() == 0


def refund_form(**data):
    return {"command_key": str(uuid.uuid4()), "ground": "merchant", "reason": "moves away", **data}


def test_a_refund_shows_every_ground_with_its_formula_and_closes_the_pass(browser, held, wash, now):
    use(held, wash, "33.34", at=now)
    page = words(browser.get(url("refund-create", held.pk)))
    assert "100.00 - 1 × 100.00 / 3 = 66.67" in page
    assert "100.00 - 1 × 40.00 = 60.00" in page
    for wrong in ({"ground": ""}, {"ground": "gold"}, {"reason": ""}, {"command_key": "x"}):
        assert browser.post(url("refund-create", held.pk), refund_form(**wrong)).status_code == 422
    assert Refund.objects.count() == 0

    form = refund_form()
    answer = browser.post(url("refund-create", held.pk), form)

    refund = Refund.objects.get()
    assert answer["Location"] == url("refund-detail", refund.pk)
    assert browser.post(url("refund-create", held.pk), form)["Location"] == answer["Location"]
    assert Refund.objects.count() == 1
    page = words(browser.get(answer["Location"]))
    assert "¥66.67" in page
    assert "+¥0.01" in page
    assert "Nothing to refund" in words(browser.get(url("refund-create", held.pk)))
    assert url("refund-detail", refund.pk) in words(browser.get(url("refund-list"), {"status": "due"}))


def test_above_the_limit_it_is_sent_for_approval(browser_for, manager, month):
    answer = browser_for(manager).post(url("refund-create", month.pk), refund_form())

    assert answer["Location"] == url("pass-detail", month.pk)
    assert Request.objects.get().status == "pending"
    assert (Refund.objects.count(), Pass.objects.get(pk=month.pk).status) == (0, "active")


def test_a_bank_transfer_is_marked_once_with_its_reference(browser, browser_for, held, store):
    browser.post(url("refund-create", held.pk), refund_form())
    refund = Refund.objects.get()
    pay = url("refund-payment-create", refund.pk)
    finance = browser_for(make_staff("finance", "finance", store))
    assert finance.post(pay, {"command_key": str(uuid.uuid4()), "reference": ""}).status_code == 422

    finance.post(pay, {"command_key": str(uuid.uuid4()), "reference": "B-77"})

    refund.refresh_from_db()
    assert (refund.status, refund.method, refund.reference) == ("paid", "bank", "B-77")
    assert finance.post(pay, {"command_key": str(uuid.uuid4()), "reference": "B-78"}).status_code == 422
    assert "B-77" in words(browser.get(url("refund-detail", refund.pk)))


def test_the_refund_of_another_store_is_not_there(browser, browser_for, held, store, other_store):
    browser.post(url("refund-create", held.pk), refund_form())
    refund = Refund.objects.get()
    stranger = browser_for(make_staff("stranger", "manager", other_store))

    assert stranger.get(url("refund-detail", refund.pk)).status_code == 404
    assert stranger.post(url("refund-payment-create", refund.pk), {"reference": "x"}).status_code == 404
    assert refund.held.name not in words(stranger.get(url("refund-list")))


def test_block_and_tile_show_passes_or_say_that_there_are_none(browser, member, wash, store, now):
    assert "No pass yet" in words(browser.get(url("member-panel", member.pk)))
    assert "No pass ends within 30 days." in words(browser.get(url("ending")))
    assert browser.get(url("member-panel", 10**6)).status_code == 404

    held = sell(create_plan(wash, valid_days=10, at=now), member, store, at=now)

    for page in (browser.get(url("member-panel", member.pk)), browser.get(url("ending"))):
        assert held.name in words(page)
        assert "<html" not in page.content.decode()


@pytest.mark.parametrize(
    ("role", "forbidden"),
    [
        ("cashier", ["pass-export", "extension-create", "refund-create", "plan-create", "refund-payment-create"]),
        ("marketer", ["pass-export", "extension-create", "sharer-create", "refund-create", "refund-payment-create"]),
        ("finance", ["extension-create", "sharer-create", "plan-create"]),
        ("auditor", ["extension-create", "sharer-create", "refund-create", "plan-create", "refund-payment-create"]),
    ],
)
def test_roles_are_kept_out_of_what_is_not_theirs(browser_for, held, store, role, forbidden):
    browser = browser_for(make_staff(f"a-{role}", role, store))
    for name in forbidden:
        args = [] if name in ("pass-export", "plan-create") else [held.pk]
        assert browser.post(url(name, *args)).status_code == 403, name
    assert browser.get(url("pass-list")).status_code == 200


def test_who_has_no_right_sees_nothing(browser_for, held, member):
    nobody = browser_for(Staff.objects.create_user("nobody", password="river-stone-42", display_name="No"))

    for name, args in (
        ("pass-list", []),
        ("pass-detail", [held.pk]),
        ("member-panel", [member.pk]),
        ("ending", []),
        ("plan-list", []),
        ("refund-list", []),
    ):
        assert nobody.get(url(name, *args)).status_code == 403, name


def test_names_that_look_like_html_stay_text(browser, wash, member, store, now):
    hostile = '<script>alert("x")</script>'
    plan = create_plan(wash, name=hostile, at=now)
    held = sell(plan, member, store, at=now)

    for name, args in (
        ("plan-list", []),
        ("plan-edit", [plan.pk]),
        ("pass-list", []),
        ("pass-detail", [held.pk]),
        ("member-panel", [member.pk]),
        ("refund-create", [held.pk]),
    ):
        assert "<script>alert" not in browser.get(url(name, *args)).content.decode(), name
