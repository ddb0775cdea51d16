"""Paid tiers sold at the till, mistaken sales undone, refunds paid: money that moves, but no sale (R-T10, R-C12)."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import tiers.services.memberships as paid_tiers
import wallet.services
from audit.services import Result, run_command
from checkout.models import Order, TenderKind, TierSale, TierSaleVoid, Till
from checkout.services.basket import check_member
from checkout.services.contracts import (
    check_drawer,
    check_money,
    check_void,
    give_back_to_wallet,
    pay_from_wallet,
    receipt_of,
    wallet_key,
)
from checkout.services.errors import CannotVoid
from checkout.services.payouts import record_payout
from checkout.services.tills import lock_open_shift
from core import audit
from core.money import ZERO
from members.models import Member
from members.services import hold_member
from stores.models import Staff, Store
from tiers.models import Membership, MembershipRefund
from tiers.selectors.memberships import get_refund

PREFIX = "tier-sale"


def sell_tier(
    *,
    key: UUID,
    till: Till,
    member_id: int,
    plan_id: int,
    price: Decimal,
    how: str,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None = None,
) -> int:
    """Sell a paid tier at the price that was shown, by one tender, and return the sale's id.

    ``how`` says whether time that is left is appended to or converted (``tiers.services.memberships``). The price takes
    no discount, coupon, points or rounding, earns no points and counts for no tier (R-P1, R-T1). Stored value may pay
    it (``pin_proof`` above the day's limit, R-W10), a count pass may not. Only cash may be more than the price.
    Refusals: InvalidTender, NoShift, MemberNotUsable and those of paid tiers and stored value; nothing moves then.
    """
    content = {
        "till": till.pk,
        "member": member_id,
        "plan": plan_id,
        "price": price,
        "how": how,
        "kind": kind,
        "received": received,
    }

    def execute() -> Result:
        check_money(price, kind, received)
        shift = lock_open_shift(till.pk)
        with hold_member(member_id) as member:
            check_member(member)
            sale = _sell(key, till, shift.pk, member, plan_id, price, how, kind, received, actor, at, pin_proof)
        audit.record(
            "membership.sold",
            actor=actor,
            subject=f"member:{member_id}",
            at=at,
            store=till.store,
            membership=sale.membership_id,
            price=str(price),
            how=how,
        )
        return {"sale": sale.pk}

    result = run_command(name="checkout.tier_sale", key=key, content=content, actor=actor, execute=execute)
    return int(result["sale"])


def _sell(
    key: UUID,
    till: Till,
    shift_id: int,
    member: Member,
    plan_id: int,
    price: Decimal,
    how: str,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None,
) -> TierSale:
    where: dict[str, Any] = {"at": at, "store": till.store, "actor": actor}
    sold = paid_tiers.sell_membership(
        plan_id=plan_id,
        member_id=member.pk,
        price=price,
        tender=kind,
        how=how,
        idempotency_key=f"{PREFIX}:{key}",
        **where,
    )
    bonus = ZERO
    if kind == TenderKind.WALLET:
        bonus = pay_from_wallet(
            prefix=PREFIX,
            key=key,
            subject_id=sold.pk,
            member_id=member.pk,
            price=price,
            pin_proof=pin_proof,
            **where,
        )
    return TierSale.objects.create(
        command_key=key,
        store=till.store,
        till=till,
        shift_id=shift_id,
        staff=actor,
        member=member,
        membership_id=sold.pk,
        plan_name=sold.name,
        price=price,
        kind=kind,
        received=received,
        wallet_bonus=bonus,
        business_on=till.store.business_day(at),
        occurred_at=at,
        receipt=_receipt(till, member, sold, kind, received, bonus, actor, at),
    )


def _receipt(
    till: Till,
    member: Member,
    sold: Membership,
    kind: str,
    received: Decimal,
    bonus: Decimal,
    actor: Staff,
    at: datetime,
) -> dict[str, Any]:
    """The receipt as printed: the level, its days, and what was converted into it."""
    return {
        **receipt_of(
            till=till,
            member=member,
            name=sold.name,
            price=sold.price,
            kind=kind,
            received=received,
            bonus=bonus,
            actor=actor,
            at=at,
        ),
        "tier": sold.tier.name,
        "months": sold.months,
        "first_day": sold.first_day.isoformat(),
        "last_day": sold.last_day.isoformat(),
        "credit": str(sold.credit),
    }


def void_tier_sale(*, key: UUID, sale_id: int, till: Till, reason: str, actor: Staff, at: datetime) -> int:
    """Undo a mistaken sale of a paid tier: same day, same store, unused. Returns the void's id.

    Used is a tier as soon as an order was made after it, or a gift that came with it. The money leaves the drawer of
    ``till``, or goes back to the stored value that it came from. CannotVoid, or the refusal of paid tiers in words.
    """
    reason = reason.strip()

    def execute() -> Result:
        shift = lock_open_shift(till.pk)
        sale = TierSale.objects.select_related("store").get(pk=sale_id)
        where: dict[str, Any] = {"at": at, "store": till.store, "actor": actor}
        with hold_member(sale.member_id):
            check_void(
                sale,
                till,
                reason,
                is_voided=TierSaleVoid.objects.filter(sale=sale).exists(),
                elsewhere=_("A tier can be taken back only at the store that sold it."),
            )
            since = Order.objects.filter(
                member_id=sale.member_id, occurred_at__gte=sale.occurred_at, voided_at__isnull=True
            )
            if since.exists():
                raise CannotVoid(_("The member has bought with the tier; the purchase can only be refunded."))
            give_back_to_wallet(prefix=PREFIX, sale=sale, subject_id=sale.pk, **where)
            paid_tiers.void_membership(
                membership_id=sale.membership_id,
                reason=reason,
                idempotency_key=f"{PREFIX}-void:{sale.pk}:tier",
                **where,
            )
            void = TierSaleVoid.objects.create(
                sale=sale,
                store=till.store,
                shift=shift,
                actor=actor,
                reason=reason[:200],
                business_on=till.store.business_day(at),
                occurred_at=at,
            )
        return {"void": void.pk}

    content = {"sale": sale_id, "till": till.pk, "reason": reason}
    result = run_command(name="checkout.tier_sale_void", key=key, content=content, actor=actor, execute=execute)
    return int(result["void"])


def pay_tier_refund(*, key: UUID, refund_id: int, till: Till | None, actor: Staff, at: datetime) -> None:
    """Pay an approved refund of a paid tier: each part the way it came, stored value there, the rest from the drawer.

    What stored value had paid never leaves as cash (R-C6, invariant 13). Refusals: InvalidTender (cash without a till,
    or at another store), NoShift, CannotPayOut (too little in the drawer), and paid before; nothing moves then.
    """

    def execute() -> Result:
        refund = get_refund(refund_id)
        has_cash = refund.in_cash > ZERO
        if has_cash:
            check_drawer(till, refund.store_id)
        # Till, then member, then what is below: the order in which every use case of the till locks.
        shift = lock_open_shift(till.pk) if has_cash and till is not None else None
        with hold_member(refund.membership.member_id):
            paid = paid_tiers.mark_refund_paid(refund_id=refund_id, actor=actor, at=at, store=refund.store)
            _refund_to_wallet(paid, refund.store, actor, at)
            if till is not None and shift is not None:
                record_payout(
                    shift=shift,
                    till=till,
                    member_id=refund.membership.member_id,
                    source=f"tier_refund:{refund_id}",
                    amount=paid.in_cash,
                    actor=actor,
                    at=at,
                )
        return {"refund": refund_id}

    content = {"refund": refund_id, "till": None if till is None else till.pk}
    run_command(name="checkout.tier_refund", key=key, content=content, actor=actor, execute=execute)


def _refund_to_wallet(refund: MembershipRefund, store: Store, actor: Staff, at: datetime) -> None:
    for purchase, tender, amount in refund.parts:
        if tender != TenderKind.WALLET:
            continue
        sale = TierSale.objects.get(membership_id=purchase)
        wallet.services.refund(
            idempotency_key_of_original=wallet_key(PREFIX, sale.command_key),
            idempotency_key=f"tier-refund:{refund.pk}:wallet:{purchase}",
            amount=Decimal(amount),
            source=f"tier_refund:{refund.pk}",
            at=at,
            store=store,
            actor=actor,
        )
