"""The one place that writes points: an entry, its lots and uses, and the account's sums, in a single statement."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils.translation import gettext as _

from core.errors import DomainError, StateChanged
from members.models import Member
from members.services import lock_member
from points.models import Entry, Lot
from stores.models import Staff, Store


class InsufficientPoints(DomainError):
    """The member has fewer points that can be used now."""


class BlockedByDebt(DomainError):
    """Points cannot be used while the member owes points (R-P11)."""


class MemberNotActive(DomainError):
    """A frozen, closed or merged member cannot do this."""


class KeyReused(StateChanged):
    """The same idempotency key came with other content."""


class UnknownEntry(DomainError):
    """Nothing was posted under the key that should be undone."""


class NotReversible(DomainError):
    """This kind of entry is corrected by an adjustment, or it has been undone in full already."""


@dataclass(frozen=True)
class Context:
    """What every entry carries: what caused it, its key, when, where and who."""

    source: str
    idempotency_key: str
    at: datetime
    store: Store | None
    actor: Staff | None


@dataclass(frozen=True)
class Standing:
    """A locked member's account. ``posted`` is the entry that stands under the key already."""

    member: Member
    balance: int
    debt: int
    posted: Entry | None


@dataclass(frozen=True)
class Credit:
    """A lot to be made."""

    points: int
    available_from: datetime
    expires_at: datetime | None
    origin_id: int | None = None


def lock_account(member_id: int, idempotency_key: str) -> Standing:
    """Lock the member, the mutex of all value (rules.md 0.3), then read the sums and what the key has posted."""
    member = lock_member(member_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.balance, a.debt, (SELECT id FROM points_entry WHERE idempotency_key = %s)"
            "  FROM (SELECT %s::bigint AS id) m LEFT JOIN points_account a ON a.member_id = m.id",
            [idempotency_key, member_id],
        )
        balance, debt, entry_id = cursor.fetchone()
    posted = Entry.objects.get(pk=entry_id) if entry_id is not None else None
    return Standing(member, balance or 0, debt or 0, posted)


def lock_holder(member_id: int, idempotency_key: str) -> Standing:
    """Like :func:`lock_account`; where the member was merged away, the account that holds the points now."""
    standing = lock_account(member_id, idempotency_key)
    while standing.member.status == Member.Status.MERGED:
        moved_to = (
            Entry.objects.filter(kind=Entry.Kind.MOVE, original__account_id=standing.member.pk)
            .values_list("account_id", flat=True)
            .first()
        )
        if moved_to is None:
            break
        standing = lock_account(moved_to, idempotency_key)
    return standing


def same_content(posted: Entry, **expected: Any) -> Entry:
    """The first entry again; KeyReused where any of ``expected`` (its columns) shows that the key was for another."""
    if any(getattr(posted, name) != value for name, value in expected.items()):
        raise KeyReused(_("This was already posted with other content. Open the page again."))
    return posted


def draw(lots: Iterable[Lot], points: int) -> tuple[list[tuple[int, int]], int]:
    """Eat up to ``points`` out of the lots in their order: the uses (negative) and what could not be found."""
    uses = []
    for lot in lots:
        if points <= 0:
            break
        part = min(points, lot.remaining)
        if part > 0:
            uses.append((lot.pk, -part))
            points -= part
    return uses, points


def post(
    standing: Standing,
    context: Context,
    *,
    kind: str,
    points: int,
    computed: int,
    debt: int = 0,
    uses: Sequence[tuple[int, int]] = (),
    credits: Sequence[Credit] = (),
    memo: str = "",
    limited_by: str = "",
    rule: Any = None,
    original: Entry | None = None,
    closes: bool = False,
) -> Entry:
    """Write an entry with everything that belongs to it. The member is locked, the figures are settled.

    ``points`` equals the sum of ``credits`` and ``uses``, which the proof ``points.lots`` checks for every entry.
    """
    entry = Entry(
        account_id=standing.member.pk,
        kind=kind,
        points=points,
        debt=debt,
        balance_after=standing.balance + points,
        debt_after=standing.debt + debt,
        computed=computed,
        limited_by=limited_by,
        rule=rule,
        original=original,
        reverses=original if closes else None,
        store=context.store,
        actor=context.actor,
        source=context.source,
        idempotency_key=context.idempotency_key,
        memo=memo,
        occurred_at=context.at,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _POST,
            {
                "account": entry.account_id,
                "kind": kind,
                "points": points,
                "debt": debt,
                "balance_after": entry.balance_after,
                "debt_after": entry.debt_after,
                "computed": computed,
                "limited_by": limited_by,
                "rule": None if rule is None else json.dumps(rule, cls=DjangoJSONEncoder),
                "original": entry.original_id,
                "reverses": entry.reverses_id,
                "store": entry.store_id,
                "actor": entry.actor_id,
                "source": context.source,
                "key": context.idempotency_key,
                "memo": memo,
                "at": context.at,
                "granted": [credit.points for credit in credits],
                "available": [credit.available_from for credit in credits],
                "expires": [credit.expires_at for credit in credits],
                "origins": [credit.origin_id for credit in credits],
                "lots": [lot_id for lot_id, _points in uses],
                "used": [used for _lot_id, used in uses],
            },
        )
        entry.pk, entry.recorded_at = cursor.fetchone()
    entry._state.adding = False
    entry._state.db = connection.alias
    return entry


# One round trip instead of five. The account is changed by the difference, so its CHECK is the last judge even of a
# caller that did not lock; foreign keys are deferred, so the order of the parts does not matter.
_POST = """
WITH entry AS (
  INSERT INTO points_entry (account_id, kind, points, debt, balance_after, debt_after, computed, limited_by, rule,
                            original_id, reverses_id, store_id, actor_id, source, idempotency_key, memo,
                            occurred_at, recorded_at)
  VALUES (%(account)s, %(kind)s, %(points)s, %(debt)s, %(balance_after)s, %(debt_after)s, %(computed)s, %(limited_by)s,
          %(rule)s::jsonb, %(original)s, %(reverses)s, %(store)s, %(actor)s, %(source)s, %(key)s, %(memo)s,
          %(at)s, clock_timestamp())
  RETURNING id, recorded_at
), account AS (
  INSERT INTO points_account AS a (member_id, balance, debt)
  VALUES (%(account)s, %(balance_after)s, %(debt_after)s)
  ON CONFLICT (member_id) DO UPDATE SET balance = a.balance + %(points)s, debt = a.debt + %(debt)s
), made AS (
  INSERT INTO points_lot (account_id, entry_id, granted, remaining, expired, available_from, expires_at, is_released,
                          source, origin_id)
  SELECT %(account)s, entry.id, c.granted, c.granted, 0, c.available_from, c.expires_at, c.available_from <= %(at)s,
         %(source)s, c.origin_id
    FROM entry, unnest(%(granted)s::bigint[], %(available)s::timestamptz[], %(expires)s::timestamptz[],
                       %(origins)s::bigint[]) AS c (granted, available_from, expires_at, origin_id)
), used AS (
  INSERT INTO points_lotuse (entry_id, lot_id, points)
  SELECT entry.id, u.lot_id, u.points FROM entry, unnest(%(lots)s::bigint[], %(used)s::bigint[]) AS u (lot_id, points)
), drawn AS (
  UPDATE points_lot l SET remaining = l.remaining + u.points
    FROM unnest(%(lots)s::bigint[], %(used)s::bigint[]) AS u (lot_id, points) WHERE l.id = u.lot_id
)
SELECT id, recorded_at FROM entry
"""
