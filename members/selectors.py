"""Reads of members: by id, at the till, as a list. The full phone is read here only."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, Q, QuerySet

from core import pinyin
from core.days import end_of, start_of
from core.keyset import Page, paginate
from members import identity
from members.models import OPEN_STATUSES, Card, Member, Pin, Reminder, SearchKey, StatusChange
from stores.models import Staff

NEWEST_FIRST = ("-registered_at", "-id")


@dataclass(frozen=True)
class MemberFilter:
    """What a list of members is narrowed to; empty fields narrow nothing. Days are shop days, both inclusive."""

    search: str = ""
    status: str = ""
    source: str = ""
    store_id: int | None = None
    gender: str = ""
    birth_month: int | None = None
    registered_from: date | None = None
    registered_until: date | None = None


def get_member(member_id: int) -> Member:
    """One member, whatever the status; Member.DoesNotExist."""
    return Member.objects.select_related("store").get(pk=member_id)


def get_phone(member: Member) -> str:
    """The full E.164 phone or "". For sending messages and for ``services.reveal_phone``; no screen calls it."""
    return identity.open_phone(member.phone_cipher)


def list_all() -> QuerySet[Member]:
    """Every member with the store of registration."""
    return Member.objects.select_related("store")


def find_members(text: str, limit: int = 20) -> list[Member]:
    """Active and frozen members that one typed or scanned text means, best first (R-S5); one statement.

    In this order: ten digits with the right check digit are a member number; a whole phone; four digits are the end
    of a phone; else the beginning of the name, or of its pinyin or initials. Several hits are a list to choose from.
    The number of a card that was reported lost or replaced finds nobody: :func:`find_ended_card` says why.
    """
    wanted = unicodedata.normalize("NFKC", text).strip()
    if not wanted or "\0" in wanted or len(wanted) > 60:
        return []
    if identity.is_member_number(wanted):
        return list(_open().filter(~Exists(_ended(wanted)), number=wanted)[:limit])
    exact = _exact_condition(wanted)
    if exact is not None:
        return list(_open().filter(exact).order_by("-registered_at", "-id")[:limit])
    if pinyin.has_han(wanted):
        return list(_open().filter(name__startswith=wanted).order_by("name", "id")[:limit])
    key = pinyin.search_form(wanted)
    if not key:
        return []
    # A member may match by several keys: read more and keep the first of each.
    rows = (
        SearchKey.objects.filter(key__startswith=key, member__status__in=OPEN_STATUSES)
        .select_related("member", "member__store")
        .order_by("key", "member_id")[: limit * 4]
    )
    return list({row.member_id: row.member for row in rows}.values())[:limit]


def _ended(number: str) -> QuerySet[Card]:
    return Card.objects.filter(number=number, ended_at__isnull=False)


def find_ended_card(text: str) -> Card | None:
    """The card with this number that was reported lost or replaced, with its member, or None; ``refusal`` says why."""
    number = unicodedata.normalize("NFKC", text).strip()
    if not identity.is_member_number(number):
        return None
    return _ended(number).select_related("member").first()


def list_cards(member: Member) -> list[Card]:
    """Every card that the member ever had, the present one first; the first card stands in no table until it ends."""
    rows = list(Card.objects.filter(member=member).order_by("-issued_at", "-id"))
    for row in rows:
        row.member = member
    return rows or [Card(member=member, number=member.number, issued_at=member.registered_at)]


def has_pin(member_id: int) -> bool:
    """Whether the member can confirm payments by PIN."""
    return Pin.objects.filter(member_id=member_id).exists()


def _open() -> QuerySet[Member]:
    return list_all().filter(status__in=OPEN_STATUSES)


def _exact_condition(text: str) -> Q | None:
    """What a text of digits means, or None where it is to be read as a name."""
    if re.fullmatch(r"[0-9]{4}", text):
        return Q(phone_tail=text)
    try:
        return Q(phone_hash=identity.phone_hash(identity.normalize_phone(text)))
    except identity.InvalidPhone:
        return None


def search_condition(text: str) -> Q:
    """The same reading of a text as :func:`find_members`, as a condition for lists of every status."""
    wanted = unicodedata.normalize("NFKC", text).strip()
    if not wanted or "\0" in wanted:
        return Q()
    if identity.is_member_number(wanted):
        # Lists find members by the cards they had, too.
        return Q(number=wanted) | Q(pk__in=_ended(wanted).values("member_id"))
    exact = _exact_condition(wanted)
    if exact is not None:
        return exact
    if pinyin.has_han(wanted):
        return Q(name__startswith=wanted)
    keys = SearchKey.objects.filter(key__startswith=pinyin.search_form(wanted) or "\x7f")
    return Q(pk__in=keys.values("member_id"))


def list_members(criteria: MemberFilter) -> QuerySet[Member]:
    """Members that fit, unordered; page them with :func:`page_members`."""
    rows = list_all().filter(search_condition(criteria.search))
    equal = {
        "status": criteria.status,
        "source": criteria.source,
        "store_id": criteria.store_id,
        "gender": criteria.gender,
        "birth_month": criteria.birth_month,
    }
    rows = rows.filter(**{field: value for field, value in equal.items() if value})
    if criteria.registered_from:
        rows = rows.filter(registered_at__gte=start_of(criteria.registered_from))
    if criteria.registered_until:
        rows = rows.filter(registered_at__lt=end_of(criteria.registered_until))
    return rows


def page_members(criteria: MemberFilter, *, cursor: str = "", size: int = 50) -> Page[Member]:
    """One page, newest first; one statement."""
    return paginate(list_members(criteria), order=NEWEST_FIRST, cursor=cursor, size=size)


def list_status_changes(member_id: int) -> QuerySet[StatusChange]:
    """Freezes and the like of one member, newest first."""
    return StatusChange.objects.filter(member_id=member_id).select_related("actor").order_by("-occurred_at", "-id")


def list_reminders(
    staff: Staff, *, is_done: bool | None = None, since: date | None = None, kind: str = ""
) -> QuerySet[Reminder]:
    """Reminders of the stores that this person sees (R-S2), unordered; ``since`` drops older days."""
    rows = Reminder.objects.select_related("member", "store", "done_by")
    if not staff.sees_all_stores:
        rows = rows.filter(store__in=staff.stores.all())
    if is_done is not None:
        rows = rows.filter(done_at__isnull=not is_done)
    if kind:
        rows = rows.filter(kind=kind)
    return rows if since is None else rows.filter(due_on__gte=since)
