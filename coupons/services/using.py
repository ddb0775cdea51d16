"""Using coupons up, giving them back and withdrawing them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Q, Subquery, Value, When
from django.utils.translation import gettext as _

from core import audit, settings
from core.database import joining_atomic
from core.days import end_of, local_day
from core.errors import DomainError
from core.money import ZERO
from coupons.models import Coupon, Event
from coupons.rules import CouponTerms, Refusal, why_not_for, why_not_now
from coupons.selectors import explain, terms_of
from members.services import lock_member
from stores.models import Staff, Store

RETURN_GRACE_DAYS = "coupons.return_grace_days"


class CouponNotUsable(DomainError):
    """Shown to the cashier as it is; ``refusal`` carries the reason for code."""

    def __init__(self, terms: CouponTerms, refusal: Refusal) -> None:
        super().__init__(explain(terms=terms, reason=refusal.reason, missing=refusal.missing))
        self.refusal = refusal


class CannotReturn(DomainError):
    """The redemption does not exist or was given back before."""


class CannotVoid(DomainError):
    """A used or voided coupon is never voided."""


@joining_atomic
def redeem(
    *,
    coupon_id: int,
    member_id: int | None,
    amount: Decimal,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Event:
    """Use a coupon up for a discount of ``amount``; CouponNotUsable with the reason in words.

    One winner however many tills try: the state moves by one conditional UPDATE. ``amount`` is what the order really
    got, at most what the coupon promises; the threshold is the price's business (``rules.why_not``). A bearer coupon
    used by a member is bound to that member, so that after a refund nobody else can take it (R-K8).
    """
    if member_id is not None:
        lock_member(member_id)
    coupon = (
        Coupon.objects.select_related("template", "terms_version")
        .annotate(earlier_event=_event_id(idempotency_key))
        .get(pk=coupon_id)
    )
    if coupon.earlier_event is not None:
        return Event.objects.get(pk=coupon.earlier_event)
    terms = terms_of(coupon)
    if not ZERO < amount <= terms.amount:
        raise ValueError(f"{amount} is not a discount that coupon {coupon_id} gives")
    refusal = why_not_for(terms, member_id) or why_not_now(terms, at)
    if refusal is None and not _use_up(coupon, member_id, at):
        refusal = Refusal("used")
    if refusal is not None:
        # Whoever held the same key a moment ago has won: the second caller gets the first's event.
        earlier = Event.objects.filter(idempotency_key=idempotency_key).first()
        if earlier is not None:
            return earlier
        raise CouponNotUsable(terms, refusal)
    return Event.objects.create(
        coupon=coupon,
        kind=Event.Kind.REDEEMED,
        amount=amount,
        valid_until=coupon.valid_until,
        source=source,
        idempotency_key=idempotency_key,
        occurred_at=at,
        store=store,
        actor=actor,
    )


def _event_id(idempotency_key: str) -> Any:
    return Subquery(Event.objects.filter(idempotency_key=idempotency_key).values("pk")[:1])


def _use_up(coupon: Coupon, member_id: int | None, at: datetime) -> bool:
    """Move the state, at most once; False where somebody else was faster."""
    usable = Coupon.objects.filter(
        pk=coupon.pk, status=Coupon.Status.ISSUED, valid_from__lte=at, valid_until__gt=at
    ).filter(Q(member_id__isnull=True) | Q(member_id=member_id))
    last = Case(When(uses_left=1, then=Value(Coupon.Status.REDEEMED.value)), default=F("status"))
    taken = usable.update(status=last, uses_left=F("uses_left") - 1, member_id=coupon.member_id or member_id)
    return taken == 1


@joining_atomic
def return_redeemed(
    *,
    idempotency_key_of_redeem: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Event:
    """Give a used coupon back because its order was refunded wholly or voided (R-K8).

    It is issued again with the same validity; if that has passed, it is valid through the day of the return plus the
    grace days of the setting (0: it stays expired). CannotReturn where there is no such redemption or it was given
    back before under another key.
    """
    used = Event.objects.filter(idempotency_key=idempotency_key_of_redeem, kind=Event.Kind.REDEEMED).first()
    if used is None:
        raise CannotReturn(_("There is no such use of a coupon."))
    coupon = _lock_coupon(used.coupon_id)
    earlier = Event.objects.filter(Q(idempotency_key=idempotency_key) | Q(reverses=used)).first()
    if earlier is not None:
        if earlier.idempotency_key == idempotency_key:
            return earlier
        raise CannotReturn(_("This coupon was given back before."))
    coupon.status = Coupon.Status.ISSUED
    coupon.uses_left += 1
    grace = settings.value(RETURN_GRACE_DAYS, at)
    if at >= coupon.valid_until and grace:
        coupon.valid_until = end_of(local_day(at) + timedelta(days=grace))
    coupon.save(update_fields=["status", "uses_left", "valid_until"])
    return Event.objects.create(
        coupon=coupon,
        kind=Event.Kind.RETURNED,
        amount=-used.amount,
        valid_until=coupon.valid_until,
        source=used.source,
        idempotency_key=idempotency_key,
        occurred_at=at,
        store=store,
        actor=actor,
        reverses=used,
    )


def _lock_coupon(coupon_id: int) -> Coupon:
    """The member's lock, then the coupon's. A coupon's member never changes once it is set."""
    coupon = Coupon.objects.only("member_id").get(pk=coupon_id)
    if coupon.member_id is not None:
        lock_member(coupon.member_id)
    return Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)


@joining_atomic
def void(
    *, coupon_id: int, reason: str, idempotency_key: str, at: datetime, store: Store | None, actor: Staff | None
) -> Event:
    """Withdraw a coupon that was not used, with an audit row; CannotVoid for one that was, or that is void already."""
    coupon = _lock_coupon(coupon_id)
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
