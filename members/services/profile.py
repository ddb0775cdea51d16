"""What a person tells about themselves, checked and written."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit, pinyin
from core.database import copy_rows
from core.days import local_day
from members import identity, rules
from members.models import BIRTHDAY_KINDS, Member, Reminder, SearchKey
from members.services.errors import InvalidMember, PhoneTaken, WrongStatus
from members.services.locking import lock_member
from stores.models import Staff, Store


@dataclass(frozen=True)
class MemberData:
    """What a person tells about themselves, as typed. A birthday without year is fine.

    ``phone`` is in any notation; None keeps the present one, because a form that changes a member does not show it.
    ``registered_at`` is for histories brought along; without it the member registers now.
    """

    name: str = ""
    phone: str | None = ""
    gender: str = Member.Gender.UNKNOWN
    birth_calendar: str = Member.Calendar.SOLAR
    birth_year: int | None = None
    birth_month: int | None = None
    birth_day: int | None = None
    birth_month_is_leap: bool = False
    email: str = ""
    address: str = ""
    notes: str = ""
    is_named: bool = True
    referrer_id: int | None = None
    external_source: str = ""
    external_id: str = ""
    registered_at: datetime | None = None


_PLAIN_FIELDS = tuple(
    field.name for field in fields(MemberData) if field.name not in {"phone", "registered_at", "is_named"}
)


@transaction.atomic
def update_member(
    *, member_id: int, data: MemberData, actor: Staff | None, at: datetime, store: Store | None = None
) -> Member:
    """Change what a person told; every field of ``data`` is taken over except ``registered_at`` and ``is_named``.

    An unnamed card stays one until it gets a name or a phone. Open reminders of a changed birthday are dropped, the
    nightly job makes the new ones. The trail keeps the names of the changed fields, not their values.
    """
    member = lock_member(member_id)
    if not member.is_open:
        raise WrongStatus(_("This member is closed and cannot be changed."))
    before = {field: getattr(member, field) for field in (*_PLAIN_FIELDS, "phone_hash", "is_named")}
    sealed_before = identity.SealedPhone(
        member.phone_cipher, member.phone_hash, member.phone_prefix_hash, member.phone_tail
    )
    fill_member(member, data, at)
    if member.phone_hash == sealed_before.hash:
        # The same phone is not sealed anew, so an unchanged form writes nothing.
        member.phone_cipher = sealed_before.cipher
    changed = sorted(field for field, value in before.items() if getattr(member, field) != value)
    if not changed:
        return member
    save_once(member)
    if "name" in changed:
        SearchKey.objects.filter(member=member).delete()
        write_search_keys([member])
    if any(field.startswith("birth_") for field in changed):
        Reminder.objects.filter(member=member, kind__in=BIRTHDAY_KINDS, done_at=None).delete()
    names = ["phone" if field == "phone_hash" else field for field in changed]
    audit.record("member.changed", actor=actor, subject=f"member:{member.pk}", at=at, store=store, fields=names)
    return member


def fill_member(member: Member, data: MemberData, at: datetime) -> None:
    """Put checked values and every derived column into an unsaved or changed member; InvalidMember names the field."""
    for field in _PLAIN_FIELDS:
        value = getattr(data, field)
        setattr(member, field, value.strip() if isinstance(value, str) else value)
    _check_text(member)
    member.name_key = pinyin.name_key(member.name)
    if data.phone is not None:
        sealed = identity.seal_phone(_canonical_phone(data.phone))
        member.phone_cipher, member.phone_hash = sealed.cipher, sealed.hash
        member.phone_prefix_hash, member.phone_tail = sealed.prefix_hash, sealed.tail
    member.is_named = data.is_named or bool(member.name or member.phone_hash)
    if not (member.name or member.phone_hash) and member.is_named:
        raise InvalidMember(_("A member needs a name or a phone number."), "name")
    _check_birthday(member, at)


def _check_text(member: Member) -> None:
    for field in ("name", "email", "address", "notes", "external_source", "external_id"):
        text = getattr(member, field)
        limit = getattr(Member._meta.get_field(field), "max_length", None)
        if "\0" in text:
            raise InvalidMember(_("This text has a character that cannot be stored."), field)
        if limit is not None and len(text) > limit:
            raise InvalidMember(_("This text is longer than %(limit)s characters.") % {"limit": limit}, field)
    if member.gender not in Member.Gender.values:
        raise InvalidMember(_("There is no such choice."), "gender")


def _canonical_phone(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return identity.normalize_phone(text)
    except identity.InvalidPhone as error:
        raise InvalidMember(_("This is not a phone number."), "phone") from error


def _check_birthday(member: Member, at: datetime) -> None:
    year, month, day = member.birth_year, member.birth_month, member.birth_day
    if month is None and day is None and year is None:
        member.birth_month_is_leap = False
        return
    if month is None or day is None:
        raise InvalidMember(_("A birthday needs a month and a day."), "birth_day")
    if member.birth_calendar == Member.Calendar.LUNAR:
        problem = rules.lunar_problem(year, month, day, member.birth_month_is_leap)
        born_on = rules.to_solar(year, month, day, member.birth_month_is_leap) if year and not problem else None
    elif member.birth_calendar == Member.Calendar.SOLAR:
        member.birth_month_is_leap = False
        problem = rules.solar_problem(year, month, day)
        born_on = at.date().replace(year=year, month=month, day=day) if year and not problem else None
    else:
        raise InvalidMember(_("There is no such choice."), "birth_calendar")
    if problem:
        raise InvalidMember(_birthday_text(problem), "birth_year" if problem == "year" else "birth_day")
    if born_on is not None and born_on > local_day(at):
        raise InvalidMember(_("A birthday cannot lie in the future."), "birth_year")


def _birthday_text(problem: str) -> str:
    return {
        "year": _("This year of birth is out of range."),
        "month": _("There is no such month."),
        "leap": _("That lunar year has no such leap month."),
        "day": _("That month has no such day."),
    }[problem]


def save_once(member: Member) -> None:
    """Save in a savepoint, so that a refusal by the database leaves the caller's transaction alive."""
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint == "members_member_phone_once":
            taken = Member.objects.filter(phone_hash=member.phone_hash, status__in=("active", "frozen"))
            raise PhoneTaken(taken.exclude(pk=member.pk).values_list("pk", flat=True)[0]) from error
        if constraint == "members_member_external_once":
            raise InvalidMember(_("Another member has this external number."), "external_id") from error
        raise


def write_search_keys(members: Sequence[Member]) -> None:
    """The texts by which members are found; the caller has removed those of an earlier name."""
    copy_rows(
        SearchKey,
        ("member_id", "key"),
        ((member.pk, key) for member in members for key in pinyin.name_keys(member.name)),
    )
