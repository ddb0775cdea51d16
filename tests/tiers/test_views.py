"""The pages of tiers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone, translation

from core.days import local_day
from members.models import Member
from stores.models import Staff
from tiers import services
from tiers.models import Change, Tier
from tiers.selectors import get_benefits


def grant(staff: Staff, *codenames: str) -> None:
    staff.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=["tiers", "members"], codename__in=codenames)
    )


@pytest.fixture
def head(owner: Staff, client_for: Any) -> Client:
    """Everything about tiers."""
    client: Client = client_for(owner)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def today() -> date:
    return local_day(timezone.now())


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_list_says_in_plain_words_what_each_level_asks_and_gives(head: Client) -> None:
    page = text(head.get("/tiers/"))

    assert "Every member has this tier." in page
    assert "For members who spend ¥500.00 or earn 500 points within the last 12 months." in page
    assert "Valid for 12 months once reached." in page
    assert "Kept by reaching the same again; who does not falls to the tier that is earned then." in page
    assert "5% off" in page
    assert "× 5" in page
    assert "no_stored" not in page


def test_a_level_is_renamed(head: Client, gold: Tier) -> None:
    response = head.post(f"/tiers/{gold.pk}/edit/", {"name": "Gold club", "colour": "tier-4"})

    assert response.status_code == 302
    gold.refresh_from_db()
    assert (gold.label, gold.colour, gold.code) == ("Gold club", "tier-4", "gold")
    assert not gold.is_rechargeable
    assert head.post(f"/tiers/{gold.pk}/edit/", {"name": "", "colour": "tier-4"}).status_code == 422


def test_the_panel_shows_level_progress_and_history(
    head: Client, member: Member, today: date, django_assert_max_num_queries: Any
) -> None:
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal("1868.00")}, business_on=today, source="x",
        idempotency_key="x", at=timezone.now(), store=None, actor=None,
    )  # fmt: skip
    services.reevaluate(member_id=member.pk, at=timezone.now(), source="x")

    with django_assert_max_num_queries(16):
        panel = text(head.get(f"/tiers/members/{member.pk}/panel/"))

    assert "¥132.00 or 2,000 points to Gold" in panel
    assert 'value="93"' in panel
    assert "5% off" in panel
    assert "<html" not in panel
    assert "¥1,868.00 since" in text(head.get(f"/tiers/members/{member.pk}/changes/"))
    assert head.get("/tiers/members/999999/panel/").status_code == 404


def test_a_level_by_hand_is_set_once_however_often_the_form_is_sent(head: Client, member: Member, gold: Tier) -> None:
    form = {"tier": gold.pk, "reason": "Friend", "command_key": str(uuid4()), "locked_through": "2099-12-31"}

    answers = [head.post(f"/tiers/members/{member.pk}/tier/", form).status_code for _ in range(2)]
    other = head.post(f"/tiers/members/{member.pk}/tier/", {**form, "reason": "Another"})

    assert (answers, other.status_code) == ([302, 302], 422)
    change = Change.objects.get()
    assert (change.to_tier, change.memo) == (gold, "Friend")
    assert change.period.locked_until is not None
    assert local_day(change.period.locked_until) == date(2100, 1, 1)


def test_a_lock_in_the_past_is_refused_in_the_form(head: Client, member: Member, gold: Tier) -> None:
    form = {"tier": gold.pk, "reason": "Friend", "command_key": str(uuid4()), "locked_through": "2020-12-31"}

    response = head.post(f"/tiers/members/{member.pk}/tier/", form)

    assert response.status_code == 422
    assert "The lock must end later than now." in text(response)
    assert not Change.objects.exists()


def test_a_cashier_sees_the_level_and_changes_nothing(
    cashier: Staff, client_for: Any, member: Member, gold: Tier
) -> None:
    grant(cashier, "view_period", "view_tier")
    client = client_for(cashier)

    allowed = [
        client.get(f"/tiers/members/{member.pk}/panel/"),
        client.get("/tiers/"),
        client.get(f"/tiers/{gold.pk}/"),
    ]
    refused = [
        client.post(f"/tiers/members/{member.pk}/tier/", {"tier": gold.pk, "reason": "x"}),
        client.post(f"/tiers/tracks/{gold.track_id}/draft/"),
        client.post(f"/tiers/{gold.pk}/retirement/"),
        client.get(f"/tiers/{gold.pk}/edit/"),
    ]

    assert [response.status_code for response in allowed] == [200] * 3
    assert [response.status_code for response in refused] == [403] * 4


def test_shipped_names_follow_the_language(head: Client, member: Member, now: datetime) -> None:
    with translation.override("zh-hans"):
        assert get_benefits(member_id=member.pk, at=now).tier_name == "普通"
    with translation.override("en"):
        assert get_benefits(member_id=member.pk, at=now).tier_name == "Normal"

    assert "Silver" in text(head.get("/tiers/"))
    head.cookies["django_language"] = "zh-hans"
    page = text(head.get("/tiers/"))

    assert "银卡" in page
    assert "最近12个月内" in page
    assert "9.5折" in page
