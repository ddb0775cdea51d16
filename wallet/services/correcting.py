"""Clearing of bonus and correction of mistakes: only on request, with a reason, agreed to by a second person (R-W11).

Principal never falls by a clearing; the database refuses it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _

from approvals.registry import Payload, Preview
from core import audit, days
from core.database import joining_atomic
from core.errors import DomainError
from core.money import ZERO
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store
from wallet import selectors
from wallet.models import Entry, Lot, Recharge
from wallet.selectors import BonusFilter, get_rules
from wallet.services.posting import Context, InsufficientBalance, NewLot, Standing, lock_account, post, same_content
from wallet.services.statuses import checked_reason

CLEAR_KIND = "wallet.bonus_clear"
CORRECTION_KIND = "wallet.correction"

#: More lots than this are cleared by narrower filters one after the other: all of it is one transaction.
CLEAR_LIMIT = 20_000


class NotClearable(DomainError):
    """Nothing fits, too much fits, or nobody was told."""


class NotCorrectable(DomainError):
    """The account holds nothing of this recharge, or the correction is of nothing."""


@dataclass(frozen=True)
class Cleared:
    """What a clearing took."""

    members: int
    lots: int
    bonus: Decimal


@joining_atomic
def clear_bonus(
    *,
    criteria: BonusFilter,
    notice: str,
    notified_on: date,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    approver: Staff | None = None,
) -> Cleared:
    """Take away all bonus that fits, one entry per lot; principal is never touched (R-W11).

    ``notice`` is the text that the members were given, ``notified_on`` the day on which they were told. NotClearable
    where nothing or more than ``CLEAR_LIMIT`` lots fit. Once per key: lots that are cleared hold nothing any more.
    """
    reason = checked_reason(reason)
    _check_notice(notice, notified_on, at)
    lock_clearable(criteria)
    lots = selectors.list_clearable(criteria, at=at)
    _check_size(lots)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLEAR,
            {
                "lots": [lot_id for lot_id, _member_id, _amount in lots],
                "key": idempotency_key,
                "memo": reason[:200],
                "source": idempotency_key,
                "store": None if store is None else store.pk,
                "actor": None if actor is None else actor.pk,
                "at": at,
            },
        )
    cleared = _sums(lots)
    audit.record(
        "wallet.bonus_cleared",
        actor=actor,
        approver=approver,
        subject=f"member:{criteria.member_id}" if criteria.member_id else "members:list",
        at=at,
        store=store,
        reason=reason,
        notice=notice.strip(),
        notified_on=notified_on.isoformat(),
        members=cleared.members,
        lots=cleared.lots,
        bonus=str(cleared.bonus),
    )
    return cleared


def lock_clearable(criteria: BonusFilter) -> None:
    """Lock the members who hold such bonus, in order of id, as everybody who locks more than one."""
    ids = {member_id for _lot_id, member_id, _amount in selectors.list_clearable(criteria, at=None)}
    list(Member.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))


def preview_clearing(*, criteria: BonusFilter, at: datetime) -> Cleared:
    """What :func:`clear_bonus` would take now; NotClearable as there."""
    lots = selectors.list_clearable(criteria, at=at)
    _check_size(lots)
    return _sums(lots)


def _sums(lots: Sequence[tuple[int, int, Decimal]]) -> Cleared:
    return Cleared(
        members=len({member_id for _lot_id, member_id, _amount in lots}),
        lots=len(lots),
        bonus=sum((amount for _lot_id, _member_id, amount in lots), ZERO),
    )


def _check_size(lots: Sequence[tuple[int, int, Decimal]]) -> None:
    if not lots:
        raise NotClearable(_("There is no such bonus to clear."))
    if len(lots) > CLEAR_LIMIT:
        raise NotClearable(_("More than %(limit)s lots of bonus fit; narrow the choice.") % {"limit": CLEAR_LIMIT})


def _check_notice(notice: str, notified_on: date, at: datetime) -> None:
    if not notice.strip():
        raise NotClearable(_("Write what the members were told."))
    if notified_on > days.local_day(at):
        raise NotClearable(_("The members must have been told before the bonus is cleared."))


# One entry per lot, the running sum within an account gives each its own balance after; see expiry for the twin.
_CLEAR = """
WITH due AS (
  SELECT id, account_id, recharge_id, remaining,
         SUM(remaining) OVER (PARTITION BY account_id ORDER BY id) AS running
    FROM wallet_lot WHERE id = ANY(%(lots)s::bigint[]) AND remaining > 0 AND bucket = 'bonus'
), entry AS (
  INSERT INTO wallet_entry (account_id, kind, principal, bonus, principal_after, bonus_after, recharge_id, store_id,
                            actor_id, source, idempotency_key, memo, occurred_at, recorded_at)
  SELECT d.account_id, 'bonus_clear', 0, -d.remaining, a.principal, a.bonus - d.running, d.recharge_id, %(store)s,
         %(actor)s, %(source)s, %(key)s || ':' || d.id, %(memo)s, %(at)s, clock_timestamp()
    FROM due d JOIN wallet_account a ON a.member_id = d.account_id
   ORDER BY d.account_id, d.running
  RETURNING id, idempotency_key
), used AS (
  INSERT INTO wallet_lotuse (entry_id, lot_id, amount)
  SELECT entry.id, d.id, -d.remaining FROM entry JOIN due d ON entry.idempotency_key = %(key)s || ':' || d.id
), emptied AS (
  UPDATE wallet_lot l SET remaining = 0 FROM due d WHERE l.id = d.id
), lowered AS (
  UPDATE wallet_account a SET bonus = a.bonus - t.amount
    FROM (SELECT account_id, SUM(remaining) AS amount FROM due GROUP BY account_id) t
   WHERE a.member_id = t.account_id
)
SELECT COUNT(*) FROM due
"""


@joining_atomic
def correct(
    *,
    member_id: int,
    recharge_id: int,
    bucket: str,
    amount: Decimal,
    evidence: str,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    approver: Staff | None = None,
) -> Entry:
    """Put a mistake right: ``amount`` (signed) of one bucket of one recharge that the account holds some of (R-W11).

    Every correction names the recharge it corrects, so a later refund by law knows what was paid. More becomes a lot
    of that recharge, less is taken from what is left of it. It may pass the limit of balances: it says what was really
    paid. NotCorrectable, InsufficientBalance; ``evidence`` says what proves it. Once per key.
    """
    reason, evidence = checked_reason(reason), checked_reason(evidence)
    if bucket not in Lot.Bucket.values or not amount:
        raise NotCorrectable(_("A correction is more or less than nothing."))
    standing = lock_account(member_id, idempotency_key)
    principal = amount if bucket == Lot.Bucket.PRINCIPAL else ZERO
    if standing.posted is not None:
        return same_content(
            standing.posted,
            account_id=member_id,
            kind=Entry.Kind.CORRECTION,
            recharge_id=recharge_id,
            principal=principal,
            bonus=amount - principal,
        )
    lots = _lots_of(standing, recharge_id, bucket)
    entry = post(
        standing,
        Context(idempotency_key, idempotency_key, at, store, actor),
        kind=Entry.Kind.CORRECTION,
        principal=principal,
        bonus=amount - principal,
        uses=_taken([lot for lot in lots if lot.bucket == bucket], amount) if amount < 0 else (),
        lots=[_added(lots, recharge_id, bucket, amount, at)] if amount > 0 else (),
        recharge=Recharge.objects.get(pk=recharge_id),
        memo=reason[:200],
    )
    audit.record(
        "wallet.corrected",
        actor=actor,
        approver=approver,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        reason=reason,
        evidence=evidence,
        recharge=recharge_id,
        bucket=bucket,
        amount=str(amount),
    )
    return entry


def _lots_of(standing: Standing, recharge_id: int, bucket: str) -> list[Lot]:
    lots = list(Lot.objects.filter(account_id=standing.member.pk, recharge_id=recharge_id).order_by("id"))
    if not lots:
        raise NotCorrectable(_("This account holds nothing of that recharge."))
    _check_bucket(recharge_id, bucket)
    return lots


def _check_bucket(recharge_id: int, bucket: str) -> None:
    if bucket == Lot.Bucket.PRINCIPAL and Recharge.objects.filter(pk=recharge_id, is_gift=True).exists():
        raise NotCorrectable(_("Nothing was paid for this bonus, so only the bonus can be corrected."))


def _taken(lots: Sequence[Lot], amount: Decimal) -> list[tuple[int, Decimal]]:
    left, uses = -amount, []
    for lot in lots:
        part = min(lot.remaining, left)
        if part:
            uses.append((lot.pk, -part))
            left -= part
    if left:
        raise InsufficientBalance(_("Only %(found)s of this recharge is left to correct.") % {"found": -amount - left})
    return uses


def _added(lots: Sequence[Lot], recharge_id: int, bucket: str, amount: Decimal, at: datetime) -> NewLot:
    if bucket == Lot.Bucket.PRINCIPAL:
        return NewLot(recharge_id, bucket, amount)
    ends = [lot.expires_at for lot in lots if lot.bucket == Lot.Bucket.BONUS]
    ends_at = max((end for end in ends if end is not None), default=None) if None not in ends else None
    if ends_at is not None and ends_at <= at:
        # The bonus has ended meanwhile: it can be used for the days that refunded bonus gets.
        ends_at = days.end_of(days.local_day(at) + timedelta(days=get_rules(at=at).grace_days))
    return NewLot(recharge_id, bucket, amount, ends_at)


def lock_clearing(payload: Payload) -> None:
    """The members' locks, taken before the figures of a request are compared."""
    lock_clearable(BonusFilter.from_payload(payload))


