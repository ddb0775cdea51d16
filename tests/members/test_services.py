"""Registering and changing members."""

from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Record
from members import identity, selectors, services
from members.models import Member, SearchKey, StatusChange
from members.services import InvalidMember, MemberData, PhoneTaken, WrongStatus
from stores.models import Staff, Store
from tests.factories.members import create_member


def register(store: Store, cashier: Staff, now: datetime, **data: Any) -> Member:
    return services.create_member(
        data=MemberData(**data), source=Member.Source.COUNTER, store=store, actor=cashier, at=now
    )


def test_a_new_member_has_a_number_a_sealed_phone_and_an_audit_row(store, cashier, now):
    member = register(store, cashier, now, name=" 王小明 ", phone="138 0013-8000", birth_month=2, birth_day=29)

    member.refresh_from_db()
    assert identity.is_member_number(member.number)
    assert (member.name, member.name_key, member.phone_tail) == ("王小明", "wangxiaoming", "8000")
    assert "13800138000" not in member.phone_cipher
    assert selectors.get_phone(member) == "+8613800138000"
    assert member.masked_phone == "138****8000"
    assert (member.registered_at, member.status, member.store) == (now, "active", store)
    record = Record.objects.get(action="member.created")
    assert (record.subject, record.actor, record.store) == (f"member:{member.pk}", cashier, store)
    assert "138" not in str(record.data)


def test_registering_costs_few_statements(store, cashier, now, django_assert_max_num_queries):
    # Number, member, search keys and audit row; the rest are savepoints.
    with django_assert_max_num_queries(8):
        register(store, cashier, now, name="王小明", phone="13800138000")


def test_a_phone_that_another_member_has_is_refused_with_that_member(store, cashier, now):
    first = register(store, cashier, now, name="王小明", phone="13800138000")

    with pytest.raises(PhoneTaken) as refusal:
        register(store, cashier, now, name="李雷", phone="+86 138 0013 8000")

    assert refusal.value.member_id == first.pk
    assert Member.objects.count() == 1
    assert SearchKey.objects.exclude(member=first).count() == 0
    assert Record.objects.filter(action="member.created").count() == 1


def test_the_phone_of_a_closed_member_is_free_again(store, cashier, now):
    first = register(store, cashier, now, name="王小明", phone="13800138000")
    Member.objects.filter(pk=first.pk).update(status=Member.Status.CLOSED)

    second = register(store, cashier, now, name="李雷", phone="13800138000")

    assert second.phone_hash == first.phone_hash


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"phone": "12345"}, "phone"),
        ({"phone": "1.38E+10"}, "phone"),
        ({"phone": "not a phone"}, "phone"),
        ({}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a", "gender": "other"}, "gender"),
        ({"name": "a", "birth_year": 1990}, "birth_day"),
        ({"name": "a", "birth_month": 2}, "birth_day"),
        ({"name": "a", "birth_month": 2, "birth_day": 30}, "birth_day"),
        ({"name": "a", "birth_year": 2001, "birth_month": 2, "birth_day": 29}, "birth_day"),
        ({"name": "a", "birth_year": 1899, "birth_month": 2, "birth_day": 1}, "birth_year"),
        ({"name": "a", "birth_year": 2026, "birth_month": 3, "birth_day": 19}, "birth_year"),
        ({"name": "a", "birth_calendar": "mayan", "birth_month": 3, "birth_day": 1}, "birth_calendar"),
        ({"name": "a", "birth_calendar": "lunar", "birth_month": 3, "birth_day": 31}, "birth_day"),
        ({"name": "a", "birth_calendar": "lunar", "birth_year": 1900, "birth_month": 3, "birth_day": 1}, "birth_year"),
        (
            {
                "name": "a",
                "birth_calendar": "lunar",
                "birth_year": 2024,
                "birth_month": 6,
                "birth_day": 1,
                "birth_month_is_leap": True,
            },
            "birth_day",
        ),
    ],
)
def test_data_that_cannot_be_is_refused_at_its_field(store, cashier, now, data, field):
    with pytest.raises(InvalidMember) as refusal:
        register(store, cashier, now, **data)

    assert refusal.value.field == field
    assert Member.objects.count() == 0
    assert Record.objects.filter(action="member.created").count() == 0


def test_a_lunar_birthday_in_a_real_leap_month_is_kept(store, cashier, now):
    member = register(
        store,
        cashier,
        now,
        name="李雷",
        birth_calendar="lunar",
        birth_year=2025,
        birth_month=6,
        birth_day=15,
        birth_month_is_leap=True,
    )

    assert (member.birth_month, member.birth_day, member.birth_month_is_leap) == (6, 15, True)


def test_an_unnamed_card_needs_neither_name_nor_phone(store, cashier, now):
    member = register(store, cashier, now, is_named=False)

    assert (member.is_named, member.phone_hash, member.masked_phone) == (False, "", "")


