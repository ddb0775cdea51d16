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
from points.services.batch_statements import CLEAR, GIVE, RESTORE, TAKE_BACK
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
    return batch.status == Status.DONE and batch.done_at is not None and at <= batch.done_at + timedelta(days=UNDO_DAYS)


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
    return _run(GIVE, batch, member_ids, at, batch.created_by_id, parameters)


def _clear(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    lots = batch_lots(Criteria.from_json(batch.criteria), batch.cutoff_at, at).filter(account_id__in=member_ids)
    parameters = {"lots": list(lots.values_list("pk", flat=True))}
    return _run(CLEAR, batch, member_ids, at, batch.created_by_id, parameters)


def _restore(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    return _run(RESTORE, batch, member_ids, at, batch.undone_by_id, {})


def _take_back(batch: Batch, member_ids: list[int], at: datetime) -> tuple[int, int]:
    return _run(TAKE_BACK, batch, member_ids, at, batch.undone_by_id, {})


def _run(
    statement: str, batch: Batch, member_ids: list[int], at: datetime, actor_id: int | None, more: Mapping[str, Any]
) -> tuple[int, int]:
    common: dict[str, Any] = {
        "members": member_ids,
        "source": _source(batch),
        "memo": batch.reason,
        "at": at,
        "actor": actor_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**common, **more})
        members, points = cursor.fetchone()
    return members, points


Step = tuple[Callable[[Batch, datetime], list[int]], Callable[[Batch, list[int], datetime], tuple[int, int]]]

_STEPS: dict[tuple[str, str], Step] = {
    (Status.RUNNING, Batch.Kind.GIFT): (_members_to_gift, _give),
    (Status.RUNNING, Batch.Kind.CLEAR): (_members_to_clear, _clear),
    (Status.UNDOING, Batch.Kind.GIFT): (_members_done, _take_back),
    (Status.UNDOING, Batch.Kind.CLEAR): (_members_done, _restore),
}
