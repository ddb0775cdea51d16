"""The end of a pass: later by an extension, reminded of, and posted by the nightly job; and who may share it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit, days, settings
from core.database import due_chunks, joining_atomic
from core.money import ZERO
from jobs.registry import Counts
from members.models import Member
from members.services import NewReminder, add_reminders, lock_member
from passes import selectors
from passes.models import Entry, Pass, Sharer
from passes.services.posting import (
    Context,
    InvalidExtension,
    KeyReused,
    Kind,
    Move,
    NotShareable,
    Status,
    lock_pass,
    lock_passes,
    post,
    posted,
)
from stores.models import Staff, Store

CHUNK = 2_000
REMINDER = "pass_ending"


@joining_atomic
def extend(
    *,
    pass_id: int,
    last_on: date,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Entry:
    """Let a pass last through ``last_on``; what an expiry took comes back with it. Needs a reason, and is audited.

    InvalidExtension for a pass without end, one with nothing left, and a day that is past or no later than the
    present end.
    """
    reason = reason.strip()
    lock_member(Pass.objects.get(pk=pass_id).member_id)
    held = lock_pass(pass_id)
    before = posted([idempotency_key]).get(idempotency_key)
    if before is not None:
        if (before.kind, before.held_id) != (Kind.EXTEND, pass_id):
            raise KeyReused(_("This was already posted with other content. Open the page again."))
        return before
    if not reason:
        raise InvalidExtension(_("Say why the pass is extended."))
    old = held.last_day
    if old is None:
        raise InvalidExtension(_("This pass has no end."))
    if held.status not in (Status.ACTIVE, Status.EXPIRED):
        raise InvalidExtension(_("Nothing is left of this pass."))
    if last_on <= old or last_on < days.local_day(at):
        raise InvalidExtension(_("The new last day must be after %(day)s and not past.") % {"day": old})
    taken = _expiry_of(held)
    held.expires_at = days.end_of(last_on)
    move = Move(
        held,
        Kind.EXTEND,
        -taken.uses if taken else 0,
        -taken.value if taken else ZERO,
        idempotency_key,
        memo=reason,
        reverses=taken,
    )
    entry = post([move], Context(f"pass:{pass_id}", at, store, actor), status=Status.ACTIVE)[0]
    audit.record(
        "pass.extended",
        actor=actor,
        subject=f"pass:{pass_id}",
        at=at,
        store=store,
        reason=reason,
        before=old.isoformat(),
        after=last_on.isoformat(),
    )
    return entry


def _expiry_of(held: Pass) -> Entry | None:
    """What the last expiry took, for a pass that stands expired."""
    if held.status != Status.EXPIRED:
        return None
    return Entry.objects.filter(held=held, kind=Kind.EXPIRE).order_by("-pk").first()


def expire_due(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: close every pass that ended before ``day`` began, each exactly once; one without end never.

    One entry per pass, dated at its end. Works in chunks that commit alone, so a kill loses at most one; running it
    again does what is left and nothing twice.
    """
    cutoff = min(days.start_of(day), at)
    count = 0
    due = Pass.objects.filter(status=Status.ACTIVE, expires_at__lte=cutoff)
    for chunk in due_chunks(due, instant="expires_at", then="pk", size=CHUNK):
        pass_ids = [pass_id for pass_id, _same in chunk]
        with transaction.atomic():
            lock_passes(pass_ids)
            count += _expire(pass_ids, cutoff)
        yield {"changed": count, "passes": count}


def _expire(pass_ids: list[int], cutoff: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {"passes": pass_ids, "cutoff": cutoff})
        return int(cursor.fetchone()[0])