def test_a_change_keeps_the_names_of_fields_and_not_their_values_in_the_trail(store, cashier, now):
    member = register(store, cashier, now, name="王小明", phone="13800138000")

    services.update_member(
        member_id=member.pk, data=MemberData(name="王晓明", phone="13900139000"), actor=cashier, at=now, store=store
    )

    member.refresh_from_db()
    assert (member.name, member.masked_phone) == ("王晓明", "139****9000")
    assert set(SearchKey.objects.filter(member=member).values_list("key", flat=True)) >= {"wangxiaoming", "wxm"}
    record = Record.objects.get(action="member.changed")
    assert record.data == {"fields": ["name", "phone"]}


def test_an_unchanged_form_writes_nothing(store, cashier, now):
    member = register(store, cashier, now, name="王小明", phone="13800138000")

    services.update_member(
        member_id=member.pk, data=MemberData(name="王小明", phone="138-0013-8000"), actor=cashier, at=now
    )

    assert Member.objects.get().phone_cipher == member.phone_cipher
    assert not Record.objects.filter(action="member.changed").exists()


def test_a_change_to_a_taken_phone_is_refused_and_changes_nothing(store, cashier, now):
    first = register(store, cashier, now, name="王小明", phone="13800138000")
    second = register(store, cashier, now, name="李雷", phone="13900139000")

    with pytest.raises(PhoneTaken) as refusal:
        services.update_member(
            member_id=second.pk, data=MemberData(name="韩梅梅", phone="13800138000"), actor=cashier, at=now
        )

    assert refusal.value.member_id == first.pk
    second.refresh_from_db()
    assert (second.name, second.phone_tail) == ("李雷", "9000")


def test_freezing_needs_a_reason_and_is_kept(store, cashier, now):
    member = create_member(store)

    with pytest.raises(InvalidMember):
        services.freeze_member(member_id=member.pk, reason="  ", actor=cashier, at=now, store=store)
    services.freeze_member(member_id=member.pk, reason="lost phone", actor=cashier, at=now, store=store)

    member.refresh_from_db()
    change = StatusChange.objects.get()
    assert member.status == "frozen"
    assert (change.before, change.after, change.reason, change.actor) == ("active", "frozen", "lost phone", cashier)
    assert Record.objects.get(action="member.frozen").reason == "lost phone"
    with pytest.raises(WrongStatus):
        services.freeze_member(member_id=member.pk, reason="again", actor=cashier, at=now)
    services.unfreeze_member(member_id=member.pk, reason="found", actor=cashier, at=now)
    assert list(StatusChange.objects.order_by("id").values_list("after", flat=True)) == ["frozen", "active"]


def test_a_closed_member_is_not_changed(store, cashier, now):
    member = create_member(store, name="王小明")
    Member.objects.filter(pk=member.pk).update(status=Member.Status.CLOSED)

    with pytest.raises(WrongStatus):
        services.update_member(member_id=member.pk, data=MemberData(name="李雷"), actor=cashier, at=now)

    assert Member.objects.get().name == "王小明"


def test_revealing_a_phone_needs_a_reason_and_is_kept(store, manager, now):
    member = create_member(store, phone="13800138000")

    with pytest.raises(InvalidMember):
        services.reveal_phone(member_id=member.pk, reason="", actor=manager, at=now)
    assert not Record.objects.filter(action="phone.revealed").exists()
    phone = services.reveal_phone(member_id=member.pk, reason="call back", actor=manager, at=now)

    assert phone == "13800138000"
    record = Record.objects.get(action="phone.revealed")
    assert (record.actor, record.reason, record.subject) == (manager, "call back", f"member:{member.pk}")


def test_members_of_an_import_are_written_in_bulk(store, now, django_assert_max_num_queries):
    numbers = services.reserve_numbers(300)
    rows = [
        services.build_member(
            data=MemberData(name=f"王{index}", phone=f"137{index:08d}", external_source="old", external_id=str(index)),
            source="import",
            store=store,
            at=now,
            number=number,
        )
        for index, number in enumerate(numbers)
    ]

    with django_assert_max_num_queries(6):
        services.insert_members(rows)

    assert Member.objects.count() == len(set(numbers)) == 300
    assert selectors.find_members("13700000007")[0].external_id == "7"


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_month": 13, "birth_day": 1},
        {"birth_month": None, "birth_day": None, "birth_year": 1990},
        {"birth_month": 1, "birth_day": 1, "birth_month_is_leap": True},
    ],
)
def test_the_database_refuses_birthdays_that_cannot_be(store, wrong):
    member = create_member(store)

    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=member.pk).update(**wrong)


def test_the_database_refuses_a_second_open_member_with_a_phone(store):
    first = create_member(store)
    second = create_member(store)

    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=second.pk).update(phone_hash=first.phone_hash)


def test_screens_register_through_the_use_case_of_the_app_above(store, cashier, now, monkeypatch):
    calls = []

    def entrance(**given):
        calls.append(given["source"])
        return services.create_member(**given)

    monkeypatch.setattr(services.registration, "_entrances", [])
    data = MemberData(name="王小明")
    services.register_member(data=data, source="counter", store=store, actor=cashier, at=now)
    services.register_entrance(entrance)
    services.register_member(data=data, source="online", store=store, actor=cashier, at=now)

    assert calls == ["online"]
    assert Member.objects.count() == 2