def preview_clear_request(payload: Payload, at: datetime) -> Preview:
    """What a request to clear bonus shows."""
    _check_notice(str(payload["notice"]), date.fromisoformat(str(payload["notified_on"])), at)
    found = preview_clearing(criteria=BonusFilter.from_payload(payload), at=at)
    figures = {
        "members": str(found.members),
        "lots": str(found.lots),
        "bonus": str(found.bonus),
        "notice": str(payload["notice"]),
        "notified_on": str(payload["notified_on"]),
    }
    return Preview(found.bonus, figures)


def execute_clear_request(
    payload: Payload,
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Clear as approved; returns the member of a clearing of one, else the request itself."""
    criteria = BonusFilter.from_payload(payload)
    clear_bonus(
        criteria=criteria,
        notice=str(payload["notice"]),
        notified_on=date.fromisoformat(str(payload["notified_on"])),
        reason=reason,
        idempotency_key=key,
        at=at,
        store=store,
        actor=actor,
        approver=approver,
    )
    return f"member:{criteria.member_id}" if criteria.member_id else key


def lock_correction(payload: Payload) -> None:
    """The member's lock, taken before the figures of a request are compared."""
    lock_member(int(payload["member"]))


def preview_correction(payload: Payload, at: datetime) -> Preview:
    """What a request to correct shows: the bucket of the recharge before and after."""
    amount, bucket = Decimal(payload["amount"]), str(payload["bucket"])
    lots = Lot.objects.filter(account_id=payload["member"], recharge_id=payload["recharge"])
    left = sum((lot.remaining for lot in lots if lot.bucket == bucket), ZERO)
    if not lots:
        raise NotCorrectable(_("This account holds nothing of that recharge."))
    if not amount:
        raise NotCorrectable(_("A correction is more or less than nothing."))
    _check_bucket(int(payload["recharge"]), bucket)
    if left + amount < 0:
        raise InsufficientBalance(_("Only %(found)s of this recharge is left to correct.") % {"found": left})
    figures = {
        "member": Member.objects.get(pk=payload["member"]).number,
        "recharge": str(payload["recharge"]),
        "bucket": bucket,
        "before": str(left),
        "after": str(left + amount),
        "evidence": str(payload["evidence"]),
    }
    return Preview(abs(amount), figures)


def execute_correction(
    payload: Payload,
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Correct as approved; returns the member."""
    correct(
        member_id=int(payload["member"]),
        recharge_id=int(payload["recharge"]),
        bucket=str(payload["bucket"]),
        amount=Decimal(payload["amount"]),
        evidence=str(payload["evidence"]),
        reason=reason,
        idempotency_key=key,
        at=at,
        store=store,
        actor=actor,
        approver=approver,
    )
    return f"member:{payload['member']}"
