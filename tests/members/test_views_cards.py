"""PIN, card and quick actions on the pages of a member."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from core.links import Link
from members import registry, services
from members.models import Card, Member, Pin
from members.registry import Badge
from tests.factories.members import create_member

PIN, OTHER = "271828", "314159"
NOW = datetime(2026, 3, 18, 4, tzinfo=UTC)


@pytest.fixture
def member(store) -> Member:
    return create_member(store, name="王小明", phone="13800138000")


@pytest.fixture
def page(client_for, member):
    """Get or post a page of the member as a person, in English."""

    def ask(staff, name, data=None, **headers):
        client = client_for(staff)
        client.cookies["django_language"] = "en"
        url = reverse(f"members:{name}", args=[member.pk])
        return client.get(url, headers=headers) if data is None else client.post(url, data, headers=headers)

    return ask


def text_of(response: Any) -> str:
    return str(response.content, "utf-8")


def test_the_member_chooses_a_pin_and_changes_it(page, member, cashier):
    assert page(cashier, "pin-edit", {"pin": PIN, "pin_again": PIN}).status_code == 302
    first = Pin.objects.get().hash

    answer = page(cashier, "pin-edit", {"old_pin": PIN, "pin": OTHER, "pin_again": OTHER})

    assert answer.headers["location"] == reverse("members:member-detail", args=[member.pk])
    assert Pin.objects.get().hash != first


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"pin": "", "pin_again": ""}, "This field is required."),
        ({"pin": PIN, "pin_again": OTHER}, "The two PINs differ."),
        ({"pin": "123456", "pin_again": "123456"}, "too easy to guess"),
        ({"pin": "138000", "pin_again": "138000"}, "The end of the phone number"),
        ({"pin": "27182", "pin_again": "27182"}, "A PIN has 6 digits."),
        ({"pin": "二七一八二八", "pin_again": "二七一八二八"}, "A PIN has 6 digits."),
        ({"pin": "2" * 50, "pin_again": "2" * 50}, "at most 20 characters"),
    ],
)
def test_a_bad_pin_is_refused_beside_its_field_and_never_shown_again(page, cashier, typed, text):
    answer = page(cashier, "pin-edit", typed)

    assert answer.status_code == 422
    assert text in text_of(answer)
    assert f'value="{typed.get("pin")}"' not in text_of(answer)
    assert "no-store" in answer.headers["cache-control"]
    assert Pin.objects.count() == 0


def test_full_width_digits_are_digits(page, member, cashier):
    page(cashier, "pin-edit", {"pin": "２７１８２８", "pin_again": PIN})

    assert services.verify_pin(member_id=member.pk, pin=PIN, at=NOW)


def test_a_wrong_present_pin_is_said_beside_its_field(page, member, cashier):
    services.set_pin(member_id=member.pk, pin=PIN, actor=cashier, at=NOW)

    answer = page(cashier, "pin-edit", {"old_pin": OTHER, "pin": "161803", "pin_again": "161803"})

    assert answer.status_code == 422
    assert "The PIN is not right." in text_of(answer)
    assert Pin.objects.get().failures == 1


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?next=/checkout/", "/checkout/"),
        ("?next=https://evil.example/", None),
        ("?next=//evil.example/", None),
    ],
)
def test_next_leads_back_inside_the_house_only(client_for, member, cashier, query, place):
    url = reverse("members:pin-edit", args=[member.pk])

    answer = client_for(cashier).post(url + query, {"pin": PIN, "pin_again": PIN})

    assert answer.headers["location"] == (place or reverse("members:member-detail", args=[member.pk]))


def test_a_manager_removes_a_pin_with_reason_and_document(page, member, manager, cashier):
    services.set_pin(member_id=member.pk, pin=PIN, actor=cashier, at=NOW)

    assert page(cashier, "pin-delete", {"reason": "forgotten", "id_shown": "on"}).status_code == 403
    refused = page(manager, "pin-delete", {"reason": "forgotten"})
    assert (refused.status_code, Pin.objects.count()) == (422, 1)
    assert "Ask for an identity document first." in text_of(refused)
    assert page(manager, "pin-delete", {"id_shown": "on"}).status_code == 422
    assert page(manager, "pin-delete", {"reason": "forgotten", "id_shown": "on"}).status_code == 302

    assert Pin.objects.count() == 0
    again = page(manager, "pin-delete", {"reason": "forgotten", "id_shown": "on"})
    assert (again.status_code, "This member has no PIN." in text_of(again)) == (422, True)


def test_a_cashier_reports_a_loss_and_a_manager_gives_a_new_card(page, member, cashier, manager):
    old = member.number
    assert page(cashier, "block-create", {"reason": "stolen"}).status_code == 302
    assert "This card was reported lost." in text_of(page(cashier, "card-list"))
    assert page(cashier, "replacement-create", {}).status_code == 403

    key = str(uuid4())
    for _twice in range(2):
        answer = page(manager, "replacement-create", {"command_key": key, "number": old, "reason": "stolen"})
        assert answer.status_code == 302

    member.refresh_from_db()
    assert (Card.objects.count(), member.number == old) == (2, False)
    text = text_of(page(manager, "card-list"))
    assert member.number in text
    assert "This card was replaced: only the new one counts." in text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("block-create", {}),
        ("block-create", {"reason": "damaged"}),
        ("replacement-create", {"reason": "damaged"}),
        ("replacement-create", {"command_key": "x", "number": "1", "reason": "damaged"}),
        ("replacement-create", {"command_key": str(uuid4()), "number": "6000000000", "reason": "damaged"}),
        ("replacement-create", {"command_key": str(uuid4()), "number": "", "reason": "eaten"}),
    ],
)
def test_nonsense_about_a_card_is_refused_and_changes_nothing(page, member, manager, name, data):
    assert page(manager, name, data).status_code == 422

    number = member.number
    member.refresh_from_db()
    assert (Card.objects.count(), member.number) == (0, number)


def test_a_loss_report_is_lifted_once(client_for, member, cashier):
    services.block_card(member_id=member.pk, reason="lost", actor=cashier, at=NOW)
    client, url = client_for(cashier), reverse("members:block-delete", args=[member.pk])
    client.cookies["django_language"] = "en"

    first, second = (text_of(client.post(url, follow=True)) for _twice in range(2))

    assert "The card can be used again." in first
    assert "No loss of this card is reported." in second
    assert Card.objects.get().ended_at is None


def test_an_unnamed_card_offers_no_loss_report(client_for, store, cashier):
    bearer = create_member(store, name="", phone="", is_named=False)
    client = client_for(cashier)
    client.cookies["django_language"] = "en"

    assert "Register the holder first." in text_of(client.get(reverse("members:card-list", args=[bearer.pk])))
    answer = client.post(reverse("members:block-create", args=[bearer.pk]), {"reason": "lost"})

    assert (answer.status_code, Card.objects.count()) == (422, 0)


def test_the_member_list_says_why_an_old_number_is_refused(client_for, member, cashier):
    old = member.number
    services.replace_card(member_id=member.pk, reason="damaged", actor=cashier, at=NOW)
    client = client_for(cashier)
    client.cookies["django_language"] = "en"

    text = text_of(client.get(reverse("members:member-list"), {"search": old}))

    assert f"{old}: This card was replaced: only the new one counts." in text
    assert "王小明" in text


def test_the_code_of_the_card_changes_with_its_number(page, member, cashier):
    before = text_of(page(cashier, "card-detail"))

    services.replace_card(member_id=member.pk, reason="damaged", actor=cashier, at=NOW)

    assert text_of(page(cashier, "card-detail")) != before
    member.refresh_from_db()
    # The browser keeps the picture for an hour: its address has to change.
    assert f"/card/?{member.number}" in text_of(page(cashier, "member-detail"))


def test_quick_actions_are_those_that_make_sense_for_the_person_and_the_member(page, member, cashier, manager):
    def offered(staff):
        text = text_of(page(staff, "member-detail"))
        names = ("member-edit", "freeze-create", "freeze-delete", "pin-edit", "pin-delete", "card-list")
        return [name for name in names if f'href="{reverse(f"members:{name}", args=[member.pk])}"' in text]

    assert offered(cashier) == ["member-edit", "pin-edit", "card-list"]
    assert offered(manager) == ["member-edit", "freeze-create", "pin-edit", "card-list"]
    services.set_pin(member_id=member.pk, pin=PIN, actor=cashier, at=NOW)
    services.freeze_member(member_id=member.pk, reason="asked for", actor=manager, at=NOW)
    assert offered(manager) == ["member-edit", "freeze-delete", "pin-edit", "pin-delete", "card-list"]
    Member.objects.update(status="closed")
    assert offered(manager) == []


def test_apps_above_hang_badges_and_actions_on_the_page(page, member, cashier, manager, monkeypatch):
    monkeypatch.setattr(registry, "_badges", {})
    monkeypatch.setattr(registry, "_actions", {})
    registry.register_member_badge("gold", lambda one, at: Badge("Gold friend", "tier-2") if one == member else None)
    registry.register_member_badge("none", lambda one, at: None)
    link = Link("test-act", "members:member-edit", "Do it", "members.reveal_phone", "bolt", order=10)
    registry.register_member_action(link)

    for_cashier, for_manager = (text_of(page(staff, "member-detail")) for staff in (cashier, manager))

    assert '<span class="badge badge-tier-2">Gold friend</span>' in for_cashier
    assert ("Do it" in for_cashier, "Do it" in for_manager) == (False, True)


def test_the_tier_stands_beside_the_name(page, cashier):
    assert '<span class="badge badge-tier-0">Normal</span>' in text_of(page(cashier, "member-detail"))


def test_a_later_action_of_the_same_name_takes_the_place(member, manager, monkeypatch):
    monkeypatch.setattr(registry, "_actions", {})
    for url in ("members:member-edit", "members:card-list"):
        registry.register_member_action(Link("test-act", url, "Do it"))

    assert [link.url_name for link in registry.actions_for(manager, member)] == ["members:card-list"]
