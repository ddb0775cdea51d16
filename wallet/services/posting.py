"""The one place that writes stored value: an entry, its lots and uses and the account's sums, in one statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from core import days
from core.errors import DomainError, StateChanged
from core.money import ZERO
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store
from wallet.models import Account, Entry, Recharge
from wallet.selectors import SPENT_WITHOUT_PIN


class InsufficientBalance(DomainError):
    """The member has less stored value than the payment takes."""


class MemberNotActive(DomainError):
    """A frozen, closed or merged member can neither pay nor recharge (R-W7)."""


class AccountBlocked(MemberNotActive):
    """The account is frozen, closed, or its card reported lost: money comes in by refunds only (R-W7)."""


class PinRequired(DomainError):
    """More was spent without PIN today than the limit allows; nothing moved (R-W10)."""


class BalanceLimitExceeded(DomainError):
    """The recharge would lift the balance above what the law or the owner allows (R-W4)."""


class RechargeRefused(DomainError):
    """The recharge is larger than allowed at once, in a day or in a month, or may not be paid in cash (R-W4)."""


class IdentityRequired(DomainError):
    """So much in one day needs the payer's name and document (R-W4)."""


class KeyReused(StateChanged):
    """The same idempotency key came with other content."""


class UnknownEntry(DomainError):
    """Nothing was posted under the key that should be undone."""


class NotRefundable(DomainError):
    """More than the payment has left was asked back, or the entry is no payment."""


class NotVoidable(DomainError):
    """The recharge is of another day or store, used, or voided already (R-W5)."""


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
    """A locked member's account. ``posted`` is the entry that stands under the key already.

    ``without_pin`` is what was spent on the shop day of ``lock_account``'s ``at`` without the PIN (R-W10).
    """

    member: Member
    principal: Decimal
    bonus: Decimal
    posted: Entry | None
    status: str = Account.Status.ACTIVE
    without_pin: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Both buckets together."""
        return self.principal + self.bonus


@dataclass(frozen=True)
class NewLot:
    """A lot to be made; a lot of nothing is left out by the caller."""

    recharge_id: int
    bucket: str
    amount: Decimal
    expires_at: datetime | None = None
    origin_id: int | None = None


def lock_account(member_id: int, idempotency_key: str, *, at: datetime | None = None) -> Standing:
    """Lock the member, the mutex of all value (rules.md 0.3), then read the sums and what the key has posted.

    The account counts as lost while the member's present card is blocked, whoever reported it (R-W7). With ``at`` also
    what was spent without the PIN on that shop day; still one statement after the lock.
    """
    member = lock_member(member_id)
    since = None if at is None else days.start_of(days.local_day(at))
    until = None if at is None else days.end_of(days.local_day(at))
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCKED.format(SPENT_WITHOUT_PIN),
            {"key": idempotency_key, "member": member_id, "number": member.number, "since": since, "until": until},
        )
        principal, bonus, status, entry_id, without_pin = cursor.fetchone()
    posted = Entry.objects.get(pk=entry_id) if entry_id is not None else None
    return Standing(member, principal or ZERO, bonus or ZERO, posted, status, without_pin)


_LOCKED = sql.SQL(
    "SELECT a.principal, a.bonus, CASE WHEN COALESCE(a.status, 'active') <> 'active' THEN a.status WHEN EXISTS ("
    "         SELECT FROM members_card c WHERE c.number = %(number)s AND c.ended_at IS NOT NULL) THEN 'lost'"
    "       ELSE 'active' END, (SELECT id FROM wallet_entry WHERE idempotency_key = %(key)s), ({})"
    "  FROM (SELECT %(member)s::bigint AS id) m LEFT JOIN wallet_account a ON a.member_id = m.id"
)


def lock_payer(name: str) -> None:
    """Wait for other recharges by a payer of this name; taken after the member's lock, given back at commit (R-W4)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"wallet.payer:{name.strip().casefold()}"]
        )


def same_content(posted: Entry, **expected: Any) -> Entry:
    """The first entry again; KeyReused where any of ``expected`` (its columns) shows that the key was for another."""
    if any(getattr(posted, name) != value for name, value in expected.items()):
        raise KeyReused(_("This was already posted with other content. Open the page again."))
    return posted


def require_active(standing: Standing) -> None:
    """MemberNotActive unless the member may pay, recharge and transfer; AccountBlocked where the account may not."""
    if standing.member.status == Member.Status.FROZEN:
        raise MemberNotActive(_("This member is frozen; the balance can be used again after it is unfrozen."))
    if standing.member.status != Member.Status.ACTIVE:
        raise MemberNotActive(_("This membership has ended; its balance cannot be used."))
    require_open_account(standing)