# A statement of its own after the locks, so that it sees what the holders before us have committed. The key names the
# entry that stood last: an extended pass may end again, the same state never twice.
_EXPIRE = """
WITH due AS (
  SELECT p.id, p.remaining, p.unused_value, p.expires_at,
         (SELECT MAX(e.id) FROM passes_entry e WHERE e.held_id = p.id) AS last_entry
    FROM passes_pass p
   WHERE p.id = ANY(%(passes)s::bigint[]) AND p.status = 'active' AND p.expires_at <= %(cutoff)s
), entry AS (
  INSERT INTO passes_entry (held_id, kind, uses, value, remaining_after, value_after, is_agreed,
                            source, idempotency_key, memo, occurred_at, recorded_at)
  SELECT id, 'expire', -remaining, -unused_value, 0, 0, FALSE,
         'job:passes.expire', 'expire-pass:' || id || ':' || last_entry, '', expires_at, clock_timestamp()
    FROM due ORDER BY id
), closed AS (
  UPDATE passes_pass p SET status = 'expired', remaining = 0, unused_value = 0 FROM due d WHERE p.id = d.id
)
SELECT COUNT(*) FROM due
"""


def stages_of(text: str) -> list[int]:
    """``"30, 7, 1"`` as numbers, shortest first; nothing for an empty text. ValueError for what is no list of days."""
    stages = sorted({int(part) for part in text.replace("、", ",").replace("，", ",").split(",") if part.strip()})
    if any(not 0 <= stage <= 365 for stage in stages):
        raise ValueError("a stage is a number of days from 0 to 365")
    return stages


def remind(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: put every owner of a pass that has come so near its end (30, 7, 1 days) on their store's list.

    Once per pass, end and stage however often and late it runs; a stage that was missed is left out, and an extended
    pass is reminded of again.
    """
    stages = stages_of(settings.value("passes.reminder_days", at))
    if not stages:
        return
    after, count = 0, 0
    last = day + timedelta(days=stages[-1])
    while chunk := selectors.list_reminders_due(first=day, last=last, after=after, limit=CHUNK):
        with transaction.atomic():
            count += add_reminders([_reminder(held, stages, day) for held in chunk])
        after = chunk[-1].pk
        yield {"changed": count, "passes": count}


def _reminder(held: Pass, stages: list[int], day: date) -> NewReminder:
    ends_on = held.last_day
    if ends_on is None:
        raise ValueError("only passes with an end are reminded of")
    stage = next(stage for stage in stages if (ends_on - day).days <= stage)
    # One number per pass, end and stage, as long as passes are counted in thousands of millions.
    occurrence = (held.pk * 10_000_000 + ends_on.toordinal()) * 1_000 + stage
    details = {"name": held.name, "ends": ends_on.isoformat(), "left": None if held.is_unlimited else held.remaining}
    return NewReminder(held.member_id, REMINDER, occurrence, day, details)


@joining_atomic
def add_sharer(*, pass_id: int, member_id: int, at: datetime, actor: Staff | None, store: Store | None) -> Sharer:
    """Let another member use the pass; harmless where they may already. NotShareable by the plan or for the owner."""
    held = lock_pass(pass_id)
    if not held.is_shareable:
        raise NotShareable(_("This pass is for its owner alone."))
    if held.member_id == member_id:
        raise NotShareable(_("This member owns the pass."))
    if Member.objects.get(pk=member_id).status != Member.Status.ACTIVE:
        raise NotShareable(_("Only active members can use a pass."))
    sharer, made = Sharer.objects.get_or_create(
        held=held, member_id=member_id, defaults={"added_at": at, "added_by": actor}
    )
    if made:
        audit.record("pass.shared", actor=actor, subject=f"pass:{pass_id}", at=at, store=store, member=member_id)
    return sharer


@joining_atomic
def remove_sharer(*, pass_id: int, member_id: int, at: datetime, actor: Staff | None, store: Store | None) -> None:
    """Take that right back; harmless where it is gone."""
    lock_pass(pass_id)
    gone, _rows = Sharer.objects.filter(held_id=pass_id, member_id=member_id).delete()
    if gone:
        audit.record("pass.unshared", actor=actor, subject=f"pass:{pass_id}", at=at, store=store, member=member_id)
