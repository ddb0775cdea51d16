"""How members come in: one at the counter, many from a file, through the entrance of an app above."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django.db import connection, transaction

from core import audit
from members import identity
from members.models import Member
from members.services.profile import MemberData, fill_member, save_once, write_search_keys
from stores.models import Staff, Store


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
    fill_member(member, data, at)
    return member


def insert_members(members: Sequence[Member]) -> None:
    """Write members of :func:`build_member` and their search keys, set-based, in the caller's transaction.

    IntegrityError where a phone, number or external id exists: an import checks its file against the database before.
    """
    Member.objects.bulk_create(members, batch_size=2000)
    write_search_keys(members)


@transaction.atomic
def create_member(*, data: MemberData, source: str, store: Store, actor: Staff | None, at: datetime) -> Member:
    """Register a member. PhoneTaken names the member who has the phone; InvalidMember the field that is wrong.

    The unique constraint is the judge: of two tills registering one phone at the same moment exactly one succeeds.
    Registration gifts and tiers belong to ``campaigns.services.register_member``, which calls this.
    """
    member = build_member(data=data, source=source, store=store, at=at, number=reserve_numbers(1)[0])
    save_once(member)
    write_search_keys([member])
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
