"""What a refund of stored value in money takes back from tiers: recharged principal and growth points (M03, R-T6)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import tiers.services
import wallet.selectors
from checkout.models import RechargeSale
from core.money import ZERO
from stores.models import Staff, Store
from wallet.gift_sources import GivenItem


def list_nothing(recharge_id: int) -> Sequence[GivenItem]:
    """Progress towards a tier is no gift to list; growth points are listed by the package."""
    return ()


def take_back_progress(recharge_id: int, *, actor: Staff | None, at: datetime, store: Store | None) -> None:
    """Count the refunded principal back on the day of the recharge, and growth points in proportion, rounded down.

    Called in the transaction of the refund, after its entry, the member locked. What was spent before stays counted: it
    was recharged and used. Recharges that were not made at a till count nothing and take nothing back.
    """
    sale = RechargeSale.objects.filter(recharge_id=recharge_id).first()
    if sale is None:
        return
    principal = _refunded_principal(sale.member_id, recharge_id)
    growth = int(sale.receipt.get("growth", 0) * principal / sale.principal)
    source = f"recharge:{recharge_id}"
    tiers.services.record_progress(
        member_id=sale.member_id,
        metrics={"recharge": -principal, "growth": Decimal(-growth)},
        business_on=sale.business_on,
        source=source,
        idempotency_key=f"recharge-refund:{recharge_id}:progress",
        at=at,
        store=store,
        actor=actor,
    )
    tiers.services.reevaluate(member_id=sale.member_id, at=at, source=source, store=store, actor=actor)


def _refunded_principal(member_id: int, recharge_id: int) -> Decimal:
    entry = wallet.selectors.list_entries(member_id=member_id, kind="cash_out").first()
    if entry is None:
        return ZERO
    uses = entry.uses.filter(lot__recharge_id=recharge_id, lot__bucket="principal")
    return sum((-use.amount for use in uses), ZERO)
