"""Members from a file: checked row by row and against the database, then written by ``members.services``."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.days import start_of
from core.errors import DomainError
from lifecycle.rules import (
    Birthday,
    Column,
    birthday_reader,
    date_reader,
    read_gender,
    read_identifier,
    read_phone,
    read_text,
)
from lifecycle.services.reading import Problem, Report, Row, Sheet, chunks
from members.models import OPEN_STATUSES, Member
from members.services import InvalidMember, MemberData, build_member, insert_members, reserve_numbers
from stores.models import Store

_COLUMN_OF_FIELD = {"birth_year": "birthday", "birth_month": "birthday", "birth_day": "birthday"}


def columns(has_1904_dates: bool) -> tuple[Column, ...]:
    """The columns of a member file."""
    return (
        Column("external_id", read_identifier, ("id", "编号", "外部编号", "会员编号", "会员号", "卡号"), default=""),
        Column("name", read_text, ("姓名", "会员姓名", "名字"), default=""),
        Column("phone", read_phone, ("mobile", "手机", "手机号", "手机号码", "电话"), default=""),
        Column("gender", read_gender, ("sex", "性别"), default="unknown"),
        Column("birthday", birthday_reader(has_1904_dates), ("birth date", "生日", "出生日期")),
        Column("email", read_text, ("e-mail", "邮箱", "电子邮箱"), default=""),
        Column("address", read_text, ("地址", "住址"), default=""),
        Column("store", read_identifier, ("store code", "门店", "门店编码", "注册门店"), default=""),
        Column(
            "registered_on", date_reader(has_1904_dates), ("registered", "joined", "注册日期", "入会日期", "开卡日期")
        ),
        Column("notes", read_text, ("note", "备注"), default=""),
    )


class _Known:
    """What an earlier row of the file or the database already has."""

    def __init__(self, source: str, store: Store | None) -> None:
        self.source = source
        self.stores = {row.code: row for row in Store.objects.all()}
        self.default_store = store
        self.ids: dict[str, int] = {}
        self.phones: dict[str, int] = {}

    def of_database(self, built: list[tuple[int, Member]]) -> tuple[set[str], set[str]]:
        """External ids and phone hashes of this chunk that are taken; two statements."""
        ids = [member.external_id for _number, member in built if member.external_id]
        phones = [member.phone_hash for _number, member in built if member.phone_hash]
        return (
            set(
                Member.objects.filter(external_source=self.source, external_id__in=ids).values_list(
                    "external_id", flat=True
                )
            ),
            set(
                Member.objects.filter(status__in=OPEN_STATUSES, phone_hash__in=phones).values_list(
                    "phone_hash", flat=True
                )
            ),
        )


def import_members(
    *,
    sheet: Sheet,
    cols: tuple[Column, ...],
    source: str,
    store: Store | None,
    at: datetime,
    writes: bool,
    report: Report,
) -> None:
    """Check all rows and, with ``writes``, insert the good new ones in the caller's transaction.

    A row is known by its external id, without one by its phone; a known member is counted as existing and left as it
    is. A row with a new external id whose phone belongs to another member is an error. ``store`` is where rows
    without a store registered.
    """
    known = _Known(source, store)
    for chunk in chunks(sheet.rows(cols, report)):
        built = [
            (number, member) for number, values in chunk if (member := _build((number, values), known, at, report))
        ]
        fresh = _fresh(built, known, report)
        report.count("new", len(fresh))
        if writes and fresh:
            for member, number in zip(fresh, reserve_numbers(len(fresh)), strict=True):
                member.number = number
            insert_members(fresh)


def _build(row: Row, known: _Known, at: datetime, report: Report) -> Member | None:
    number, values = row
    store = known.stores.get(values["store"]) if values["store"] else known.default_store
    if store is None:
        report.add(Problem(number, "store", _("There is no store with this code.")))
        return None
    if not (values["external_id"] or values["phone"]):
        report.add(Problem(number, "external_id", _("A row needs an external number or a phone.")))
        return None
    try:
        return build_member(
            data=_data(values, known.source, store), source=Member.Source.IMPORT, store=store, at=at, number=""
        )
    except InvalidMember as error:
        report.add(Problem(number, _COLUMN_OF_FIELD.get(error.field, error.field), str(error)))
    except DomainError as error:
        report.add(Problem(number, "", str(error)))
    return None


def _data(values: dict[str, Any], source: str, store: Store) -> MemberData:
    birthday: Birthday | None = values["birthday"]
    day = values["registered_on"]
    return MemberData(
        name=values["name"],
        phone=values["phone"],
        gender=values["gender"],
        birth_calendar=birthday.calendar if birthday else Member.Calendar.SOLAR,
        birth_year=birthday.year if birthday else None,
        birth_month=birthday.month if birthday else None,
        birth_day=birthday.day if birthday else None,
        birth_month_is_leap=bool(birthday and birthday.is_leap),
        email=_email(values["email"]),
        address=values["address"],
        notes=values["notes"],
        # A card that nobody has given a name to is an unnamed one (limits of stored value differ).
        is_named=bool(values["name"] or values["phone"]),
        external_source=source if values["external_id"] else "",
        external_id=values["external_id"],
        registered_at=start_of(day, ZoneInfo(store.time_zone)) if day else None,
    )


def _email(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise InvalidMember(_("This is not an e-mail address."), "email")
    return text


def _fresh(built: list[tuple[int, Member]], known: _Known, report: Report) -> list[Member]:
    taken_ids, taken_phones = known.of_database(built)
    fresh = []
    for number, member in built:
        if member.external_id and (first := known.ids.setdefault(member.external_id, number)) != number:
            report.add(Problem(number, "external_id", _("Row %(row)s has the same number.") % {"row": first}))
        elif member.phone_hash and (first := known.phones.setdefault(member.phone_hash, number)) != number:
            report.add(Problem(number, "phone", _("Row %(row)s has the same phone.") % {"row": first}))
        elif member.external_id in taken_ids or (not member.external_id and member.phone_hash in taken_phones):
            report.count("existing")
        elif member.phone_hash and member.phone_hash in taken_phones:
            report.add(Problem(number, "phone", _("Another member already has this phone number.")))
        else:
            fresh.append(member)
    return fresh
