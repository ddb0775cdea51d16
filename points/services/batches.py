"""Points given to or cleared from many members, in chunks that a kill cannot leave half done (R-P15).

A batch is asked for (:func:`ask_for_batch`), starts when somebody approved it (:func:`start_batch`), goes on after its
``cursor`` until nobody is left (:func:`work_batch`) and can be undone for a week (:func:`undo_batch`). The work has a
chunk in the request that starts it and the rest in the outbox; each chunk holds the batch's row, so two workers take
turns and never do a member twice.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from approvals.registry import Preview
from approvals.services import Outcome, submit
from core import audit
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from jobs.services import enqueue_on_commit
from members.models import OPEN_STATUSES, Member
from points.models import Batch
from points.selectors import get_rules
from points.selectors.batches import BatchPreview, Criteria, batch_lots, batch_members, preview_batch
from stores.models import Staff, Store

CHUNK = 2_000
UNDO_DAYS = 7
APPROVAL = "points.batch"
Status = Batch.Status


class NothingToMove(DomainError):
    """Nobody fits the filter, or nobody who fits has points."""


class BatchStateChanged(StateChanged):
    """The batch is not in the state that this needs."""


class TooLateToUndo(DomainError):
    """The week in which a batch can be undone is over."""


@joining_atomic
def ask_for_batch(
    *,
    kind: str,
    criteria: Criteria,
    points_each: int | None,
    reason: str,
    actor: Staff,
    at: datetime,
    approver: Staff | None = None,
) -> tuple[Batch, Outcome]:
    """Keep what was chosen and ask for approval; with an ``approver`` on the spot the first members are done at once.

    Lots credited after ``at`` are left alone, and members who come or get the tag later get nothing, so that what
    happens is what the preview counted, or less. NothingToMove, and the refusals of approvals; nothing is kept then.
    """
    found = preview_batch(kind=kind, criteria=criteria, points_each=points_each, cutoff_at=at, at=at)
    if found.points == 0:
        raise NothingToMove(_("There is nobody whose points this would change."))
    batch = Batch.objects.create(
        kind=kind,
        criteria=criteria.as_json(),
        points_each=points_each,
        reason=reason.strip()[:200],
        members=found.members,
        points=found.points,
        cutoff_at=at,
        created_by=actor,
        created_at=at,
    )
    outcome = submit(
        kind=APPROVAL,
        payload={"batch": batch.pk},
        subject=f"points-batch:{batch.pk}",
        reason=batch.reason,
        actor=actor,
        store=None,
        at=at,
        approver=approver,
    )
    batch.refresh_from_db()
    return batch, outcome


def _preview_of(batch: Batch, at: datetime) -> BatchPreview:
    return preview_batch(
        kind=batch.kind,
        criteria=Criteria.from_json(batch.criteria),
        points_each=batch.points_each,
        cutoff_at=batch.cutoff_at,
        at=at,
    )


def preview_request(payload: Mapping[str, Any], at: datetime) -> Preview:
    """The figures of a request: those that were asked for, as long as no more than them would move.

    Sales go on while a request waits, so fewer points than shown are no change that must be asked again; more are.
    """
    batch = Batch.objects.get(pk=payload["batch"])
    found = _preview_of(batch, at)
    if found.points == 0:
        raise NothingToMove(_("There is nobody whose points this would change."))
    members, points = batch.members, batch.points
    if found.members > members or found.points > points:
        members, points = found.members, found.points
    return Preview(Decimal(points), {"members": f"{members:,}", "points": f"{points:,}"})


def execute_request(
    payload: Mapping[str, Any],
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Start the batch of an approved request."""
    return f"points-batch:{start_batch(batch_id=payload['batch'], actor=actor, approver=approver, at=at).pk}"


@joining_atomic
def refuse_batch(payload: Mapping[str, Any], actor: Staff, at: datetime) -> None:
    """Mark the batch of a request that was refused or withdrawn."""
    batch = _lock(payload["batch"], Status.WAITING)
    batch.status = Status.REFUSED
    batch.save(update_fields=["status"])


@joining_atomic
def start_batch(*, batch_id: int, actor: Staff, at: datetime, approver: Staff | None = None) -> Batch:
    """Do the first members now and queue the rest. BatchStateChanged unless it waits."""
    batch = _lock(batch_id, Status.WAITING)
    batch.status = Status.RUNNING
    batch.save(update_fields=["status"])
    audit.record(
        "points_batch.started",
        actor=actor,
        subject=f"points-batch:{batch.pk}",
        at=at,
        approver=approver,
        reason=batch.reason,
        kind=batch.kind,
        members=batch.members,
        points=batch.points,
    )
    return _begin(batch, at)


