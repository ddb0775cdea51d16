"""The undoing of a whole order: every ledger goes back by new opposite entries; nothing is edited (invariant 6)."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import campaigns.services
import coupons.services
import passes.services
import points.services
import tiers.services
import wallet.services
from audit.services import Result, run_command
from checkout.models import Basket, Order, Payment, Till, Void
from checkout.services.errors import CannotVoid
from checkout.services.tills import lock_open_shift
from core import audit
from core.money import ZERO
from jobs.services import enqueue_on_commit
from members.services import hold_member
from stores.models import Staff


def void_order(*, key: UUID, order_id: int, till: Till, reason: str, actor: Staff, at: datetime) -> int:
    """Put back money, points, stored value, coupons and tier progress of an order; return the void's id.

    The money leaves the drawer of ``till``, which needs an open shift in the order's store; takings of the day of the
    sale do not change, the void counts on its own day. CannotVoid for an order that was voided before, is not one
    of the counter, or belongs to another store; a reason is needed.
    """
    content = {"order": order_id, "till": till.pk, "reason": reason}
    result = run_command(
        name="checkout.void",
        key=key,
        content=content,
        actor=actor,
        execute=lambda: _void(order_id, till, reason.strip(), actor, at),
    )
    return int(result["void"])


def _void(order_id: int, till: Till, reason: str, actor: Staff, at: datetime) -> Result:
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    if not reason:
        raise CannotVoid(_("Say why the order is voided."))
    if order.voided_at is not None:
        raise CannotVoid(_("This order was voided before."))
    if order.channel != Order.Channel.COUNTER or order.store_id != till.store_id:
        raise CannotVoid(_("Only orders of this store's counter can be voided here."))
    shift = lock_open_shift(till.pk)
    if order.member_id is None:
        charge = _put_back(order, actor, at)
    else:
        with hold_member(order.member_id):
            charge = _put_back(order, actor, at)
    void = Void.objects.create(
        order=order,
        store=till.store,
        shift=shift,
        actor=actor,
        points_charge=charge,
        reason=reason[:200],
        business_on=till.store.business_day(at),
        occurred_at=at,
    )
    Order.objects.filter(pk=order.pk).update(voided_at=at)
    audit.record(
        "order.voided",
        actor=actor,
        subject=f"order:{order.pk}",
        at=at,
        store=till.store,
        reason=void.reason,
        payable=str(order.payable),
        points_charge=str(charge),
    )
    if order.member_id is not None:
        enqueue_on_commit("tags.retag_member", member_id=order.member_id)
    return {"void": void.pk}


def _coupon_steps(order: Order) -> list[str]:
    """What the sale called each use of a coupon, in the order of use; orders of before several coupons had one."""
    if "coupons" not in order.snapshot:
        return ["coupon"] if order.snapshot.get("coupon") else []
    used = sorted((one["template"], one["id"]) for one in order.snapshot["coupons"])
    return [f"coupon:{coupon_id}" for _template_id, coupon_id in used]


def _put_back(order: Order, actor: Staff, at: datetime) -> Decimal:
    """Opposite entries, named by the sale's own keys. Spent points return before earned ones are taken back (R-P11).

    What the customer has used of the points earned may be kept off the cash that goes back: the amount.
    """
    charge = ZERO
    basket = Basket.objects.get(order=order)
    where: dict[str, Any] = {"at": at, "store": order.store, "actor": actor}

    def keys(step: str) -> tuple[str, str]:
        return f"checkout:{basket.pk}:{step}", f"void:{order.pk}:{step}"

    if order.points_used:
        original, key = keys("points")
        points.services.reverse(idempotency_key_of_original=original, idempotency_key=key, **where)
    if Payment.objects.filter(order=order, kind="wallet").exists():
        original, key = keys("wallet")
        wallet.services.refund(idempotency_key_of_original=original, idempotency_key=key, **where)
    by_pass = order.lines.filter(pass_id__isnull=False).order_by("position").values_list("position", flat=True)
    if undoings := [passes.services.Undoing(*keys(f"pass:{position}")) for position in by_pass]:
        passes.services.undo(undoings=undoings, source=f"order:{order.pk}", **where)
    for step in _coupon_steps(order):
        original, key = keys(step)
        coupons.services.return_redeemed(idempotency_key_of_redeem=original, idempotency_key=key, **where)
    if "reward" in order.snapshot:
        source, key = order.snapshot["reward"], f"void:{order.pk}:reward"
        campaigns.services.take_back_order_reward(source=source, idempotency_key=key, **where)
    if order.points_earned:
        original, key = keys("earned")
        cash = sum((payment.amount for payment in Payment.objects.filter(order=order, kind="cash")), ZERO)
        taken = points.services.claw_back_for_return(
            idempotency_key_of_original=original, remaining_bases=(), idempotency_key=key, cash=cash, **where
        )
        charge = taken.charge
    if order.member_id is not None:
        original, key = keys("progress")
        holder = tiers.services.reverse_progress(idempotency_key_of_original=original, idempotency_key=key, **where)
        tiers.services.reevaluate(member_id=holder or order.member_id, source=f"order:{order.pk}", **where)
    return charge
