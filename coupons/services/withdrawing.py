"""Withdrawing coupons, and moving them where two members turn out to be one."""

from datetime import datetime

from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from core.errors import DomainError
from coupons.models import Coupon, Event
from coupons.services.using import lock_coupon
from members.services import lock_member
from stores.models import Staff, Store


class CannotVoid(DomainError):
    """A used or voided coupon is never voided."""


@joining_atomic
def void(
    *, coupon_id: int, reason: str, idempotency_key: str, at: datetime, store: Store | None, actor: Staff | None
) -> Event:
    """Withdraw a coupon that was not used up, with an audit row; CannotVoid for one that was, or that is void already.

    Of a voucher with several uses, those that are left.
    """
    coupon = lock_coupon(coupon_id)
    earlier = Event.objects.filter(idempotency_key=idempotency_key).first()
    if earlier is not None:
        return earlier
    if coupon.status != Coupon.Status.ISSUED:
        raise CannotVoid(_("Only a coupon that was not used can be voided."))
    coupon.status = Coupon.Status.VOID
    coupon.save(update_fields=["status"])
    event = Event.objects.create(
        coupon=coupon,
        kind=Event.Kind.VOIDED,
        valid_until=coupon.valid_until,
        source=f"staff:{actor.pk}" if actor else "system",
        idempotency_key=idempotency_key,
        memo=reason[:200],
        occurred_at=at,
        store=store,
        actor=actor,
    )
    audit.record("coupon.voided", actor=actor, subject=f"coupon:{coupon.pk}", at=at, store=store, reason=reason)
    return event


@joining_atomic
def merge(
    *,
    from_member_id: int,
    into_member_id: int,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str,
) -> list[Event]:
    """Move the coupons of one member to another; once per key. Each leaves an event that says from whom it came.

    Used ones move too: a refund of the first member's order gives its coupon back to where the others are, and what
    a person had and used counts together against the limits per member. Void ones stay.
    """
    if from_member_id == into_member_id:
        raise ValueError("a member cannot be merged into themselves")
    for member_id in sorted((from_member_id, into_member_id)):
        lock_member(member_id)
    earlier = list(Event.objects.filter(idempotency_key__startswith=f"{idempotency_key}:", kind=Event.Kind.MOVED))
    if earlier:
        return earlier
    held = Coupon.objects.filter(member=from_member_id).exclude(status=Coupon.Status.VOID)
    moving = list(held.select_for_update(no_key=True).order_by("pk"))
    Coupon.objects.filter(pk__in=[coupon.pk for coupon in moving]).update(member=into_member_id)
    return Event.objects.bulk_create(
        Event(
            coupon=coupon,
            kind=Event.Kind.MOVED,
            valid_until=coupon.valid_until,
            source=source,
            idempotency_key=f"{idempotency_key}:{coupon.pk}",
            memo=f"member:{from_member_id}",
            occurred_at=at,
            store=store,
            actor=actor,
        )
        for coupon in moving
    )
