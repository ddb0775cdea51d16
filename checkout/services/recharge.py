"""Stored value sold at the till: principal and bonus as one package, not revenue but money in the drawer (R-C12)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import coupons.services
import gifts.selectors
import gifts.services
import tiers.selectors
import tiers.services
import wallet.selectors
import wallet.services
from audit.services import Result, run_command
from checkout.models import RechargeSale, RechargeVoid, Shift, TenderKind, Till
from checkout.selectors.recharge_coupons import list_recharge_coupons
from checkout.services.basket import check_member
from checkout.services.errors import CannotVoid, InvalidTender
from checkout.services.tills import lock_open_shift
from core import audit, settings
from core.money import CENT, ZERO
from coupons.rules import CouponTerms
from gifts.models import Grant
from gifts.selectors import Terms
from members.models import Member
from members.services import hold_member
from stores.models import Staff
from wallet.services import Payer

#: Ways in which stored value cannot be bought: it would pay for itself.
NOT_FOR_RECHARGES = (TenderKind.WALLET, TenderKind.PASS)


class PlanChanged(InvalidTender):
    """The plan is not what the customer was shown; show it again."""


class NotRechargeable(InvalidTender):
    """A tier that the member holds (a gift card, say) takes no recharges (checklist M14)."""


@dataclass(frozen=True)
class _Asked:
    """What the cashier sent."""

    key: UUID
    till: Till
    member_id: int
    amount: Decimal
    plan_id: int | None
    plan_version: int | None
    kind: str
    received: Decimal
    as_shown: bool
    payer: Payer | None
    coupon_id: int | None
    actor: Staff
    at: datetime


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
    plan_version: int | None = None,
    as_shown: bool = False,
    payer: Payer | None = None,
    coupon_id: int | None = None,
) -> int:
    """Sell stored value and return the sale's id.

    With ``plan_id`` the amount is at least the plan's; without one it takes the best single plan that it reaches, or
    none (R-W12). ``plan_version`` is the one that the customer was shown; ``as_shown`` says that the screen named
    ``plan_id``, or no plan at all, for a free amount, and any other best plan is PlanChanged. ``received`` may exceed
    the amount for cash only. Everything that comes with the plan is one package; the principal and growth points
    count for tiers (R-T1). ``coupon_id`` is a coupon of the member for recharges: its amount is more bonus money of
    the same recharge, which a void gives back and a refund settles with the rest of the bonus. Refusals: InvalidTender,
    PlanChanged, NoShift, MemberNotUsable and those of wallet, gifts and coupons; nothing moves then.
    """
    asked = _Asked(
        key, till, member_id, amount, plan_id, plan_version, kind, received, as_shown, payer, coupon_id, actor, at
    )
    content = {
        "till": till.pk,
        "member": member_id,
        "amount": amount,
        "plan": plan_id,
        "version": plan_version,
        "as_shown": as_shown,
        "kind": kind,
        "received": received,
        "coupon": coupon_id,
        # The end of the document's number is enough to tell contents apart; no digest of the whole is kept.
        "payer": None if payer is None else [payer.kind, payer.name, payer.id_kind, payer.id_number[-4:]],
    }
    result = run_command(
        name="checkout.recharge", key=key, content=content, actor=actor, execute=lambda: _recharge(asked)
    )
    return int(result["recharge"])


def _recharge(asked: _Asked) -> Result:
    _check_money(asked)
    shift = lock_open_shift(asked.till.pk)
    with hold_member(asked.member_id) as member:
        check_member(member)
        _check_tiers(asked)
        sale = _sell(asked, shift, member, _terms(asked), _coupon(asked, member))
    audit.record(
        "recharge.sold",
        actor=asked.actor,
        subject=f"member:{asked.member_id}",
        at=asked.at,
        store=asked.till.store,
        recharge=sale.recharge_id,
        principal=str(sale.principal),
        bonus=str(sale.bonus),
    )
    return {"recharge": sale.pk}


def _check_tiers(asked: _Asked) -> None:
    tier = tiers.selectors.get_benefits(member_id=asked.member_id, at=asked.at).not_rechargeable_by
    if tier:
        raise NotRechargeable(_("A member with the tier %(tier)s cannot recharge.") % {"tier": tier})


def _check_money(asked: _Asked) -> None:
    amount, received = asked.amount, asked.received
    if asked.kind not in TenderKind.values or asked.kind in NOT_FOR_RECHARGES:
        raise InvalidTender(_("Stored value cannot be bought this way."))
    for figure in (amount, received):
        if not figure.is_finite() or figure <= 0 or figure != figure.quantize(CENT):
            raise InvalidTender(_("Each amount must be above 0 with at most two decimals."))
    if received < amount:
        raise InvalidTender(_("¥%(missing)s are still missing.") % {"missing": amount - received})
    if received > amount and asked.kind != TenderKind.CASH:
        raise InvalidTender(_("The tenders are ¥%(excess)s above the amount due.") % {"excess": received - amount})


def _terms(asked: _Asked) -> Terms | None:
    """The plan that this recharge gets, judged under the member's lock."""
    offers = gifts.selectors.list_offers(store=asked.till.store, member_id=asked.member_id, at=asked.at)
    if asked.plan_id is None or asked.as_shown:
        best = gifts.selectors.best_offer(offers, asked.amount)
        if asked.as_shown and (best.plan.pk if best else None) != asked.plan_id:
            raise PlanChanged(_("This amount gets other gifts than were shown. Show them to the customer."))
        if best is None or not asked.as_shown:
            return None if best is None else best.terms
    offer = next((one for one in offers if one.plan.pk == asked.plan_id), None)
    if offer is None:
        raise PlanChanged(_("This plan is not offered any more."))
    if offer.refusal:
        raise gifts.services.PlanNotOffered(offer.refusal)
    if asked.plan_version is not None and offer.plan.version != asked.plan_version:
        raise PlanChanged(_("The plan has changed; show the customer what it gives now."))
    if offer.plan.amount > asked.amount:
        raise PlanChanged(_("The plan has changed; it now costs ¥%(amount)s.") % {"amount": offer.plan.amount})
    return offer.terms