def require_open_account(standing: Standing) -> None:
    """AccountBlocked unless the stored value may be used (R-W7)."""
    if standing.status == Account.Status.FROZEN:
        raise AccountBlocked(_("This stored value is frozen; it can be used again after it is unfrozen."))
    if standing.status == Account.Status.LOST:
        raise AccountBlocked(_("The card is reported lost; give a new card first."))
    if standing.status == Account.Status.CLOSED:
        raise AccountBlocked(_("This stored value is closed."))


def post(
    standing: Standing,
    context: Context,
    *,
    kind: str,
    principal: Decimal,
    bonus: Decimal,
    uses: Iterable[tuple[int, Decimal]] = (),
    lots: Sequence[NewLot] = (),
    list_amount: Decimal | None = None,
    recharge: Recharge | None = None,
    original: Entry | None = None,
    closes: bool = False,
    paid_out: Decimal | None = None,
    is_pin_verified: bool = False,
    memo: str = "",
) -> Entry:
    """Write an entry with everything that belongs to it. The member is locked, the figures are settled.

    Principal and bonus each equal the sum of the new lots and uses of their bucket; ``wallet.lots`` proves it.
    """
    used = [(lot_id, amount) for lot_id, amount in uses if amount]
    entry = Entry(
        account_id=standing.member.pk,
        kind=kind,
        principal=principal,
        bonus=bonus,
        principal_after=standing.principal + principal,
        bonus_after=standing.bonus + bonus,
        list_amount=list_amount,
        paid_out=paid_out,
        is_pin_verified=is_pin_verified,
        memo=memo,
        recharge=recharge,
        original=original,
        reverses=original if closes else None,
        store=context.store,
        actor=context.actor,
        source=context.source,
        idempotency_key=context.idempotency_key,
        occurred_at=context.at,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _POST,
            {
                "account": entry.account_id,
                "kind": kind,
                "principal": principal,
                "bonus": bonus,
                "principal_after": entry.principal_after,
                "bonus_after": entry.bonus_after,
                "list_amount": list_amount,
                "paid_out": paid_out,
                "is_pin_verified": is_pin_verified,
                "memo": memo,
                "recharge": entry.recharge_id,
                "original": entry.original_id,
                "reverses": entry.reverses_id,
                "store": entry.store_id,
                "actor": entry.actor_id,
                "source": context.source,
                "key": context.idempotency_key,
                "at": context.at,
                "recharges": [lot.recharge_id for lot in lots],
                "buckets": [lot.bucket for lot in lots],
                "granted": [lot.amount for lot in lots],
                "expires": [lot.expires_at for lot in lots],
                "origins": [lot.origin_id for lot in lots],
                "lots": [lot_id for lot_id, _amount in used],
                "used": [amount for _lot_id, amount in used],
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
  INSERT INTO wallet_entry (account_id, kind, principal, bonus, principal_after, bonus_after, list_amount, paid_out,
                            is_pin_verified, recharge_id, original_id, reverses_id, store_id, actor_id, source,
                            idempotency_key, memo, occurred_at, recorded_at)
  VALUES (%(account)s, %(kind)s, %(principal)s, %(bonus)s, %(principal_after)s, %(bonus_after)s, %(list_amount)s,
          %(paid_out)s, %(is_pin_verified)s, %(recharge)s, %(original)s, %(reverses)s, %(store)s, %(actor)s,
          %(source)s, %(key)s, %(memo)s, %(at)s, clock_timestamp())
  RETURNING id, recorded_at
), account AS (
  INSERT INTO wallet_account AS a (member_id, principal, bonus)
  VALUES (%(account)s, %(principal_after)s, %(bonus_after)s)
  ON CONFLICT (member_id) DO UPDATE SET principal = a.principal + %(principal)s, bonus = a.bonus + %(bonus)s
), made AS (
  INSERT INTO wallet_lot (account_id, recharge_id, entry_id, bucket, granted, remaining, expired, expires_at, origin_id)
  SELECT %(account)s, n.recharge_id, entry.id, n.bucket, n.granted, n.granted, 0, n.expires_at, n.origin_id
    FROM entry, unnest(%(recharges)s::bigint[], %(buckets)s::text[], %(granted)s::numeric[], %(expires)s::timestamptz[],
                       %(origins)s::bigint[]) AS n (recharge_id, bucket, granted, expires_at, origin_id)
), used AS (
  INSERT INTO wallet_lotuse (entry_id, lot_id, amount)
  SELECT entry.id, u.lot_id, u.amount FROM entry, unnest(%(lots)s::bigint[], %(used)s::numeric[]) AS u (lot_id, amount)
), drawn AS (
  UPDATE wallet_lot l SET remaining = l.remaining + u.amount
    FROM unnest(%(lots)s::bigint[], %(used)s::numeric[]) AS u (lot_id, amount) WHERE l.id = u.lot_id
)
SELECT id, recorded_at FROM entry
"""
