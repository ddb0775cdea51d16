"""One coupon for every member of an audience, in chunks that a kill cannot leave half done (R-K4, R-K5).

A batch is started by :func:`start_batch`, goes on after its ``after_member`` until nobody is left
(:func:`work_batch`), can be paused, resumed and cancelled, and what nobody used of it can be voided. The first members
are done in the request that asks, the rest in the outbox. Each chunk holds the batch's row, so two workers take turns,
then its members in order of their ids, then the template: the order of every other issue.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from coupons.models import Batch, Coupon, Template, TemplateVersion
from coupons.selectors.batches import BatchPreview, audience_members, check_audience, preview_batch
from coupons.services import limits
from coupons.services.issuing import new_code, validity_of
from jobs.services import enqueue_on_commit
from members.models import Member
from stores.models import Staff, Store

CHUNK = 2_000
Status = Batch.Status


class NobodyToGive(DomainError):
    """Nobody of the audience would get a coupon."""


class BatchStateChanged(StateChanged):
    """The batch is not in the state that this needs."""


class TemplateNotGiven(DomainError):
    """The template is not active, or its dates are over."""


@joining_atomic
def start_batch(
    *,
    template_id: int,
    name: str,
    audience: dict[str, Any],
    actor: Staff,
    at: datetime,
    store: Store | None,
) -> Batch:
    """Keep what was chosen, do the first members now and queue the rest.

    Members who come, get the tag or begin to fit after ``at`` get nothing, so that what happens is what the preview
    counted, or less. InvalidRule, TemplateNotGiven or NobodyToGive; then nothing is kept.
    """
    check_audience(audience)
    template = Template.objects.get(pk=template_id)
    if _problem(template, at):
        raise TemplateNotGiven(_("The coupon %(name)s is not given out at the moment.") % {"name": template.name})
    found: BatchPreview = preview_batch(template=template, audience=audience, at=at)
    if not found.members:
        raise NobodyToGive(_("Nobody would get a coupon."))
    batch = Batch.objects.create(
        template=template,
        name=name.strip()[:60],
        audience=audience,
        status=Status.RUNNING,
        expected_count=found.fitting,
        store=store,
        actor=actor,
        created_at=at,
        started_at=at,
    )
    _record("coupon_batch.started", batch, actor, at, template=template_id, members=found.members, audience=audience)
    return _begin(batch, at)


@joining_atomic
def pause_batch(*, batch_id: int, stops_use: bool, actor: Staff, at: datetime) -> Batch:
    """Give nothing more for now; ``stops_use`` also stops the coupons that it gave (R-K5). Running or done batches."""
    batch = _lock(batch_id, Status.RUNNING, *((Status.DONE,) if stops_use else ()))
    batch.status, batch.stops_use = Status.PAUSED, stops_use
    batch.save(update_fields=["status", "stops_use"])
    _record("coupon_batch.paused", batch, actor, at, stops_use=stops_use)
    return batch


@joining_atomic
def resume_batch(*, batch_id: int, actor: Staff, at: datetime) -> Batch:
    """Go on where it stopped; its coupons can be used again."""
    batch = _lock(batch_id, Status.PAUSED)
    batch.status, batch.stops_use, batch.error = Status.RUNNING, False, ""
    batch.save(update_fields=["status", "stops_use", "error"])
    _record("coupon_batch.resumed", batch, actor, at)
    return _begin(batch, at)


@joining_atomic
def cancel_batch(*, batch_id: int, actor: Staff, at: datetime) -> Batch:
    """Give nothing more for good; what was given stays with the members and can be used."""
    batch = _lock(batch_id, Status.RUNNING, Status.PAUSED)
    batch.status, batch.stops_use, batch.ended_at = Status.CANCELLED, False, at
    batch.save(update_fields=["status", "stops_use", "ended_at"])
    _record("coupon_batch.cancelled", batch, actor, at, issued=batch.issued_count)
    return batch


@joining_atomic
def void_batch(*, batch_id: int, reason: str, actor: Staff, at: datetime) -> Batch:
    """Withdraw every coupon of it that was not used, and give nothing more; used ones stay used.

    A running one stops at once. The work has chunks of its own; ``ended_at`` is empty until the last is done.
    """
    batch = _lock(batch_id, Status.RUNNING, Status.PAUSED, Status.DONE, Status.CANCELLED)
    batch.status, batch.stops_use, batch.after_member, batch.ended_at = Status.VOIDED, False, 0, None
    batch.save(update_fields=["status", "stops_use", "after_member", "ended_at"])
    _record("coupon_batch.voided", batch, actor, at, reason=reason, issued=batch.issued_count)
    return _begin(batch, at)


def work_batch(*, batch_id: int, at: datetime) -> None:
    """Go on with a batch until it is done, in chunks that commit alone; safe to run twice and at the same time."""
    while advance_batch(batch_id=batch_id, at=at):
        pass


@transaction.atomic
def advance_batch(*, batch_id: int, at: datetime) -> bool:
    """One chunk; True where there may be more to do."""
    return _advance(_locked(batch_id), at)


def _locked(batch_id: int) -> Batch:
    batches = Batch.objects.select_for_update(no_key=True, of=("self",))
    return batches.select_related("template", "store", "actor").get(pk=batch_id)


def _lock(batch_id: int, *statuses: str) -> Batch:
    batch = _locked(batch_id)
    if batch.status not in statuses:
        raise BatchStateChanged(_("This batch is %(status)s by now.") % {"status": batch.get_status_display()})
    return batch


def _record(action: str, batch: Batch, actor: Staff, at: datetime, **details: Any) -> None:
    audit.record(action, actor=actor, subject=f"coupon_batch:{batch.pk}", at=at, store=batch.store, **details)


def _begin(batch: Batch, at: datetime) -> Batch:
    if _advance(batch, at):
        enqueue_on_commit("coupons.work_batch", batch_id=batch.pk)
    return batch


def _advance(batch: Batch, at: datetime) -> bool:
    """The next members after the last one. The batch's row is held."""
    if batch.status == Status.RUNNING:
        return _give(batch, at)
    return batch.status == Status.VOIDED and batch.ended_at is None and _void(batch, at)