def _coupon(asked: _Asked, member: Member) -> CouponTerms | None:
    """The coupon that the cashier ticked, judged under the member's lock."""
    if asked.coupon_id is None:
        return None
    offered = list_recharge_coupons(store=asked.till.store, member=member, amount=asked.amount, at=asked.at)
    chosen = next((one for one in offered if one.terms.coupon_id == asked.coupon_id), None)
    if chosen is None:
        raise InvalidTender(_("This coupon cannot be used for the recharge any more."))
    if chosen.refusal:
        raise InvalidTender(f"{chosen.terms.name}: {chosen.refusal}")
    return chosen.terms


def _sell(asked: _Asked, shift: Shift, member: Member, terms: Terms | None, coupon: CouponTerms | None) -> RechargeSale:
    at, store = asked.at, asked.till.store
    where: dict[str, Any] = {"at": at, "store": store, "actor": asked.actor}
    plan = None if terms is None else terms.plan
    made = wallet.services.recharge(
        member_id=member.pk,
        principal=asked.amount,
        bonus=(plan.bonus if plan else ZERO) + (coupon.amount if coupon else ZERO),
        plan=terms.snapshot() if terms else None,
        bonus_expires_at=plan.bonus_expires_at(at) if plan else None,
        source=f"till:{asked.till.pk}",
        idempotency_key=f"recharge:{asked.key}:wallet",
        payer=asked.payer,
        tender=asked.kind,
        **where,
    )
    grant = None
    if terms is not None:
        grant = gifts.services.give_package(
            terms=terms,
            member_id=member.pk,
            recharge_id=made.pk,
            idempotency_key=f"recharge:{asked.key}",
            **where,
        )
    source = f"recharge:{made.pk}"
    if coupon is not None:
        coupons.services.redeem(
            coupon_id=coupon.coupon_id,
            member_id=member.pk,
            amount=coupon.amount,
            source=source,
            idempotency_key=f"recharge:{asked.key}:coupon",
            **where,
        )
    tiers.services.record_progress(
        member_id=member.pk,
        metrics={"recharge": asked.amount, "growth": Decimal(plan.growth if plan else 0)},
        business_on=store.business_day(at),
        source=source,
        idempotency_key=f"recharge:{asked.key}:progress",
        **where,
    )
    change = tiers.services.reevaluate(member_id=member.pk, source=source, business_on=store.business_day(at), **where)
    return RechargeSale.objects.create(
        command_key=asked.key,
        store=store,
        till=asked.till,
        shift=shift,
        staff=asked.actor,
        member=member,
        recharge_id=made.pk,
        plan_name=plan.name if plan else "",
        principal=asked.amount,
        bonus=made.bonus,
        points=plan.points if plan else 0,
        kind=asked.kind,
        received=asked.received,
        business_on=store.business_day(at),
        occurred_at=at,
        receipt={
            **_receipt(asked, member, terms, grant),
            "bonus": str(made.bonus),
            "coupon": None if coupon is None else {"name": coupon.name, "amount": str(coupon.amount)},
            "bonus_until": None if made.bonus_last_day is None else made.bonus_last_day.isoformat(),
            "contract_version": made.contract_version,
            "new_tier": None if change is None else change.to_tier.name,
        },
    )


