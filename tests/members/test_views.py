"""The pages of members, as a browser gets them."""

from datetime import date
from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from audit.models import Record
from members.models import Member, Reminder
from tests.factories.members import create_member

HTMX = {"HX-Request": "true"}


def new_member(**changes: str) -> dict[str, str]:
    return {
        "name": "王小明",
        "phone": "138 0013 8000",
        "gender": "male",
        "birth_calendar": "solar",
        "command_key": str(uuid4()),
        **changes,
    }


def test_the_list_is_a_page_or_a_fragment(store, cashier, client_for):
    create_member(store, name="王小明")
    client, url = client_for(cashier), reverse("members:member-list")

    page = client.get(url)
    fragment = client.get(url, headers=HTMX)
    boosted = client.get(url, headers={**HTMX, "HX-Boosted": "true"})
    restored = client.get(url, headers={**HTMX, "HX-History-Restore-Request": "true"})

    assert [b"<html" in response.content for response in (page, fragment, boosted, restored)] == [
        True,
        False,
        True,
        True,
    ]
    assert all("王小明" in response.content.decode() for response in (page, fragment, boosted, restored))
    assert "HX-Request" in fragment["Vary"]


def statements_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


def test_the_list_masks_phones_and_costs_the_same_for_any_number_of_rows(store, cashier, client_for):
    client, url = client_for(cashier), reverse("members:member-list")
    create_member(store, phone="13800139999")
    statements_of(client, url)
    few = statements_of(client, url)
    for index in range(12):
        create_member(store, phone=f"1380013{index:04d}")

    assert statements_of(client, url) == few
    text = client.get(url).content.decode()
    assert "138****0003" in text
    assert "13800130003" not in text


@pytest.mark.parametrize(
    "query", ["search=wxm", "search=8000", "status=active&gender=male", "registered_from=2026-3-18"]
)
def test_filters_stand_in_the_url(store, cashier, client_for, query):
    create_member(store, name="王小明", phone="13800138000", gender="male")
    create_member(store, name="李雷", phone="13900139001", at=date_time(2026, 3, 1), gender="female")

    text = client_for(cashier).get(f"{reverse('members:member-list')}?{query}").content.decode()

    assert "王小明" in text
    if query != "status=active":
        assert "李雷" not in text


def date_time(year: int, month: int, day: int):
    from datetime import UTC, datetime

    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    "query", ["status=x", "store=x", "cursor=%00", "size=9999", "sort=phone", "registered_from=soon", "search=%00"]
)
def test_nonsense_in_the_url_narrows_nothing(store, cashier, client_for, query):
    create_member(store, name="王小明")

    response = client_for(cashier).get(f"{reverse('members:member-list')}?{query}")

    assert response.status_code == 200
    assert "王小明" in response.content.decode()


def test_a_member_is_registered_once_however_often_the_form_is_sent(store, cashier, client_for):
    client, data = client_for(cashier), new_member(phone="", birth_month="2", birth_day="29")

    first = client.post(reverse("members:member-create"), data)
    second = client.post(reverse("members:member-create"), data)

    member = Member.objects.get()
    assert first.url == second.url == reverse("members:member-detail", args=[member.pk])
    assert (member.store, member.source, member.birth_month, member.birth_day) == (store, "counter", 2, 29)


def test_a_phone_that_exists_is_refused_beside_the_field_with_a_link(store, cashier, client_for):
    taken = create_member(store, name="李雷", phone="13800138000")

    response = client_for(cashier).post(reverse("members:member-create"), new_member())

    text = response.content.decode()
    assert response.status_code == 422
    assert f'href="{reverse("members:member-detail", args=[taken.pk])}"' in text
    assert 'value="王小明"' in text
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": "12"},
        {"name": "", "phone": ""},
        {"birth_month": "2", "birth_day": "30"},
        {"birth_month": "2"},
        {"birth_month": "13", "birth_day": "1"},
        {"birth_year": "1850", "birth_month": "1", "birth_day": "1"},
        {"gender": "x"},
        {"email": "x"},
        {"name": "x" * 61},
        {"command_key": "x"},
    ],
)
def test_wrong_input_is_422_and_writes_nothing(store, cashier, client_for, changes):
    response = client_for(cashier).post(reverse("members:member-create"), new_member(**changes))

    assert response.status_code == 422
    assert Member.objects.count() == 0


