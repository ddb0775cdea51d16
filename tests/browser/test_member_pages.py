"""The pages of one member in a real browser: quick actions, card, PIN, and the list of reminders."""

from datetime import timedelta

import pytest

from core.days import local_day
from members import services
from members.services import MemberData, NewReminder, create_member
from tests.factories.till import allow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("size", [(1366, 768), (1024, 768)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_pages_of_a_member_are_accessible_in_both_languages(store, manager, now, screen_for, size, language):
    allow(
        manager,
        *(f"members.{right}" for right in ("view_member", "view_card", "view_reminder", "change_reminder")),
        *(f"members.{right}" for right in ("set_pin", "reset_pin", "block_card", "replace_card", "freeze_member")),
    )
    day = local_day(now)
    data = MemberData(name="王小明", phone="13800138821", birth_year=1990, birth_month=3, birth_day=19)
    member = create_member(data=data, source="counter", store=store, actor=manager, at=now)
    list(services.remind_birthdays(day, now))
    services.add_reminders(
        [NewReminder(member.pk, "lunar_birthday", 2025, day - timedelta(days=2), {"month": 2, "day": 1})]
    )
    old = member.number
    services.block_card(member_id=member.pk, reason="stolen", actor=manager, at=now)
    services.replace_card(member_id=member.pk, reason="stolen", actor=manager, at=now)
    screen = screen_for(manager, size=size, language=language)
    name = f"{size[0]}-{language}"

    for title, path in (
        ("member", f"/members/{member.pk}/"),
        ("cards", f"/members/{member.pk}/cards/"),
        ("pin-page", f"/members/{member.pk}/pin/"),
        ("pin-removal", f"/members/{member.pk}/pin/removal/"),
        ("reminders", "/members/reminders/"),
        ("old-number", f"/members/?search={old}"),
    ):
        screen.open(path)
        screen.page.wait_for_load_state("networkidle")
        screen.picture(f"{title}-{name}")
        assert (title, screen.violations()) == (title, [])

    screen.open(f"/members/{member.pk}/cards/")
    screen.page.locator("form[action$='/cards/loss/'] button").click()
    screen.page.wait_for_selector("form[action$='/cards/loss/end/']")
    screen.picture(f"cards-lost-{name}")
    screen.open(f"/members/{member.pk}/")
    screen.page.click("details.menu > summary:visible >> nth=-1")
    screen.picture(f"member-menu-{name}")
    assert screen.complaints == []
