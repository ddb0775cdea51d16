"""Selling a paid tier, renewing it, changing it for another offer, and taking a mistaken sale back (R-T10)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from core import audit, days
from core.database import joining_atomic
from core.money import ZERO
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Membership, PaidPlan, Reason
from tiers.rules import paid
from tiers.selectors.memberships import APPEND, HOW, Purchase, list_running, lock_membership, purchase_of
from tiers.services.memberships.issued import take_back_issued
from tiers.services.memberships.posting import (
    MembershipNotVoidable,
    NotSellable,
    OfferChanged,
    Status,
    key_reused,
    require_active,
    settle,
)


@joining_atomic
def sell_membership(
    *,
    plan_id: int,
    member_id: int,
    price: Decimal,
    tender: str,
    how: str,
    idempotency_key: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
) -> Membership:
    """Give a member a paid level at the price that was shown; once per key.

    It starts with the payment. Where the member has the level already, ``how`` says whether the purchase is appended
    to the old end (a renewal is never reckoned from today) or starts at once, longer by what the days left convert
    into by the ratio of the prices. Another level of the same card starts at once and can only be converted into.
    The price earns no points and no progress. OfferChanged, NotSellable; nothing is written then.
    """
    member = lock_member(member_id)
    before = Membership.objects.filter(idempotency_key=idempotency_key).first()
    if before is not None:
        if (before.member_id, before.plan_id, before.price, before.tender) != (member_id, plan_id, price, tender):
            raise key_reused()
        return before
    require_active(member)
    plan = _offered(plan_id, price)
    running = list_running(member_id=member_id, track_id=plan.tier.track_id, at=at)
    purchase = _purchase(plan, running, how, at)
    is_append = bool(running) and purchase.how == APPEND
    brought = _credits(purchase)
    sold = Membership.objects.create(
        member=member,
        tier=plan.tier,
        plan=plan,
        name=plan.name,
        months=plan.months,
        price=plan.price,
        tender=tender,
        credit=sum((amount for _of, _tender, amount in brought), ZERO),
        credits=[[of, by, str(amount)] for of, by, amount in brought],
        anchor_day=purchase.anchor,
        starts_at=running[-1].ends_at if is_append else at,
        ends_at=days.end_of(purchase.term.last),
        idempotency_key=idempotency_key,
        store=store,
        actor=actor,
        bought_at=at,
    )
    if not is_append:
        Membership.objects.filter(pk__in=[one.pk for one in running]).update(
            status=Status.CONVERTED, closed_at=at, converted_into=sold
        )
    goes_on = bool(running) and running[0].tier_id == plan.tier_id
    settle(
        member_id=member_id,
        track_id=plan.tier.track_id,
        reason=Reason.RENEWED if goes_on else Reason.PURCHASED,
        source=f"membership:{sold.pk}",
        at=at,
        store=store,
        actor=actor,
    )
    return sold


def _offered(plan_id: int, price: Decimal) -> PaidPlan:
    plan = PaidPlan.objects.select_related("tier").filter(pk=plan_id, is_active=True).first()
    if plan is None or plan.tier.retired_at is not None:
        raise OfferChanged(_("This tier is not offered any more."))
    if plan.price != price:
        raise OfferChanged(_("The offer has changed; it now costs ¥%(price)s.") % {"price": plan.price})
    return plan


def _purchase(plan: PaidPlan, running: Sequence[Membership], how: str, at: datetime) -> Purchase:
    """The days that the purchase covers and what it takes over; NotSellable where it cannot be made that way."""
    if how not in HOW:
        raise NotSellable(_("Choose whether the time is appended or converted."))
    found = purchase_of(plan, running, how, days.local_day(at))
    if found is not None:
        return found
    if how == APPEND:
        raise NotSellable(
            _("The member has %(tier)s; another tier of the card starts at once and converts what is left.")
            % {"tier": running[-1].tier.label}
        )
    raise NotSellable(_("What is left would last too long on this offer; append it instead."))


def _credits(purchase: Purchase) -> list[tuple[int, str, Decimal]]:
    """What each payment behind the converted purchases brings along, so that a refund finds its way back (R-C6)."""
    found: list[tuple[int, str, Decimal]] = []
    for one, remainder in zip(purchase.running, purchase.remainders, strict=False):
        shares = paid.split(remainder.credit, [amount for _of, _tender, amount in one.sources])
        found += [(of, tender, share) for (of, tender, _whole), share in zip(one.sources, shares, strict=True) if share]
    return found


@joining_atomic
def void_membership(
    *, membership_id: int, reason: str, idempotency_key: str, at: datetime, store: Store, actor: Staff | None
) -> Membership:
    """Take a mistaken sale back: the same day at the same store, while nothing follows it and nothing of it was used.

    What it had converted stands again as it was. MembershipNotVoidable otherwise; a used one is refunded. That no
    order was priced with it, and giving the money back, are the caller's. The same sale again changes nothing.
    """
    lock_member(Membership.objects.get(pk=membership_id).member_id)
    sold = lock_membership(membership_id)
    if sold.status == Status.VOIDED:
        return sold
    if sold.status != Status.ACTIVE:
        raise MembershipNotVoidable(_("This purchase was refunded or converted."))
    if sold.store_id != store.pk:
        raise MembershipNotVoidable(_("A tier can be taken back only at the store that sold it."))
    if days.local_day(sold.bought_at) != days.local_day(at):
        raise MembershipNotVoidable(_("A sale of another day is not voided but refunded."))
    running = list_running(member_id=sold.member_id, track_id=sold.tier.track_id, at=at)
    if not running or running[-1].pk != sold.pk:
        raise MembershipNotVoidable(_("A later purchase follows this one; void that one first."))
    take_back_issued(sold, is_void=True, at=at, store=store, actor=actor)
    sold.status, sold.closed_at = Status.VOIDED, at
    sold.save(update_fields=["status", "closed_at"])
    Membership.objects.filter(converted_into=sold).update(status=Status.ACTIVE, closed_at=None, converted_into=None)
    settle(
        member_id=sold.member_id,
        track_id=sold.tier.track_id,
        reason=Reason.REFUNDED,
        source=f"membership:{sold.pk}",
        at=at,
        store=store,
        actor=actor,
        memo=reason[:500],
    )
    audit.record(
        "membership.voided",
        actor=actor,
        subject=f"membership:{sold.pk}",
        at=at,
        store=store,
        reason=reason,
        key=idempotency_key,
    )
    return sold
