"""Stored value sold at the till: principal and bonus as one package, not revenue but money in the drawer (R-C12)."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import gifts.selectors
import points.services
import tiers.services
import wallet.selectors
import wallet.services
from audit.services import Result, run_command
from checkout.models import RechargeSale, RechargeVoid, Shift, TenderKind, Till
from checkout.services.basket import check_member
from checkout.services.errors import CannotVoid, InvalidTender
from checkout.services.tills import lock_open_shift
from core import audit
from core.money import CENT, ZERO
from gifts.models import RechargePlan
from members.models import Member
from members.services import hold_member
from stores.models import Staff

#: No single recharge above this; the law's limits on balances are the wallet's (R-W4).
MAXIMUM = Decimal("50000.00")


def recharge_at_till(
    *,
    key: UUID,
    till: Till,
    member_id: int,
    amount: Decimal,
    plan_id: int | None,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
) -> int:
    """Sell stored value and return the sale's id.

    With ``plan_id`` the amount must be the plan's; a free amount takes the best single plan that it reaches, or none
    (R-W12). ``received`` may exceed the amount for cash only. Points of the plan are a gift; the principal counts
    for tiers (R-T1). Refusals: InvalidTender, NoShift, MemberNotUsable and those of the wallet; nothing moves then.
    """
    content = {
        "till": till.pk,
        "member": member_id,
        "amount": amount,
        "plan": plan_id,
        "kind": kind,
        "received": received,
    }
    result = run_command(
        name="checkout.recharge",
        key=key,
        content=content,
        actor=actor,
        execute=lambda: _recharge(key, till, member_id, amount, plan_id, kind, received, actor, at),
    )
    return int(result["recharge"])


def _recharge(
    key: UUID,
    till: Till,
    member_id: int,
    amount: Decimal,
    plan_id: int | None,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
) -> Result:
    _check_money(amount, kind, received)
    shift = lock_open_shift(till.pk)
    plan = _plan(till, amount, plan_id, at)
    with hold_member(member_id) as member:
        check_member(member)
        sale = _sell(key, till, shift, member, amount, plan, kind, received, actor, at)
    audit.record(
        "recharge.sold",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=till.store,
        recharge=sale.recharge_id,
        principal=str(sale.principal),
        bonus=str(sale.bonus),
    )
    return {"recharge": sale.pk}


def _check_money(amount: Decimal, kind: str, received: Decimal) -> None:
    if kind not in TenderKind.values or kind == TenderKind.WALLET:
        raise InvalidTender(_("Stored value cannot be bought this way."))
    for figure in (amount, received):
        if not figure.is_finite() or figure <= 0 or figure != figure.quantize(CENT):
            raise InvalidTender(_("Each amount must be above 0 with at most two decimals."))
    if amount > MAXIMUM:
        raise InvalidTender(_("A recharge can be at most ¥%(most)s.") % {"most": MAXIMUM})
    if received < amount:
        raise InvalidTender(_("¥%(missing)s are still missing.") % {"missing": amount - received})
    if received > amount and kind != TenderKind.CASH:
        raise InvalidTender(_("The tenders are ¥%(excess)s above the amount due.") % {"excess": received - amount})


def _plan(till: Till, amount: Decimal, plan_id: int | None, at: datetime) -> RechargePlan | None:
    if plan_id is None:
        return gifts.selectors.best_plan(amount=amount, store=till.store, at=at)
    plans = gifts.selectors.list_plans_for(store=till.store, at=at)
    plan = next((one for one in plans if one.pk == plan_id), None)
    if plan is None:
        raise InvalidTender(_("This plan is not offered any more."))
    if plan.amount != amount:
        raise InvalidTender(_("The plan has changed; it now costs ¥%(amount)s.") % {"amount": plan.amount})
    return plan


def _sell(
    key: UUID,
    till: Till,
    shift: Shift,
    member: Member,
    amount: Decimal,
    plan: RechargePlan | None,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
) -> RechargeSale:
    where: dict[str, Any] = {"at": at, "store": till.store, "actor": actor}
    made = wallet.services.recharge(
        member_id=member.pk,
        principal=amount,
        bonus=plan.bonus if plan else ZERO,
        plan=plan.snapshot() if plan else None,
        bonus_expires_at=plan.bonus_expires_at(at) if plan else None,
        source=f"till:{till.pk}",
        idempotency_key=f"recharge:{key}:wallet",
        **where,
    )
    source = f"recharge:{made.pk}"
    if plan and plan.points:
        points.services.earn(
            member_id=member.pk,
            points=plan.points,
            kind="gift",
            source=source,
            idempotency_key=f"recharge:{key}:points",
            **where,
        )
    tiers.services.record_progress(
        member_id=member.pk,
        metrics={"recharge": amount},
        business_on=till.store.business_day(at),
        source=source,
        idempotency_key=f"recharge:{key}:progress",
        **where,
    )
    change = tiers.services.reevaluate(member_id=member.pk, source=source, **where)
    stored = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return RechargeSale.objects.create(
        command_key=key,
        store=till.store,
        till=till,
        shift=shift,
        staff=actor,
        member=member,
        recharge_id=made.pk,
        plan_name=plan.name if plan else "",
        principal=amount,
        bonus=made.bonus,
        points=plan.points if plan else 0,
        kind=kind,
        received=received,
        business_on=till.store.business_day(at),
        occurred_at=at,
        receipt={
            "store": {"name": till.store.name, "address": till.store.address, "phone": till.store.phone},
            "till": till.name,
            "cashier": str(actor),
            "sold_at": at.isoformat(),
            "member": {"number": member.number, "name": member.name, "phone": member.masked_phone},
            "plan": plan.name if plan else "",
            "principal": str(amount),
            "bonus": str(made.bonus),
            "points": plan.points if plan else 0,
            "kind": kind,
            "received": str(received),
            "change": str(received - amount),
            "wallet_principal": str(stored.principal),
            "wallet_bonus": str(stored.bonus),
            "new_tier": None if change is None else change.to_tier.name,
        },
    )


def void_recharge_sale(*, key: UUID, sale_id: int, till: Till, reason: str, actor: Staff, at: datetime) -> int:
    """Undo a mistaken recharge (R-W5): same day, same store, unused; bonus, points and tier metric go back too.

    Returns the void's id. The money leaves the drawer of ``till``. CannotVoid, or the wallet's refusal in words.
    """
    result = run_command(
        name="checkout.recharge_void",
        key=key,
        content={"sale": sale_id, "till": till.pk, "reason": reason},
        actor=actor,
        execute=lambda: _void(sale_id, till, reason.strip(), actor, at),
    )
    return int(result["void"])


def _void(sale_id: int, till: Till, reason: str, actor: Staff, at: datetime) -> Result:
    shift = lock_open_shift(till.pk)
    sale = RechargeSale.objects.select_related("store").get(pk=sale_id)
    if not reason:
        raise CannotVoid(_("Say why the recharge is voided."))
    if sale.store_id != till.store_id:
        raise CannotVoid(_("A recharge can be voided only at the store where it was made."))
    where: dict[str, Any] = {"at": at, "store": till.store, "actor": actor}
    with hold_member(sale.member_id):
        if RechargeVoid.objects.filter(sale=sale).exists():
            raise CannotVoid(_("This recharge was voided before."))
        wallet.services.void_recharge(
            recharge_id=sale.recharge_id, idempotency_key=f"recharge-void:{sale.pk}:wallet", reason=reason, **where
        )
        keys = [
            (f"recharge:{sale.command_key}:{step}", f"recharge-void:{sale.pk}:{step}")
            for step in ("points", "progress")
        ]
        if sale.points:
            points.services.reverse(idempotency_key_of_original=keys[0][0], idempotency_key=keys[0][1], **where)
        tiers.services.reverse_progress(idempotency_key_of_original=keys[1][0], idempotency_key=keys[1][1], **where)
        tiers.services.reevaluate(member_id=sale.member_id, source=f"recharge:{sale.recharge_id}", **where)
        void = RechargeVoid.objects.create(
            sale=sale,
            store=till.store,
            shift=shift,
            actor=actor,
            reason=reason[:200],
            business_on=till.store.business_day(at),
            occurred_at=at,
        )
    return {"void": void.pk}
