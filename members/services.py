"""What is done to members. ``lock_member`` is the mutex that every movement of value takes first."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from core import audit, pinyin, settings
from core.database import copy_rows
from core.days import local_day
from core.errors import DomainError, StateChanged
from jobs.registry import Counts
from members import identity, rules
from members.models import Member, Reminder, SearchKey, StatusChange
from members.selectors import get_phone
from stores.models import Staff, Store


class InvalidMember(DomainError):
    """A field is not acceptable; ``field`` names the field of :class:`MemberData`, so a form can show it there."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class PhoneTaken(InvalidMember):
    """Another active or frozen member has this phone: ``member_id`` is that member."""

    def __init__(self, member_id: int) -> None:
        super().__init__(_("Another member already has this phone number."), "phone")
        self.member_id = member_id


class WrongStatus(StateChanged):
    """The member's status does not allow this, usually because somebody else was quicker."""


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


#: Members that the use case running in this thread holds already; see :func:`hold_member`.
_held: ContextVar[Mapping[int, Member]] = ContextVar("held_members", default=MappingProxyType({}))


def lock_member(member_id: int) -> Member:
    """Lock the member's row until the transaction ends; every change of a member's value starts here (rules.md 0.3).

    ``FOR NO KEY UPDATE``: rows that reference the member can still be inserted by others. Two members are locked in
    order of their id by the caller. RuntimeError outside a transaction; Member.DoesNotExist.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("lock_member needs a transaction")
    held = _held.get().get(member_id)
    if held is not None:
        return held
    return Member.objects.select_for_update(no_key=True).get(pk=member_id)


@contextmanager
def hold_member(member_id: int) -> Iterator[Member]:
    """Lock the member once for a use case that calls several ledgers; their own ``lock_member`` then costs nothing.

    The block must lie wholly inside the transaction that it was entered in, so that the lock outlives it.
    """
    member = lock_member(member_id)
    token = _held.set({**_held.get(), member_id: member})
    try:
        yield member
    finally:
        _held.reset(token)


def reserve_numbers(count: int) -> list[str]:
    """So many new member numbers, one statement, without a shared counter row. Numbers of rolled-back work are lost."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('members_number') FROM generate_series(1, %s)", [count])
        return [identity.member_number(sequence) for (sequence,) in cursor.fetchall()]


def build_member(*, data: MemberData, source: str, store: Store, at: datetime, number: str) -> Member:
    """A checked, unsaved member with all derived columns; for :func:`create_member` and for imports in bulk.

    InvalidMember with the field that is wrong. Uniqueness is left to the database.
    """
    member = Member(number=number, source=source, store=store, registered_at=data.registered_at or at)
    _fill(member, data, at)
    return member


def insert_members(members: Sequence[Member]) -> None:
    """Write members of :func:`build_member` and their search keys, set-based, in the caller's transaction.

    IntegrityError where a phone, number or external id exists: an import checks its file against the database before.
    """
    Member.objects.bulk_create(members, batch_size=2000)
    _write_search_keys(members)


@transaction.atomic
def create_member(*, data: MemberData, source: str, store: Store, actor: Staff | None, at: datetime) -> Member:
    """Register a member. PhoneTaken names the member who has the phone; InvalidMember the field that is wrong.

    The unique constraint is the judge: of two tills registering one phone at the same moment exactly one succeeds.
    Registration gifts and tiers belong to ``campaigns.services.register_member``, which calls this.
    """
    member = build_member(data=data, source=source, store=store, at=at, number=reserve_numbers(1)[0])
    _save_once(member)
    _write_search_keys([member])
    audit.record("member.created", actor=actor, subject=f"member:{member.pk}", at=at, store=store, source=source)
    return member


class Entrance(Protocol):
    """A use case that registers a member; takes what :func:`create_member` takes."""

    def __call__(self, *, data: MemberData, source: str, store: Store, actor: Staff | None, at: datetime) -> Member: ...


_entrances: list[Entrance] = []


def register_entrance(entrance: Entrance) -> None:
    """Called in ``ready()`` by the app above that gives something on registration, so that every screen goes there."""
    _entrances[:] = [entrance]


def register_member(*, data: MemberData, source: str, store: Store, actor: Staff | None, at: datetime) -> Member:
    """What screens call: the registered entrance (see ``campaigns``), else :func:`create_member`."""
    entrance = _entrances[0] if _entrances else create_member
    return entrance(data=data, source=source, store=store, actor=actor, at=at)


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
    _fill(member, data, at)
    if member.phone_hash == sealed_before.hash:
        # The same phone is not sealed anew, so an unchanged form writes nothing.
        member.phone_cipher = sealed_before.cipher
    changed = sorted(field for field, value in before.items() if getattr(member, field) != value)
    if not changed:
        return member
    _save_once(member)
    if "name" in changed:
        SearchKey.objects.filter(member=member).delete()
        _write_search_keys([member])
    if any(field.startswith("birth_") for field in changed):
        Reminder.objects.filter(member=member, done_at=None).delete()
    names = ["phone" if field == "phone_hash" else field for field in changed]
    audit.record("member.changed", actor=actor, subject=f"member:{member.pk}", at=at, store=store, fields=names)
    return member