def _give(batch: Batch, at: datetime) -> bool:
    problem = _problem(batch.template, at)
    if problem:
        return _stop(batch, problem)
    started_at = batch.started_at or batch.created_at
    members = audience_members(batch.audience, started_at).filter(pk__gt=batch.after_member)
    ids = list(members.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if ids:
        active = _lock_members(ids)
        limits.keep(batch.template_id)
        # Read again: what was changed since it came with the batch holds for these coupons already.
        batch.template.refresh_from_db()
        if problem := _problem(batch.template, at):
            return _stop(batch, problem)
        takers = _takers(batch, active)
        takers = takers[: limits.take_issues(batch.template, len(takers))]
        _issue(batch, takers, at)
        batch.issued_count += len(takers)
        batch.skipped_count += len(ids) - len(takers)
        batch.after_member = ids[-1]
    if len(ids) < CHUNK:
        batch.status, batch.ended_at = Status.DONE, at
    batch.save()
    return batch.status == Status.RUNNING


def _stop(batch: Batch, problem: str) -> bool:
    batch.status, batch.error = Status.PAUSED, problem
    batch.save(update_fields=["status", "error"])
    return False


def _problem(template: Template, at: datetime) -> str:
    """Why nothing can be given now, as a stable word; ``selectors.batches.problem_text`` has it for people."""
    if template.status != Template.Status.ACTIVE:
        return "template_stopped"
    return "dates_over" if validity_of(template, at)[1] <= at else ""


def _lock_members(ids: Sequence[int]) -> list[int]:
    """Those who are active under the lock; a frozen member gets nothing."""
    members = Member.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return [pk for pk, status in members.values_list("pk", "status") if status == Member.Status.ACTIVE]


def _takers(batch: Batch, ids: list[int]) -> list[int]:
    """Those who have not had as many as the template allows, nor one of this batch, also through a merge."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKERS,
            {
                "members": ids,
                "batch": batch.pk,
                "template": batch.template_id,
                "limit": batch.template.member_limit,
                "key": _key(batch),
            },
        )
        return [member_id for (member_id,) in cursor.fetchall()]


_TAKERS = """
SELECT taker.id
  FROM unnest(%(members)s::bigint[]) AS taker (id)
 WHERE NOT EXISTS (SELECT 1 FROM coupons_coupon c WHERE c.idempotency_key = %(key)s || taker.id)
   AND NOT EXISTS (SELECT 1 FROM coupons_coupon c
                    WHERE c.template_id = %(template)s AND c.member_id = taker.id AND c.batch_id = %(batch)s)
   AND (%(limit)s::int IS NULL OR %(limit)s::int > (
        SELECT count(*) FROM coupons_coupon c
         WHERE c.template_id = %(template)s AND c.member_id = taker.id AND c.status <> 'void'))
 ORDER BY taker.id
"""


def _key(batch: Batch) -> str:
    return f"batch:{batch.pk}:"


def _issue(batch: Batch, member_ids: list[int], at: datetime) -> None:
    """The coupons and their first events, in one statement."""
    template = batch.template
    valid_from, valid_until = validity_of(template, at)
    parameters: dict[str, Any] = {
        "members": member_ids,
        "codes": [new_code() for _member in member_ids],
        "template": template.pk,
        "version": TemplateVersion.objects.values_list("pk", flat=True).get(template=template, number=template.version),
        "uses": template.uses,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "source": f"coupon_batch:{batch.pk}",
        "at": at,
        "batch": batch.pk,
        "key": _key(batch),
        "store": batch.store_id,
        "actor": batch.actor_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ISSUE, parameters)


_ISSUE = """
WITH given AS (
  INSERT INTO coupons_coupon (template_id, terms_version_id, uses_left, code, member_id, status, valid_from,
                              valid_until, source, issued_at, batch_id, idempotency_key)
  SELECT %(template)s, %(version)s, %(uses)s, taker.code, taker.id, 'issued', %(valid_from)s,
         %(valid_until)s, %(source)s, %(at)s, %(batch)s, %(key)s || taker.id
    FROM unnest(%(members)s::bigint[], %(codes)s::text[]) AS taker (id, code)
  RETURNING id, idempotency_key
)
INSERT INTO coupons_event (coupon_id, kind, amount, valid_until, source, idempotency_key, memo, occurred_at,
                           recorded_at, store_id, actor_id)
SELECT id, 'issued', 0, %(valid_until)s, %(source)s, idempotency_key, '', %(at)s, now(), %(store)s, %(actor)s
  FROM given ORDER BY id
"""


def _void(batch: Batch, at: datetime) -> bool:
    """Void the next members' unused coupons under their locks, so that a sale either used one or finds it void."""
    unused = Coupon.objects.filter(batch=batch, status=Coupon.Status.ISSUED, member_id__gt=batch.after_member)
    ids = list(unused.order_by("member_id").values_list("member_id", flat=True)[:CHUNK])
    if ids:
        list(Member.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
        with connection.cursor() as cursor:
            cursor.execute(
                _VOID,
                {
                    "members": ids,
                    "batch": batch.pk,
                    "source": f"coupon_batch:{batch.pk}",
                    "at": at,
                    "store": batch.store_id,
                    "actor": batch.actor_id,
                },
            )
        batch.after_member = ids[-1]
    if len(ids) < CHUNK:
        # Merges and returns meanwhile may have put one where this was already: then once more from the start.
        if Coupon.objects.filter(batch=batch, status=Coupon.Status.ISSUED, member__isnull=False).exists():
            batch.after_member = 0
        else:
            batch.ended_at = at
    batch.save(update_fields=["after_member", "ended_at"])
    return batch.ended_at is None


_VOID = """
WITH voided AS (
  UPDATE coupons_coupon SET status = 'void'
   WHERE batch_id = %(batch)s AND status = 'issued' AND member_id = ANY(%(members)s::bigint[])
  RETURNING id, valid_until
)
INSERT INTO coupons_event (coupon_id, kind, amount, valid_until, source, idempotency_key, memo, occurred_at,
                           recorded_at, store_id, actor_id)
SELECT id, 'voided', 0, valid_until, %(source)s, 'coupon-void:batch:' || %(batch)s || ':' || id, '', %(at)s, now(),
       %(store)s, %(actor)s
  FROM voided ORDER BY id
"""
