"""The pages of staff, stores and settings."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from audit.models import Record
from core import settings
from core.settings import Setting
from stores.models import SettingValue, Staff, Store


def ids(*names: str) -> list[int]:
    return list(Group.objects.filter(name__in=names).values_list("pk", flat=True))


def staff_form(person: Staff, **changes: Any) -> dict[str, Any]:
    return {
        "username": person.username,
        "display_name": person.display_name,
        "is_active": "on",
        "roles": list(person.groups.values_list("pk", flat=True)),
        "works_in": list(person.stores.values_list("pk", flat=True)),
        **changes,
    }


def can_log_in(username: str, password: str) -> bool:
    return Client().post("/stores/login/", {"username": username, "password": password}).status_code == 302


# Staff


def test_an_owner_makes_a_cashier_who_can_log_in(boss: Client, store: Store) -> None:
    form = {"username": "new", "display_name": "New", "password": "quiet-harbour-7", "is_active": "on"}

    response = boss.post("/stores/staff/new/", {**form, "roles": ids("cashier"), "works_in": [store.pk]})

    person = Staff.objects.get(username="new")
    assert response.status_code == 302
    assert [group.name for group in person.groups.all()] == ["cashier"]
    assert list(person.stores.all()) == [store]
    assert can_log_in("new", "quiet-harbour-7")
    record = Record.objects.get(action="staff.created")
    assert (record.subject, record.data["roles_after"]) == (f"staff:{person.pk}", ["cashier"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"username": "CASHIER"}, "Somebody else has this user name."),
        ({"username": "a b"}, "Enter a valid username"),
        ({"username": ""}, "This field is required."),
        ({"password": "12345678"}, "This password is too common."),
        ({"password": "abc"}, "too short"),
        ({"roles": [999999]}, "Select a valid choice"),
        ({"works_in": ["x"]}, "not a valid value"),
        ({"display_name": "n" * 51}, "at most 50 characters"),
    ],
)
def test_a_person_with_a_wrong_field_is_not_made(
    boss: Client, cashier: Staff, changes: dict[str, Any], message: str
) -> None:
    form = {"username": "new", "display_name": "New", "password": "quiet-harbour-7", "is_active": "on", **changes}

    response = boss.post("/stores/staff/new/", form)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert not Staff.objects.filter(display_name__startswith="New").exists()
    assert not Record.objects.filter(action="staff.created").exists()


def test_a_manager_sees_and_edits_only_the_people_of_their_stores(
    shop_manager: Client, cashier: Staff, rival: Staff
) -> None:
    html = shop_manager.get("/stores/staff/").content.decode()

    assert "cashier" in html
    assert "Rival" not in html
    for path in ("", "password/", "pin/"):
        assert shop_manager.get(f"/stores/staff/{rival.pk}/{path}").status_code == 404
        assert shop_manager.post(f"/stores/staff/{rival.pk}/{path}", {"pin": "4821"}).status_code == 404


def test_a_manager_keeps_what_they_cannot_see_of_a_person(
    shop_manager: Client, cashier: Staff, store: Store, other_store: Store
) -> None:
    cashier.stores.add(other_store)

    response = shop_manager.post(
        f"/stores/staff/{cashier.pk}/", staff_form(cashier, display_name="Anna", works_in=[store.pk])
    )

    cashier.refresh_from_db()
    assert response.status_code == 302
    assert cashier.display_name == "Anna"
    assert set(cashier.stores.all()) == {store, other_store}


@pytest.mark.parametrize("role", ["owner", "finance"])
def test_nobody_gives_a_role_with_rights_that_they_lack(
    shop_manager: Client, cashier: Staff, manager: Staff, role: str
) -> None:
    html = shop_manager.get(f"/stores/staff/{cashier.pk}/").content.decode()
    for person in (cashier, manager):
        response = shop_manager.post(f"/stores/staff/{person.pk}/", staff_form(person, roles=ids(role)))
        assert response.status_code == 422
        assert not person.groups.filter(name=role).exists()

    assert "Cashier" in html
    assert f'value="{ids(role)[0]}"' not in html.split('name="works_in"')[0].split("Roles")[1]


def test_nobody_resets_the_password_or_pin_of_a_person_above_them(shop_manager: Client, owner: Staff) -> None:
    before = Staff.objects.get(pk=owner.pk).password

    password = shop_manager.post(
        f"/stores/staff/{owner.pk}/password/", {"password": "quiet-harbour-7", "repeated": "quiet-harbour-7"}
    )
    pin = shop_manager.post(f"/stores/staff/{owner.pk}/pin/", {"pin": "4821"})

    owner.refresh_from_db()
    assert (password.status_code, pin.status_code) == (422, 422)
    assert (owner.password, owner.pin_hash) == (before, "")


def test_the_last_owner_stays_an_owner_who_can_log_in(boss: Client, owner: Staff) -> None:
    without_role = boss.post(f"/stores/staff/{owner.pk}/", staff_form(owner, roles=[]))
    form = staff_form(owner)
    del form["is_active"]
    switched_off = boss.post(f"/stores/staff/{owner.pk}/", form)

    owner.refresh_from_db()
    assert (without_role.status_code, switched_off.status_code) == (422, 422)
    assert owner.is_active is True
    assert owner.groups.filter(name="owner").exists()


def test_a_switched_off_person_is_out_at_once(boss: Client, cashier: Staff, client_for: Any) -> None:
    till = client_for(cashier)
    form = staff_form(cashier)
    del form["is_active"]

    boss.post(f"/stores/staff/{cashier.pk}/", form)

    assert till.get("/stores/person/").status_code == 302
    assert not can_log_in("cashier", "river-stone-42")


def test_a_new_password_ends_the_sessions_of_the_person(boss: Client, cashier: Staff, client_for: Any) -> None:
    till = client_for(cashier)

    wrong = boss.post(f"/stores/staff/{cashier.pk}/password/", {"password": "quiet-harbour-7", "repeated": "x"})
    still_in = till.get("/stores/own-pin/").status_code
    right = boss.post(
        f"/stores/staff/{cashier.pk}/password/", {"password": "quiet-harbour-7", "repeated": "quiet-harbour-7"}
    )

    assert (wrong.status_code, still_in, right.status_code) == (422, 200, 302)
    assert till.get("/stores/own-pin/").status_code == 302


@pytest.mark.parametrize(("pin", "status"), [("4821", 302), ("482", 422), ("48a1", 422), ("1111", 422), ("1234", 422)])
def test_a_pin_is_set_by_its_rules(boss: Client, cashier: Staff, pin: str, status: int) -> None:
    response = boss.post(f"/stores/staff/{cashier.pk}/pin/", {"pin": pin})

    cashier.refresh_from_db()
    assert response.status_code == status
    assert bool(cashier.pin_hash) is (status == 302)
    assert pin not in cashier.pin_hash


def test_the_list_of_staff_is_searched_filtered_and_cheap(
    boss: Client, cashier: Staff, rival: Staff, other_store: Store, django_assert_max_num_queries: Any
) -> None:
    Staff.objects.bulk_create(Staff(username=f"s{n}", display_name=f"S {n}", is_active=False) for n in range(60))

    found = boss.get("/stores/staff/", {"q": "riv", "store": str(other_store.pk)}).content.decode()
    nobody = boss.get("/stores/staff/", {"q": "<b>"}).content.decode()
    off = boss.get("/stores/staff/", {"status": "off", "size": "20"})
    with django_assert_max_num_queries(12):
        boss.get("/stores/staff/", {"status": "all", "store": "x" * 50, "sort": "-name"})

    assert "Rival" in found
    assert "cashier" not in found
    assert "No person fits" in nobody
    assert "&lt;b&gt;" in nobody
    assert off.content.decode().count("switched off</span>") == 20
    assert "60 rows" in off.content.decode()


# Stores


def test_a_store_is_made_and_changed_with_an_audit_row_each(boss: Client) -> None:
    form = {"code": " s 09", "name": "North", "time_zone": "Asia/Shanghai", "day_cut_hour": "4", "is_active": "on"}

    boss.post("/stores/new/", form)
    made = Store.objects.get(code="S09")
    boss.post(f"/stores/{made.pk}/", {**form, "code": "S09", "name": "North Gate"})

    made.refresh_from_db()
    assert (made.name, made.day_cut_hour, made.is_active) == ("North Gate", 4, True)
    assert list(Record.objects.filter(subject=f"store:{made.pk}").order_by("pk").values_list("action", flat=True)) == [
        "store.created",
        "store.changed",
    ]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("code", "s01", "Another store has this code."),
        ("time_zone", "Mars/Olympus", "not a known time zone"),
        ("day_cut_hour", "13", "less than or equal to 12"),
        ("day_cut_hour", "-1", "greater than or equal to 0"),
        ("name", "", "required"),
    ],
)
def test_a_wrong_field_of_a_store_is_said_beside_it(
    boss: Client, store: Store, field: str, value: str, message: str
) -> None:
    form = {"code": "S09", "name": "North", "time_zone": "Asia/Shanghai", "day_cut_hour": "0", field: value}

    response = boss.post("/stores/new/", form)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert Store.objects.count() == 1


def test_a_store_without_a_right_or_in_another_shop_is_refused(shop_manager: Client, other_store: Store) -> None:
    assert shop_manager.get("/stores/").status_code == 200
    assert other_store.name not in shop_manager.get("/stores/").content.decode()
    assert shop_manager.get(f"/stores/{other_store.pk}/").status_code == 403
    assert shop_manager.post("/stores/new/", {"code": "X"}).status_code == 403


# Settings


@pytest.fixture
def definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_definitions", {})
    settings.define(
        Setting("t.count", int, 30, "Days of grace", "For returns.", "Testing", warning="Law 14 says 30."),
        Setting("t.rate", Decimal, Decimal("0.5"), "Rate", check=lambda value: "Too high." if value > 9 else None),
        Setting("t.mode", str, "a", "Mode", choices=(("a", "First"), ("b", "Second"))),
        Setting("t.flag", bool, False, "Flag"),
    )


def test_the_settings_show_value_default_and_law(boss: Client, definitions: None) -> None:
    html = boss.get("/stores/settings/").content.decode()

    for text in ("Days of grace", "For returns.", "Testing", "Law 14 says 30.", "First", ">0.5<", "General"):
        assert text in html


def test_a_setting_changes_from_now_and_says_who(boss: Client, owner: Staff, definitions: None) -> None:
    response = boss.post("/stores/settings/t.count/", {"value": "1,000", "effective_on": ""})

    row = SettingValue.objects.get()
    assert response.status_code == 302
    assert (row.code, row.value, row.actor) == ("t.count", 1000, owner)
    assert settings.value("t.count", timezone.now()) == 1000
    assert "1,000" in boss.get("/stores/settings/").content.decode()
    assert Record.objects.get(action="setting.changed").data == {"before": "30", "after": "1000"}


def test_a_setting_can_change_later_and_the_present_value_stays(boss: Client, definitions: None) -> None:
    day = (timezone.localtime() + timedelta(days=3)).date()

    boss.post("/stores/settings/t.rate/", {"value": "0.75", "effective_on": day.isoformat()})

    at = timezone.now()
    assert settings.value("t.rate", at) == Decimal("0.5")
    assert settings.value("t.rate", at + timedelta(days=3)) == Decimal("0.75")
    assert f"0.75 from {day.isoformat()}" in boss.get("/stores/settings/").content.decode()
    assert "coming" in boss.get("/stores/settings/t.rate/").content.decode()


def test_a_flag_and_a_choice_are_stored_as_what_they_are(boss: Client, definitions: None) -> None:
    boss.post("/stores/settings/t.flag/", {"value": "on"})
    boss.post("/stores/settings/t.mode/", {"value": "b"})

    assert settings.values(timezone.now()) == {"t.count": 30, "t.rate": Decimal("0.5"), "t.mode": "b", "t.flag": True}


@pytest.mark.parametrize(
    ("code", "data", "message"),
    [
        ("t.count", {"value": "1.5"}, "Enter a whole number."),
        ("t.count", {"value": ""}, "required"),
        ("t.rate", {"value": "10"}, "Too high."),
        ("t.rate", {"value": "NaN"}, "such as"),
        ("t.mode", {"value": "c"}, "Select a valid choice"),
        ("t.count", {"value": "1", "effective_on": "2020-1-1"}, "cannot change in the past"),
        ("t.count", {"value": "1", "effective_on": "soon"}, "Enter a date"),
    ],
)
def test_a_wrong_value_changes_nothing(
    boss: Client, definitions: None, code: str, data: dict[str, str], message: str
) -> None:
    response = boss.post(f"/stores/settings/{code}/", data)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert not SettingValue.objects.exists()


def test_an_unknown_setting_is_not_found_and_reading_gives_no_right_to_change(
    boss: Client, definitions: None, rights: None, client_for: Any, store: Store
) -> None:
    reader = Staff.objects.create_user(username="finance", password="x", display_name="F")
    reader.groups.add(Group.objects.get(name="finance"))

    assert boss.get("/stores/settings/nothing/").status_code == 404
    assert client_for(reader).get("/stores/settings/").status_code == 200
    assert client_for(reader).post("/stores/settings/t.count/", {"value": "1"}).status_code == 403
    assert not SettingValue.objects.exists()