def _receipt(asked: _Asked, member: Member, terms: Terms | None, grant: Grant | None) -> dict[str, Any]:
    """The receipt as printed: what was paid and given, the balance after it, and the terms that hold for it."""
    store, plan = asked.till.store, None if terms is None else terms.plan
    stored = wallet.selectors.get_balance(member_id=member.pk, at=asked.at)
    return {
        "store": {"name": store.name, "address": store.address, "phone": store.phone},
        "till": asked.till.name,
        "cashier": str(asked.actor),
        "sold_at": asked.at.isoformat(),
        "member": {"number": member.number, "name": member.name, "phone": member.masked_phone},
        "plan": plan.name if plan else "",
        "principal": str(asked.amount),
        "points": plan.points if plan else 0,
        "growth": plan.growth if plan else 0,
        "coupons": [{"name": one.name, "count": one.count} for one in terms.coupons] if terms else [],
        "goods": [
            {"name": one.name, "quantity": f"{one.quantity.normalize():f}"} for one in (terms.goods if terms else ())
        ],
        "package": None if grant is None else grant.pk,
        "kind": asked.kind,
        "received": str(asked.received),
        "change": str(asked.received - asked.amount),
        "wallet_principal": str(stored.principal),
        "wallet_bonus": str(stored.bonus),
        "terms": str(settings.value("wallet.contract_terms", asked.at)),
    }


def void_recharge_sale(
    *,
    key: UUID,
    sale_id: int,
    till: Till,
    reason: str,
    actor: Staff,
    at: datetime,
    goods_returned: bool = False,
) -> int:
    """Undo a mistaken recharge (R-W5): same day, same store, unused; its package and the tier metrics go back too.

    Returns the void's id. The money leaves the drawer of ``till``. ``goods_returned``: the cashier has taken back what
    was handed over. CannotVoid, or the refusal of wallet or gifts in words; then it is a matter of a refund (R-W6).
    """
    result = run_command(
        name="checkout.recharge_void",
        key=key,
        content={"sale": sale_id, "till": till.pk, "reason": reason, "goods_returned": goods_returned},
        actor=actor,
        execute=lambda: _void(sale_id, till, reason.strip(), actor, at, goods_returned=goods_returned),
    )
    return int(result["void"])


def _void(sale_id: int, till: Till, reason: str, actor: Staff, at: datetime, *, goods_returned: bool) -> Result:
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
        # The package first: what was used of it is read from the lots that the wallet empties next.
        gifts.services.take_back_package(
            recharge_id=sale.recharge_id,
            idempotency_key=f"recharge-void:{sale.pk}",
            goods_returned=goods_returned,
            **where,
        )
        wallet.services.void_recharge(
            recharge_id=sale.recharge_id, idempotency_key=f"recharge-void:{sale.pk}:wallet", reason=reason, **where
        )
        holder = tiers.services.reverse_progress(
            idempotency_key_of_original=f"recharge:{sale.command_key}:progress",
            idempotency_key=f"recharge-void:{sale.pk}:progress",
            **where,
        )
        tiers.services.reevaluate(member_id=holder or sale.member_id, source=f"recharge:{sale.recharge_id}", **where)
        if sale.receipt.get("coupon"):
            coupons.services.return_redeemed(
                idempotency_key_of_redeem=f"recharge:{sale.command_key}:coupon",
                idempotency_key=f"recharge-void:{sale.pk}:coupon",
                **where,
            )
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
