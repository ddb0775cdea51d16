"""Using coupons up and giving them back."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Q, Subquery, Value, When
from django.utils.translation import gettext as _

from core import settings
from core.database import joining_atomic
from core.days import end_of, local_day
from core.errors import DomainError
from coupons.models import Coupon, Event
from coupons.rules import CouponTerms, Refusal, may_have_taken, why_not_for, why_not_now
from coupons.selectors import explain, terms_of
from coupons.services import limits
from members.models import Member
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
    """Use a coupon up, or one use of a voucher, for a discount of ``amount``; CouponNotUsable with the reason in words.

    One winner however many tills try: the state moves by one conditional UPDATE, and so do the counters of a limited
    template (R-K4). ``amount`` is what the order really got, at most what the coupon promises (0 for more points); the
    threshold is the price's business (``rules.why_not``). A bearer coupon used by a member is bound to that member, so
    that after a refund nobody else can take it (R-K8). Several coupons of one sale go in order of template and id, so
    that two sales meet limited templates in the same order.
    """
    is_open = member_id is None or lock_member(member_id).status == Member.Status.ACTIVE
    # The second reading knows what a till that was faster did, and a limit that was set at this moment.
    for _reading in range(2):
        coupon = _read(coupon_id, idempotency_key, store)
        if coupon.earlier_event is not None:
            return Event.objects.get(pk=coupon.earlier_event)
        terms = terms_of(coupon)
        if not may_have_taken(terms, amount):
            raise ValueError(f"{amount} is not a discount that coupon {coupon_id} gives")
        refusal = why_not_for(terms, member_id) or why_not_now(terms, at)
        if refusal is None and not is_open:
            refusal = Refusal("member_not_active")
        if refusal is not None:
            raise CouponNotUsable(terms, refusal)
        if _use_up(coupon, member_id, store, at):
            break
    else:
        raise CouponNotUsable(terms, Refusal("used"))
    if reached := limits.take(coupon, member_id, at):
        raise CouponNotUsable(terms, Refusal(reached))
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


def _read(coupon_id: int, idempotency_key: str, store: Store | None) -> Any:
    """The coupon and all that decides about it in one statement, its template's limits held."""
    earlier = Event.objects.filter(idempotency_key=idempotency_key).values("pk")[:1]
    return (
        Coupon.objects.select_related("template", "terms_version", "batch")
        .annotate(
            held=limits.held("template_id"),
            earlier_event=Subquery(earlier),
            store_limit=limits.of_store("template", store),
        )
        .get(pk=coupon_id)
    )


def _use_up(coupon: Any, member_id: int | None, store: Store | None, at: datetime) -> bool:
    """Take one use; False where somebody else was faster, or a limit was set since the coupon was read."""
    usable = Coupon.objects.filter(
        pk=coupon.pk, status=Coupon.Status.ISSUED, valid_from__lte=at, valid_until__gt=at
    ).filter(Q(member_id__isnull=True) | Q(member_id=member_id), limits.still_unlimited(coupon, store))
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
    is_refund: bool = False,
) -> Event | None:
    """Give a used coupon back because its order was voided or, with ``is_refund``, all its goods came back (R-K8).

    It is issued again with the same validity; if that has passed, it is valid through the day of the return plus the
    grace days of its own terms, else of the setting (0: it stays expired). A coupon that is not given back on a refund
    stays used: None. What a void finds was never sold, so that it always gives back. A coupon that was withdrawn
    meanwhile stays void. CannotReturn where there is no such redemption or it was given back before under another key.
    """
    used = Event.objects.filter(idempotency_key=idempotency_key_of_redeem, kind=Event.Kind.REDEEMED).first()
    if used is None:
        raise CannotReturn(_("There is no such use of a coupon."))
    coupon = lock_coupon(used.coupon_id, used.store)
    earlier = Event.objects.filter(Q(idempotency_key=idempotency_key) | Q(reverses=used)).first()
    if earlier is not None:
        if earlier.idempotency_key == idempotency_key:
            return earlier
        raise CannotReturn(_("This coupon was given back before."))
    terms = coupon.terms_version.terms
    if is_refund and not terms.get("returns_on_refund", True):
        return None
    if coupon.status != Coupon.Status.VOID:
        coupon.status = Coupon.Status.ISSUED
    coupon.uses_left += 1
    grace = terms.get("return_grace_days")
    if grace is None:
        grace = settings.value(RETURN_GRACE_DAYS, at)
    if at >= coupon.valid_until and grace:
        coupon.valid_until = end_of(local_day(at) + timedelta(days=grace))
    coupon.save(update_fields=["status", "uses_left", "valid_until"])
    limits.give_back(coupon)
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


def lock_coupon(coupon_id: int, used_in: Store | None = None) -> Any:
    """The holder's lock, then the coupon's, the limits of its template held; ``store_limit`` is that of ``used_in``.

    The holder changes only when a bearer coupon is used and when two members are merged: then the new one's lock.
    """
    held = Coupon.objects.annotate(held=limits.held("template_id")).only("member_id").get(pk=coupon_id)
    if held.member_id is not None:
        lock_member(held.member_id)
    coupon = (
        Coupon.objects.select_related("template", "terms_version")
        .annotate(store_limit=limits.of_store("template", used_in))
        .select_for_update(no_key=True, of=("self",))
        .get(pk=coupon_id)
    )
    if coupon.member_id is not None and coupon.member_id != held.member_id:
        lock_member(coupon.member_id)
    return coupon