@joining_atomic
def undo_batch(*, batch_id: int, actor: Staff, at: datetime) -> Batch:
    """Give back what was cleared, with the old expiry, or take back what is left of a gift (R-P15).

    What has ended meanwhile stays ended, what was spent stays spent; the batch says how much came back. Points given
    back repay a points debt first, as every credit does. BatchStateChanged unless it is done, TooLateToUndo after
    seven days.
    """
    batch = _lock(batch_id, Status.DONE)
    if not is_undoable(batch, at):
        raise TooLateToUndo(_("A batch can be undone within %(days)s days.") % {"days": UNDO_DAYS})
    batch.status, batch.cursor = Status.UNDOING, 0
    batch.undone_by, batch.undone_at = actor, at
    batch.save(update_fields=["status", "cursor", "undone_by", "undone_at"])
    audit.record(
        "points_batch.undone",
        actor=actor,
        subject=f"points-batch:{batch.pk}",
        at=at,
        kind=batch.kind,
        members=batch.done_members,
        points=batch.done_points,
    )
    return _begin(batch, at)


def is_undoable(batch: Batch, at: datetime) -> bool:
    """Done, and no longer than seven days ago."""
    return (
        batch.status == Status.DONE and batch.done_at is not None and at <= batch.done_at + timedelta(days=UNDO_DAYS)
    )


def work_batch(*, batch_id: int, at: datetime) -> None:
    """Go on with a batch until it is done, in chunks that commit alone; safe to run twice and at the same time."""
    while advance_batch(batch_id=batch_id, at=at):
        pass


@transaction.atomic
def advance_batch(*, batch_id: int, at: datetime) -> bool:
    """One chunk; True where there may be more to do."""
    batch = Batch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch_id)
    return (batch.status, batch.kind) in _STEPS and _advance(batch, at)


def _lock(batch_id: int, status: str) -> Batch:
    batch = Batch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch_id)
    if batch.status != status:
        raise BatchStateChanged(_("This batch is %(status)s by now.") % {"status": batch.get_status_display()})
    return batch


def _begin(batch: Batch, at: datetime) -> Batch:
    if _advance(batch, at):
        enqueue_on_commit("points.work_batch", batch_id=batch.pk)
    return batch


def _advance(batch: Batch, at: datetime) -> bool:
    """The next members after the cursor. The batch's row is held; the members are locked in order of their ids."""
    members_of, act = _STEPS[batch.status, batch.kind]
    ids = members_of(batch, at)
    if ids:
        members, points = act(batch, _lock_members(ids), at)
        if batch.status == Status.RUNNING:
            batch.done_members += members
            batch.done_points += points
        else:
            batch.undone_members += members
            batch.undone_points += points
        batch.cursor = ids[-1]
    if len(ids) < CHUNK:
        is_undo = batch.status == Status.UNDOING
        batch.status = Status.UNDONE if is_undo else Status.DONE
        if not is_undo:
            batch.done_at = at
    batch.save()
    return batch.status in {Status.RUNNING, Status.UNDOING}


def _lock_members(ids: Sequence[int]) -> list[int]:
    """Those who are still active or frozen under the lock."""
    members = Member.objects.select_for_update(no_key=True).filter(pk__in=ids, status__in=OPEN_STATUSES)
    return list(members.order_by("pk").values_list("pk", flat=True))


def _members_to_gift(batch: Batch, at: datetime) -> list[int]:
    members = batch_members(Criteria.from_json(batch.criteria), batch.cutoff_at).filter(pk__gt=batch.cursor)
    return list(members.order_by("pk").values_list("pk", flat=True)[:CHUNK])


def _members_to_clear(batch: Batch, at: datetime) -> list[int]:
    lots = batch_lots(Criteria.from_json(batch.criteria), batch.cutoff_at, at).filter(account_id__gt=batch.cursor)
    return list(lots.order_by("account_id").values_list("account_id", flat=True).distinct()[:CHUNK])


def _members_done(batch: Batch, at: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT account_id FROM points_entry"
            " WHERE source = %s AND source LIKE 'points-batch:%%' AND account_id > %s AND kind IN ('gift', 'clear')"
            " ORDER BY account_id LIMIT %s",
            [_source(batch), batch.cursor, CHUNK],
        )
        return [member_id for (member_id,) in cursor.fetchall()]


def _source(batch: Batch) -> str:
    return f"points-batch:{batch.pk}"