def test_an_edit_keeps_a_phone_that_is_left_empty_and_never_shows_it(store, cashier, client_for):
    member = create_member(store, name="王小明", phone="13800138000")
    client, url = client_for(cashier), reverse("members:member-edit", args=[member.pk])

    page = client.get(url).content.decode()
    client.post(url, new_member(name="王晓明", phone=""))

    member.refresh_from_db()
    assert "13800138000" not in page
    assert "138****8000" in page
    assert (member.name, member.masked_phone) == ("王晓明", "138****8000")
    client.post(url, new_member(phone="13900139000", remove_phone="on"))
    member.refresh_from_db()
    assert member.phone_tail == "8000"
    client.post(url, new_member(name="王晓明", phone="", remove_phone="on"))
    member.refresh_from_db()
    assert member.phone_hash == ""


def test_the_page_of_a_member_loads_other_apps_blocks_later(store, owner, client_for):
    owner.is_superuser = True
    owner.save()
    member = create_member(store, name="王小明", phone="13800138000")

    text = client_for(owner).get(reverse("members:member-detail", args=[member.pk])).content.decode()

    assert "138****8000" in text
    assert member.number in text
    assert f'hx-get="{reverse("tags:member-panel", args=[member.pk])}"' in text


def test_the_card_is_a_qr_code_of_the_number(store, cashier, client_for):
    member = create_member(store)

    response = client_for(cashier).get(reverse("members:card-detail", args=[member.pk]))

    assert response["Content-Type"] == "image/svg+xml"
    assert response.content.startswith(b"<svg xmlns=")


def test_a_full_phone_needs_the_right_and_a_reason(store, cashier, manager, client_for):
    member = create_member(store, phone="13800138000")
    url = reverse("members:phone-reveal", args=[member.pk])

    assert client_for(cashier).post(url, {"reason": "curious"}).status_code == 403
    assert client_for(manager).get(url).status_code == 405
    refused = client_for(manager).post(url, {"reason": " "}, headers=HTMX)
    assert refused.status_code == 422
    assert not Record.objects.filter(action="phone.revealed").exists()
    shown = client_for(manager).post(url, {"reason": "call back"}, headers=HTMX)

    assert "13800138000" in shown.content.decode()
    assert b"<html" not in shown.content
    assert "no-store" in shown["Cache-Control"]
    assert Record.objects.get(action="phone.revealed").reason == "call back"


def test_freezing_and_unfreezing(store, cashier, manager, client_for):
    member = create_member(store)
    freeze, lift = (reverse(f"members:freeze-{verb}", args=[member.pk]) for verb in ("create", "delete"))
    client = client_for(manager)

    assert client_for(cashier).post(freeze, {"reason": "x"}).status_code == 403
    assert client.post(freeze, {"reason": ""}).status_code == 422
    assert client.post(lift, {"reason": "x"}).status_code == 422
    assert client.get(freeze).status_code == 200
    assert client.post(freeze, {"reason": "lost phone"}).status_code == 302
    member.refresh_from_db()
    assert member.status == "frozen"
    assert "lost phone" in client.get(reverse("members:member-detail", args=[member.pk])).content.decode()
    client.post(lift, {"reason": "found"})
    member.refresh_from_db()
    assert member.status == "active"


def download(client: Client, query: str = "") -> list[list[object]]:
    response = client.post(f"{reverse('members:member-export')}{query}")
    assert response.status_code == 200
    content = response.getvalue()
    return [[cell.value for cell in row] for row in load_workbook(BytesIO(content)).worksheets[0]]


