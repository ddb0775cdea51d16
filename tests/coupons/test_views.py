"""The pages of coupons."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from audit.models import Record
from coupons import services
from coupons.models import Coupon, Event, StackCategory, Template
from members.models import Member
from stores.models import Staff
from tests.factories.coupons import create_template, issue_coupon

FORM = {
    "name": "满100减10", "kind": "amount_off", "amount": "10", "threshold": "100", "validity": "days",
    "valid_days": "30", "stack_category": "1", "base": "remaining", "order_limit": "1", "threshold_break": "keep",
    "stacks_with_tier": "on", "stacks_with_points": "on", "total_limit": "", "member_limit": "1",
    "is_usable_while_stopped": "on", "returns_on_refund": "on",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _general_class(db: None) -> None:
    FORM["stack_category"] = str(StackCategory.objects.get(code="general").pk)


def grant(staff: Staff, *codenames: str) -> None:
    staff.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=["coupons", "members"], codename__in=codenames)
    )


@pytest.fixture
def marketer(manager: Staff, client_for: Any) -> Client:
    """Everything about coupons."""
    grant(
        manager, "view_template", "add_template", "change_template", "view_coupon", "issue_coupon", "void_coupon",
        "view_member",
    )  # fmt: skip
    client: Client = client_for(manager)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def at() -> datetime:
    return timezone.now()


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_template_is_made_as_a_draft_and_started(marketer: Client) -> None:
    response = marketer.post("/coupons/templates/new/", FORM)

    template = Template.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/coupons/templates/{template.pk}/")
    assert (template.status, template.amount, template.threshold, template.member_limit) == (
        "draft", Decimal("10.00"), Decimal("100.00"), 1,
    )  # fmt: skip
    untried = marketer.post(f"/coupons/templates/{template.pk}/status/", {"status": "active"})
    assert (untried.status_code, Template.objects.get().status) == (422, "draft")
    assert "Try this coupon on orders of the last days first" in text(untried)
    marketer.post(f"/coupons/templates/{template.pk}/status/", {"status": "active", "reason": "Same as last year"})
    template.refresh_from_db()
    assert template.status == "active"
    assert Record.objects.get(action="coupon_template.status_changed").reason == "Same as last year"
    assert "¥10.00 off from ¥100.00, valid for 30 days" in text(marketer.get(f"/coupons/templates/{template.pk}/"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "0"}, "Must be more than 0."),
        ({"amount": "ten"}, "Enter a number"),
        ({"valid_days": ""}, "Say for how many days"),
        ({"validity": "fixed", "starts_on": "2026-3-2", "through_on": "2026-3-1"}, "The last day is before the first."),
        ({"validity": "fixed"}, "Fill this in for fixed dates."),
    ],
)
def test_errors_stand_beside_the_fields(marketer: Client, changes: dict[str, str], words: str) -> None:
    response = marketer.post("/coupons/templates/new/", {**FORM, **changes})

    assert response.status_code == 422
    assert words in text(response)
    assert not Template.objects.exists()


def test_the_preview_says_it_in_plain_words_and_saves_nothing(marketer: Client) -> None:
    response = marketer.post(
        "/coupons/templates/new/?preview", {**FORM, "stacks_with_points": ""}, headers={"HX-Request": "true"}
    )

    assert response.status_code == 200
    assert "It can be used together with the tier discount, not with points." in text(response)
    assert "<form" not in text(response)
    assert not Template.objects.exists()


def test_a_limit_below_what_was_issued_is_refused_in_the_form(marketer: Client, member: Member, at: datetime) -> None:
    template = create_template(at=at)
    issue_coupon(template, member.pk, at=at)
    issue_coupon(template, member.pk, at=at)

    response = marketer.post(f"/coupons/templates/{template.pk}/edit/", {**FORM, "total_limit": "1"})

    assert response.status_code == 422
    assert "2 coupons were given out already." in text(response)


def test_retired_templates_cannot_be_started_again(marketer: Client, at: datetime) -> None:
    template = create_template(at=at)
    marketer.post(f"/coupons/templates/{template.pk}/status/", {"status": "retired"})

    response = marketer.post(f"/coupons/templates/{template.pk}/status/", {"status": "active"})

    assert response.status_code == 422
    assert marketer.post(f"/coupons/templates/{template.pk}/status/", {"status": "nonsense"}).status_code == 404


def test_the_list_answers_page_and_fragment(
    marketer: Client, at: datetime, member: Member, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        template = create_template(at=at, name=f"sort {number}")
    coupon = issue_coupon(template, member.pk, at=at)
    services.redeem(
        coupon_id=coupon.pk, member_id=member.pk, amount=Decimal("9.00"), source="orders:1", idempotency_key="x",
        at=at, store=None, actor=None,
    )  # fmt: skip

    with django_assert_max_num_queries(8):
        page = marketer.get("/coupons/templates/")
    fragment = marketer.get("/coupons/templates/?status=active", headers={"HX-Request": "true"})
    restored = marketer.get("/coupons/templates/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})

    assert ("<html" in text(page), "<html" in text(fragment), "<html" in text(restored)) == (True, False, True)
    assert "HX-Request" in page["Vary"]
    assert "¥9.00" in text(fragment)
    assert "sort 3" not in text(marketer.get("/coupons/templates/?status=draft"))


def test_a_coupon_is_given_once_however_often_the_form_is_sent(marketer: Client, member: Member, at: datetime) -> None:
    template = create_template(at=at)
    form = {"member": member.number, "reason": "Late delivery", "command_key": str(uuid4())}

    first = marketer.post(f"/coupons/templates/{template.pk}/coupons/new/", form)
    second = marketer.post(f"/coupons/templates/{template.pk}/coupons/new/", form)
    other = marketer.post(f"/coupons/templates/{template.pk}/coupons/new/", {**form, "reason": "Another"})

    assert (first.status_code, second.status_code, other.status_code) == (302, 302, 422)
    coupon = Coupon.objects.get()
    assert coupon.member == member
    assert coupon.code in text(marketer.get(f"/coupons/templates/{template.pk}/"))


def test_a_member_who_is_not_clear_is_asked_for(
    marketer: Client, member: Member, other_member: Member, at: datetime
) -> None:
    template = create_template(at=at)
    form = {"reason": "x", "command_key": str(uuid4())}

    unclear = marketer.post(f"/coupons/templates/{template.pk}/coupons/new/", {**form, "member": "王小明"})
    unknown = marketer.post(f"/coupons/templates/{template.pk}/coupons/new/", {**form, "member": "nobody"})

    assert (unclear.status_code, unknown.status_code) == (422, 422)
    assert member.number in text(unclear)
    assert other_member.number in text(unclear)
    assert "No member fits this." in text(unknown)
    assert not Coupon.objects.exists()


def test_a_refusal_stands_in_the_form(marketer: Client, member: Member, at: datetime) -> None:
    template = create_template(at=at, member_limit=1)
    issue_coupon(template, member.pk, at=at)

    response = marketer.post(
        f"/coupons/members/{member.pk}/new/", {"template": template.pk, "reason": "x", "command_key": str(uuid4())}
    )

    assert response.status_code == 422
    assert "This member already had 1 of the coupon" in text(response)


def test_the_panel_shows_open_and_past_coupons(
    marketer: Client, member: Member, at: datetime, django_assert_max_num_queries: Any
) -> None:
    template = create_template(at=at - timedelta(days=60))
    issue_coupon(template, member.pk, at=at - timedelta(days=60))
    for _ in range(12):
        issue_coupon(template, member.pk, at=at)

    with django_assert_max_num_queries(9):
        panel = text(marketer.get(f"/coupons/members/{member.pk}/panel/"))

    assert "12 unused coupons" in panel
    assert "<html" not in panel
    assert f"/coupons/members/{member.pk}/new/" in panel
    assert "not used in time" in text(marketer.get(f"/coupons/members/{member.pk}/?state=expired"))
    assert marketer.get("/coupons/members/999999/panel/").status_code == 404


def test_withdrawing_needs_a_reason_and_happens_once(marketer: Client, member: Member, at: datetime) -> None:
    coupon = issue_coupon(create_template(at=at), member.pk, at=at)
    form = {"command_key": str(uuid4()), "reason": "Wrong member"}
    refused = marketer.post(f"/coupons/{coupon.pk}/void/", {**form, "reason": ""})

    answers = [marketer.post(f"/coupons/{coupon.pk}/void/", form).status_code for _ in range(2)]

    assert (refused.status_code, answers) == (422, [302, 302])
    assert Event.objects.filter(kind="voided").count() == 1
    page = text(marketer.get(f"/coupons/{coupon.pk}/"))
    assert "Wrong member" in page
    assert "/void/" not in page


def test_a_cashier_sees_coupons_and_changes_none(cashier: Staff, client_for: Any, member: Member, at: datetime) -> None:
    grant(cashier, "view_coupon")
    client = client_for(cashier)
    template = create_template(at=at)
    coupon = issue_coupon(template, member.pk, at=at)

    allowed = [client.get(f"/coupons/{coupon.pk}/"), client.get(f"/coupons/members/{member.pk}/panel/")]
    refused = [
        client.get("/coupons/templates/new/"),
        client.post(f"/coupons/templates/{template.pk}/status/", {"status": "paused"}),
        client.post(f"/coupons/{coupon.pk}/void/", {"reason": "x"}),
        client.get(f"/coupons/members/{member.pk}/new/"),
    ]

    assert [response.status_code for response in allowed] == [200, 200]
    assert [response.status_code for response in refused] == [403] * 4
    assert "/void/" not in text(allowed[0])
    template.refresh_from_db()
    assert template.status == "active"


def test_the_texts_are_there_in_chinese(marketer: Client, at: datetime) -> None:
    template = create_template(at=at)
    marketer.cookies["django_language"] = "zh-hans"

    page = text(marketer.get(f"/coupons/templates/{template.pk}/"))

    assert "满¥100.00减¥10.00" in page
    assert "可与等级折扣、积分抵扣同时使用。" in page