def _give(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    parameters = {"each": batch.points_each, "expires": get_rules(at=at).expiry_of(at)}
    return _run(_GIVE, batch, member_ids, at, batch.created_by_id, parameters)


def _clear(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    lots = batch_lots(Criteria.from_json(batch.criteria), batch.cutoff_at, at).filter(account_id__in=member_ids)
    parameters = {"lots": list(lots.values_list("pk", flat=True))}
    return _run(_CLEAR, batch, member_ids, at, batch.created_by_id, parameters)


def _restore(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    return _run(_RESTORE, batch, member_ids, at, batch.undone_by_id, {})


def _take_back(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    return _run(_TAKE_BACK, batch, member_ids, at, batch.undone_by_id, {})


def _run(
    statement: str, batch: Batch, member_ids: list[int], at: datetime, actor_id: int | None, more: Mapping[str, Any]
) -> tuple[int, int]:
    common = {"members": member_ids, "source": _source(batch), "memo": batch.reason, "at": at, "actor": actor_id}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**common, **more})
        members, points = cursor.fetchone()
    return members, points


Step = tuple[Callable[[Batch, datetime], list[int]], Callable[[Batch, list[int], datetime], tuple[int, int]]]

_ENTRY = """
  INSERT INTO points_entry (account_id, kind, points, debt, balance_after, debt_after, computed, limited_by,
                            original_id, reverses_id, actor_id, source, idempotency_key, memo, occurred_at, recorded_at)
"""

# All four are statements of their own after the locks, so that they see what the holders before us have committed.
# A debt is repaid before points become a lot. An account is opened or changed, never both: its owner is locked.
_GIVE = f"""
WITH who AS (
  SELECT m.id, a.member_id IS NULL AS is_new, COALESCE(a.balance, 0) AS balance, COALESCE(a.debt, 0) AS debt,
         LEAST(%(each)s::bigint, COALESCE(a.debt, 0)) AS repaid
    FROM unnest(%(members)s::bigint[]) AS m (id) LEFT JOIN points_account a ON a.member_id = m.id
), entry AS ({_ENTRY}
  SELECT id, 'gift', %(each)s::bigint - repaid, -repaid, balance + %(each)s::bigint - repaid, debt - repaid,
         %(each)s::bigint, '', NULL::bigint, NULL::bigint, %(actor)s::bigint, %(source)s, %(source)s || ':member:' || id,
         %(memo)s, %(at)s, clock_timestamp()
    FROM who ORDER BY id
  RETURNING id, account_id, points
), opened AS (
  INSERT INTO points_account (member_id, balance, debt) SELECT id, %(each)s, 0 FROM who WHERE is_new
), raised AS (
  UPDATE points_account a SET balance = a.balance + %(each)s::bigint - w.repaid, debt = a.debt - w.repaid
    FROM who w WHERE a.member_id = w.id AND NOT w.is_new
), made AS (
  INSERT INTO points_lot (account_id, entry_id, granted, remaining, expired, available_from, expires_at, source)
  SELECT account_id, id, points, points, 0, %(at)s, %(expires)s::timestamptz, %(source)s FROM entry WHERE points > 0
)
SELECT COUNT(*), (COUNT(*) * %(each)s)::bigint FROM who
"""

# Several lots of one account are entered in the order of their end; ``running`` gives each entry its balance after.
_CLEAR = f"""
WITH due AS (
  SELECT id, account_id, remaining,
         SUM(remaining) OVER (PARTITION BY account_id ORDER BY expires_at NULLS LAST, id)::bigint AS running
    FROM points_lot WHERE id = ANY(%(lots)s::bigint[]) AND remaining > 0
), entry AS ({_ENTRY}
  SELECT d.account_id, 'clear', -d.remaining, 0, a.balance - d.running, a.debt, -d.remaining, '', NULL::bigint,
         NULL::bigint, %(actor)s::bigint, %(source)s, %(source)s || ':' || d.id, %(memo)s, %(at)s, clock_timestamp()
    FROM due d JOIN points_account a ON a.member_id = d.account_id
   ORDER BY d.account_id, d.running
  RETURNING id, idempotency_key
), used AS (
  INSERT INTO points_lotuse (entry_id, lot_id, points)
  SELECT entry.id, d.id, -d.remaining FROM entry JOIN due d ON entry.idempotency_key = %(source)s || ':' || d.id
), emptied AS (
  UPDATE points_lot l SET remaining = 0 FROM due d WHERE l.id = d.id
), lowered AS (
  UPDATE points_account a SET balance = a.balance - t.points
    FROM (SELECT account_id, SUM(remaining)::bigint AS points FROM due GROUP BY account_id) t
   WHERE a.member_id = t.account_id
)
SELECT COUNT(DISTINCT account_id), COALESCE(SUM(remaining), 0)::bigint FROM due
"""

# The debt is repaid out of what ends first, which is worth least to the member.
_RESTORE = f"""
WITH back AS (
  SELECT e.id AS cleared_id, e.account_id, -e.points AS points, l.id AS lot_id, l.available_from, l.expires_at,
         l.is_released, a.balance, a.debt,
         SUM(-e.points) OVER (PARTITION BY e.account_id ORDER BY l.expires_at NULLS LAST, l.id)::bigint AS running
    FROM points_entry e
    JOIN points_lotuse u ON u.entry_id = e.id
    JOIN points_lot l ON l.id = u.lot_id
    JOIN points_account a ON a.member_id = e.account_id
   WHERE e.source = %(source)s AND e.source LIKE 'points-batch:%%' AND e.kind = 'clear'
     AND e.account_id = ANY(%(members)s::bigint[]) AND (l.expires_at IS NULL OR l.expires_at > %(at)s)
), split AS (
  SELECT *, LEAST(running, debt) - LEAST(running - points, debt) AS repaid FROM back
), entry AS ({_ENTRY}
  SELECT account_id, 'restore', points - repaid, -repaid, balance + running - LEAST(running, debt),
         debt - LEAST(running, debt), points, '', cleared_id, cleared_id, %(actor)s::bigint, %(source)s,
         %(source)s || ':restore:' || lot_id, %(memo)s, %(at)s, clock_timestamp()
    FROM split ORDER BY account_id, running
  RETURNING id, idempotency_key, points
), made AS (
  INSERT INTO points_lot (account_id, entry_id, granted, remaining, expired, available_from, expires_at, is_released,
                          source, origin_id)
  SELECT s.account_id, entry.id, entry.points, entry.points, 0, s.available_from, s.expires_at, s.is_released,
         %(source)s, s.lot_id
    FROM entry JOIN split s ON entry.idempotency_key = %(source)s || ':restore:' || s.lot_id
   WHERE entry.points > 0
), raised AS (
  UPDATE points_account a SET balance = a.balance + t.points - t.repaid, debt = a.debt - t.repaid
    FROM (SELECT account_id, SUM(points)::bigint AS points, SUM(repaid)::bigint AS repaid FROM split GROUP BY 1) t
   WHERE a.member_id = t.account_id
)
SELECT COUNT(DISTINCT account_id), COALESCE(SUM(points), 0)::bigint FROM split
"""

_TAKE_BACK = f"""
WITH left_over AS (
  SELECT e.id AS gift_id, e.account_id, l.id AS lot_id, l.remaining
    FROM points_entry e JOIN points_lot l ON l.entry_id = e.id
   WHERE e.source = %(source)s AND e.source LIKE 'points-batch:%%' AND e.kind = 'gift'
     AND e.account_id = ANY(%(members)s::bigint[])
     AND l.remaining > 0 AND (l.expires_at IS NULL OR l.expires_at > %(at)s)
), entry AS ({_ENTRY}
  SELECT o.account_id, 'claw_back', -o.remaining, 0, a.balance - o.remaining, a.debt, -o.remaining, '', o.gift_id,
         NULL::bigint, %(actor)s::bigint, %(source)s, %(source)s || ':undo:' || o.account_id, %(memo)s, %(at)s,
         clock_timestamp()
    FROM left_over o JOIN points_account a ON a.member_id = o.account_id ORDER BY o.account_id
  RETURNING id, account_id
), used AS (
  INSERT INTO points_lotuse (entry_id, lot_id, points)
  SELECT entry.id, o.lot_id, -o.remaining FROM entry JOIN left_over o USING (account_id)
), emptied AS (
  UPDATE points_lot l SET remaining = 0 FROM left_over o WHERE l.id = o.lot_id
), lowered AS (
  UPDATE points_account a SET balance = a.balance - o.remaining FROM left_over o WHERE a.member_id = o.account_id
)
SELECT COUNT(*), COALESCE(SUM(remaining), 0)::bigint FROM left_over
"""

_STEPS: dict[tuple[str, str], Step] = {
    (Status.RUNNING, Batch.Kind.GIFT): (_members_to_gift, _give),
    (Status.RUNNING, Batch.Kind.CLEAR): (_members_to_clear, _clear),
    (Status.UNDOING, Batch.Kind.GIFT): (_members_done, _take_back),
    (Status.UNDOING, Batch.Kind.CLEAR): (_members_done, _restore),
}