def test_a_download_is_exactly_what_is_filtered_and_is_recorded(store, manager, cashier, client_for):
    create_member(store, name="=1+1", phone="13800138000", birth_month=3, birth_day=1)
    create_member(store, name="李雷", phone="13900139001", source="import")

    rows = download(client_for(manager), "?source=counter")

    assert [row[1:3] for row in rows[1:]] == [["=1+1", "13800138000"]]
    record = Record.objects.get(action="member.exported")
    assert (record.actor, record.data) == (
        manager,
        {"count": 1, "with_phones": True, "filters": {"source": "counter"}},
    )
    assert client_for(cashier).post(reverse("members:member-export")).status_code == 403
    assert client_for(manager).get(reverse("members:member-export")).status_code == 405


def test_a_download_masks_phones_without_the_right(store, manager, client_for):
    role = manager.groups.get()
    role.permissions.remove(role.permissions.get(codename="reveal_phone"))
    create_member(store, phone="13800138000")

    rows = download(client_for(manager))

    assert rows[1][2] == "138****8000"


def test_reminders_are_of_the_own_store_and_are_ticked_off_once(store, other_store, cashier, client_for):
    mine, foreign = create_member(store, name="王小明"), create_member(other_store, name="李雷")
    due = date(2099, 1, 1)
    one, two = (
        Reminder.objects.create(member=member, store=member.store, kind="solar_birthday", occurrence=2099, due_on=due)
        for member in (mine, foreign)
    )
    client, url = client_for(cashier), reverse("members:reminder-list")

    text = client.get(url).content.decode()
    assert "王小明" in text
    assert "李雷" not in text
    assert client.post(reverse("members:reminder-complete", args=[two.pk])).status_code == 404
    client.post(reverse("members:reminder-complete", args=[one.pk]))

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.done_by, two.done_at) == (cashier, None)
    assert "王小明" not in client.get(url).content.decode()
    assert "王小明" in client.get(f"{url}?show=done").content.decode()


def test_reminders_are_filtered_by_kind_and_say_what_about(store, cashier, client_for):
    due = date(2099, 1, 1)
    for index, kind in enumerate(("solar_birthday", "lunar_birthday", "lunar_birthday")):
        member = create_member(store, name=f"member {index}")
        details = {"month": 10 + index, "day": 2}
        Reminder.objects.create(member=member, store=store, kind=kind, occurrence=2099, due_on=due, details=details)
    client, url = client_for(cashier), reverse("members:reminder-list")
    client.cookies["django_language"] = "en"

    text = client.get(url, {"kind": "lunar_birthday"}, headers={"hx-request": "true"}).content.decode()

    assert "lunar 11-02" in text
    assert "lunar 12-02" in text
    assert "member 0" not in text
    assert "member 0" in client.get(url, {"kind": "nonsense"}).content.decode()


def test_a_long_list_of_reminders_takes_no_more_statements_than_a_short_one(store, cashier, client_for):
    client, url = client_for(cashier), reverse("members:reminder-list")

    def statements(count):
        for _index in range(count):
            Reminder.objects.create(
                member=create_member(store), store=store, kind="solar_birthday", occurrence=1, due_on=date(2099, 1, 1)
            )
        with CaptureQueriesContext(connection) as queries:
            client.get(url, headers={"hx-request": "true"})
        return len(queries)

    statements(0)
    assert statements(1) == statements(9)


def test_ticking_off_stays_in_the_filtered_list(store, cashier, client_for):
    member = create_member(store)
    one = Reminder.objects.create(
        member=member, store=store, kind="solar_birthday", occurrence=2099, due_on=date(2099, 1, 1)
    )

    url = reverse("members:reminder-complete", args=[one.pk]) + "?kind=solar_birthday"
    answer = client_for(cashier).post(url)

    assert answer.headers["location"] == reverse("members:reminder-list") + "?kind=solar_birthday"


@pytest.mark.parametrize("name", ["member-detail", "member-edit", "card-detail", "freeze-create"])
def test_a_member_who_is_not_there_is_404(store, manager, client_for, name):
    assert client_for(manager).get(reverse(f"members:{name}", args=[0])).status_code == 404
