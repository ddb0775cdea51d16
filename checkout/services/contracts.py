"""What sales of contracts (count passes, paid tiers) have in common: one tender, one receipt, one way back."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import wallet.services
from checkout.models import ContractSale, TenderKind, Till
from checkout.services.errors import CannotVoid, InvalidTender
from core.money import CENT, ZERO
from members.models import Member
from stores.models import Staff, Store


def check_money(price: Decimal, kind: str, received: Decimal) -> None:
    """One tender for the whole price, and more than that in cash only; InvalidTender."""
    if kind not in TenderKind.values or kind == TenderKind.PASS:
        raise InvalidTender(_("This cannot be bought this way."))
    if not received.is_finite() or received <= 0 or received != received.quantize(CENT):
        raise InvalidTender(_("Each amount must be above 0 with at most two decimals."))
    if received < price:
        raise InvalidTender(_("¥%(missing)s are still missing.") % {"missing": price - received})
    if received > price and kind != TenderKind.CASH:
        raise InvalidTender(_("The tenders are ¥%(excess)s above the amount due.") % {"excess": received - price})


def wallet_key(prefix: str, key: UUID) -> str:
    """The key of what stored value paid for a contract; the way back is found by it."""
    return f"{prefix}:{key}:wallet"


def pay_from_wallet(
    *,
    prefix: str,
    key: UUID,
    subject_id: int,
    member_id: int,
    price: Decimal,
    pin_proof: UUID | None,
    at: datetime,
    store: Store,
    actor: Staff,
) -> Decimal:
    """Take the price from stored value; returns how much of it was bonus."""
    entry = wallet.services.debit(
        member_id=member_id,
        amount=price,
        # A contract is sold at its list price, so that is what the payment bought (R-W6).
        list_amount=price,
        source=f"{prefix}:{subject_id}",
        idempotency_key=wallet_key(prefix, key),
        pin_proof=pin_proof,
        at=at,
        store=store,
        actor=actor,
    )
    return -entry.bonus


def receipt_of(
    *,
    till: Till,
    member: Member,
    name: str,
    price: Decimal,
    kind: str,
    received: Decimal,
    bonus: Decimal,
    actor: Staff,
    at: datetime,
) -> dict[str, Any]:
    """The part of a receipt that every contract has; amounts as text."""
    return {
        "store": {"name": till.store.name, "address": till.store.address, "phone": till.store.phone},
        "till": till.name,
        "cashier": str(actor),
        "sold_at": at.isoformat(),
        "member": {"number": member.number, "name": member.name, "phone": member.masked_phone},
        "name": name,
        "price": str(price),
        "kind": kind,
        "received": str(received),
        "change": str(received - price),
        "wallet_bonus": str(bonus),
        # What stored value paid was invoiced at its recharge (R-W14).
        "invoiceable": str(ZERO if kind == TenderKind.WALLET else price),
    }


def check_void(sale: ContractSale, till: Till, reason: str, *, is_voided: bool, elsewhere: str) -> None:
    """A mistaken sale is undone once, with a reason, at the store that made it; ``elsewhere`` says that. CannotVoid."""
    if not reason:
        raise CannotVoid(_("Say why the sale is voided."))
    if sale.store_id != till.store_id:
        raise CannotVoid(elsewhere)
    if is_voided:
        raise CannotVoid(_("This sale was voided before."))


def give_back_to_wallet(
    *, prefix: str, sale: ContractSale, subject_id: int, at: datetime, store: Store, actor: Staff
) -> None:
    """What stored value had paid for a voided sale goes back there; nothing for other tenders."""
    if sale.kind != TenderKind.WALLET:
        return
    wallet.services.refund(
        idempotency_key_of_original=wallet_key(prefix, sale.command_key),
        idempotency_key=f"{prefix}-void:{subject_id}:wallet",
        at=at,
        store=store,
        actor=actor,
    )


def check_drawer(till: Till | None, store_id: int | None) -> None:
    """Cash needs a till, of the store that granted the refund; InvalidTender."""
    if till is None:
        raise InvalidTender(_("Cash is paid at a till with an open shift."))
    if store_id is not None and store_id != till.store_id:
        raise InvalidTender(_("This refund is paid at the store that granted it."))
