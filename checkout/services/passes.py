"""Count passes sold at the till, mistaken sales undone, and refunds paid: money that moves, but no revenue (R-C12)."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import passes.selectors
import passes.services
import wallet.services
from audit.services import Result, run_command
from checkout.models import PassSale, PassSaleVoid, TenderKind, Till
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
from checkout.services.errors import InvalidTender
from checkout.services.payouts import record_payout
from checkout.services.tills import lock_open_shift
from core import audit
from core.money import ZERO
from members.models import Member
from members.services import hold_member
from stores.models import Staff, Store

PREFIX = "pass-sale"


def sell_pass(
    *,
    key: UUID,
    till: Till,
    member_id: int,
    plan_id: int,
    price: Decimal,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None = None,
) -> int:
    """Sell a pass at the price that was shown, by one tender, and return the sale's id.

    It takes no discount, coupon, points or rounding, earns nothing and counts for no tier: it becomes revenue with its
    uses. Stored value may pay it (``pin_proof`` above the day's limit, R-W10), another pass may not. Only cash may be
    more than the price. Refusals: InvalidTender, NoShift, MemberNotUsable and those of passes and stored value; nothing
    moves then.
    """
    content = {
        "till": till.pk,
        "member": member_id,
        "plan": plan_id,
        "price": price,
        "kind": kind,
        "received": received,
    }

    def execute() -> Result:
        check_money(price, kind, received)
        shift = lock_open_shift(till.pk)
        with hold_member(member_id) as member:
            check_member(member)
            sale = _sell(key, till, shift.pk, member, plan_id, price, kind, received, actor, at, pin_proof)
        audit.record(
            "pass.sold",
            actor=actor,
            subject=f"member:{member_id}",
            at=at,
            store=till.store,
            held=sale.pass_id,
            price=str(price),
        )
        return {"sale": sale.pk}

    result = run_command(name="checkout.pass_sale", key=key, content=content, actor=actor, execute=execute)
    return int(result["sale"])


def _sell(
    key: UUID,
    till: Till,
    shift_id: int,
    member: Member,
    plan_id: int,
    price: Decimal,
    kind: str,
    received: Decimal,
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None,
) -> PassSale:
    where: dict[str, Any] = {"at": at, "store": till.store, "actor": actor}
    held = passes.services.sell(
        plan_id=plan_id,
        member_id=member.pk,
        price=price,
        tender=kind,
        idempotency_key=f"pass-sale:{key}",
        **where,
    )
    bonus = ZERO
    if kind == TenderKind.WALLET:
        bonus = pay_from_wallet(
            prefix=PREFIX,
            key=key,
            subject_id=held.pk,
            member_id=member.pk,
            price=price,
            pin_proof=pin_proof,
            **where,
        )
    return PassSale.objects.create(
        command_key=key,
        store=till.store,
        till=till,
        shift_id=shift_id,
        staff=actor,
        member=member,
        pass_id=held.pk,
        plan_name=held.name,
        price=price,
        kind=kind,
        received=received,
        wallet_bonus=bonus,
        business_on=till.store.business_day(at),
        occurred_at=at,
        receipt=_receipt(till, member, held, kind, received, bonus, actor, at),
    )


def _receipt(
    till: Till,
    member: Member,
    held: Any,
    kind: str,
    received: Decimal,
    bonus: Decimal,
    actor: Staff,
    at: datetime,
) -> dict[str, Any]:
    """The receipt as printed, with the contract as it was."""
    return {
        **receipt_of(
            till=till,
            member=member,
            name=held.name,
            price=held.price,
            kind=kind,
            received=received,
            bonus=bonus,
            actor=actor,
            at=at,
        ),
        "paid_uses": held.paid_uses,
        "gift_uses": held.gift_uses,
        "is_unlimited": held.is_unlimited,
        "unit_list_price": str(held.unit_list_price),
        "last_day": None if held.last_day is None else held.last_day.isoformat(),
        "contract_version": held.contract_version,
    }


def void_pass_sale(*, key: UUID, sale_id: int, till: Till, reason: str, actor: Staff, at: datetime) -> int:
    """Undo a mistaken sale of a pass: same day, same store, unused. Returns the void's id.

    The money leaves the drawer of ``till``, or goes back to the stored value that it came from. CannotVoid, or the
    refusal of passes in words.
    """
    reason = reason.strip()

    def execute() -> Result:
        shift = lock_open_shift(till.pk)
        sale = PassSale.objects.select_related("store").get(pk=sale_id)
        where: dict[str, Any] = {"at": at, "store": till.store, "actor": actor}
        with hold_member(sale.member_id):
            check_void(
                sale,
                till,
                reason,
                is_voided=PassSaleVoid.objects.filter(sale=sale).exists(),
                elsewhere=_("A pass can be taken back only at the store that sold it."),
            )
            give_back_to_wallet(prefix=PREFIX, sale=sale, subject_id=sale.pk, **where)
            passes.services.void_sale(
                pass_id=sale.pass_id, reason=reason, idempotency_key=f"pass-sale-void:{sale.pk}:pass", **where
            )
            void = PassSaleVoid.objects.create(
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
    result = run_command(name="checkout.pass_sale_void", key=key, content=content, actor=actor, execute=execute)
    return int(result["void"])


def pay_pass_refund(*, key: UUID, refund_id: int, method: str, till: Till | None, actor: Staff, at: datetime) -> None:
    """Pay an approved refund of a pass at the till: in cash from its drawer, or back to stored value.

    What stored value had paid goes back there and never leaves as cash (R-C6, invariant 13). Refusals: InvalidTender
    (cash without a till, or at another store), NoShift, CannotPayOut (too little in the drawer), and those of passes
    (paid before, wrong way); nothing moves then.
    """

    def execute() -> Result:
        refund = passes.selectors.get_refund(refund_id)
        if method == "cash":
            check_drawer(till, refund.store_id)
        # Till, then member, then what is below: the order in which every use case of the till locks.
        shift = lock_open_shift(till.pk) if method == "cash" and till is not None else None
        with hold_member(refund.held.member_id):
            paid = passes.services.pay_refund(
                refund_id=refund_id, method=method, reference="", actor=actor, at=at, store=refund.store
            )
            if method == "wallet":
                _refund_to_wallet(refund_id, paid.held_id, paid.amount, refund.store, actor, at)
            elif till is not None and shift is not None:
                record_payout(
                    shift=shift,
                    till=till,
                    member_id=refund.held.member_id,
                    source=f"pass_refund:{refund_id}",
                    amount=paid.amount,
                    actor=actor,
                    at=at,
                )
        return {"refund": refund_id}

    content = {"refund": refund_id, "method": method, "till": None if till is None else till.pk}
    if method not in ("cash", "wallet"):
        raise InvalidTender(_("A till pays refunds in cash or to stored value."))
    run_command(name="checkout.pass_refund", key=key, content=content, actor=actor, execute=execute)


def _refund_to_wallet(
    refund_id: int, pass_id: int, amount: Decimal, store: Store | None, actor: Staff, at: datetime
) -> None:
    sale = PassSale.objects.get(pass_id=pass_id)
    wallet.services.refund(
        idempotency_key_of_original=wallet_key(PREFIX, sale.command_key),
        idempotency_key=f"pass-refund:{refund_id}:wallet",
        amount=amount,
        source=f"pass-refund:{refund_id}",
        at=at,
        store=store,
        actor=actor,
    )