@transaction.atomic
def freeze_member(
    *, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Stop all use of value by a member (refunds still come in); needs a reason. WrongStatus unless active."""
    _change_status(member_id, Member.Status.ACTIVE, Member.Status.FROZEN, "member.frozen", reason, actor, at, store)


@transaction.atomic
def unfreeze_member(
    *, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Lift a freeze; needs a reason. WrongStatus unless frozen."""
    _change_status(member_id, Member.Status.FROZEN, Member.Status.ACTIVE, "member.unfrozen", reason, actor, at, store)


@transaction.atomic
def reveal_phone(*, member_id: int, reason: str, actor: Staff, at: datetime, store: Store | None = None) -> str:
    """The full phone for a person with the right; who looked, when and why is kept (rules.md 10)."""
    reason = _reason(reason)
    member = Member.objects.get(pk=member_id)
    audit.record("phone.revealed", actor=actor, subject=f"member:{member_id}", at=at, store=store, reason=reason)
    return identity.display_phone(get_phone(member))


def remind_birthdays(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: reminders of the birthdays from ``day`` to so many days ahead (a setting), one statement.

    Each is made once per member and solar or lunar year however often and late the job runs, and a member who
    registers shortly before the birthday is reminded of too.
    """
    ahead = settings.value("members.birthday_reminder_days", at)
    in_leap_month = settings.value("members.leap_month_birthdays", at) == "leap"
    found = [
        (due_on, celebration)
        for due_on in (day + timedelta(days=offset) for offset in range(ahead + 1))
        for celebration in rules.celebrations(due_on, in_leap_month=in_leap_month)
    ]
    columns: list[Any] = [
        [celebration.calendar for _due_on, celebration in found],
        [celebration.month for _due_on, celebration in found],
        [celebration.day for _due_on, celebration in found],
        [celebration.is_leap for _due_on, celebration in found],
        [celebration.occurrence for _due_on, celebration in found],
        [due_on for due_on, _celebration in found],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REMIND, columns)
        changed = cursor.rowcount
    yield {"changed": changed}


_REMIND = """
INSERT INTO members_reminder (member_id, store_id, kind, occurrence, due_on)
SELECT member.id, member.store_id, day.calendar || '_birthday', day.occurrence, day.due_on
FROM unnest(%s::text[], %s::int[], %s::int[], %s::boolean[], %s::int[], %s::date[])
     AS day (calendar, month, day, is_leap, occurrence, due_on)
JOIN members_member AS member
  ON member.birth_calendar = day.calendar AND member.birth_month = day.month AND member.birth_day = day.day
WHERE member.status = 'active' AND (day.is_leap IS NULL OR day.is_leap = member.birth_month_is_leap)
ON CONFLICT (member_id, kind, occurrence) DO NOTHING
"""


@transaction.atomic
def record_export(*, count: int, filters: dict[str, str], with_phones: bool, actor: Staff, at: datetime) -> None:
    """Keep who downloaded how many members with which filters; a searched text is not repeated (it may be a phone)."""
    kept = {name: value if name != "search" else "*" for name, value in filters.items() if value}
    audit.record(
        "member.exported",
        actor=actor,
        subject="members:list",
        at=at,
        count=count,
        with_phones=with_phones,
        filters=kept,
    )


@transaction.atomic
def complete_reminder(*, reminder_id: int, actor: Staff, at: datetime) -> None:
    """Tick a reminder off; a second tick keeps the first one's person and time."""
    Reminder.objects.filter(pk=reminder_id, done_at=None).update(done_at=at, done_by=actor)


def _change_status(
    member_id: int,
    before: str,
    after: str,
    action: str,
    reason: str,
    actor: Staff | None,
    at: datetime,
    store: Store | None,
) -> None:
    reason = _reason(reason)
    member = lock_member(member_id)
    if member.status != before:
        raise WrongStatus(
            _("This is not possible now: the member is %(status)s.") % {"status": member.get_status_display()}
        )
    member.status = after
    member.save(update_fields=["status"])
    StatusChange.objects.create(
        member=member, before=before, after=after, reason=reason, actor=actor, store=store, occurred_at=at
    )
    audit.record(action, actor=actor, subject=f"member:{member_id}", at=at, store=store, reason=reason)


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidMember(_("A reason is needed."), "reason")
    if len(text) > 500:
        raise InvalidMember(_("The reason is too long."), "reason")
    return text


def _fill(member: Member, data: MemberData, at: datetime) -> None:
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


def _save_once(member: Member) -> None:
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


def _write_search_keys(members: Sequence[Member]) -> None:
    copy_rows(
        SearchKey,
        ("member_id", "key"),
        ((member.pk, key) for member in members for key in pinyin.name_keys(member.name)),
    )
