"""What a refund of stored value in money takes back from tiers: recharged principal and growth points (M03, R-T6)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import tiers.services
import wallet.selectors
from checkout.models import RechargeSale
from stores.models import Staff, Store
from wallet.gift_sources import GivenItem


def list_nothing(recharge_id: int) -> Sequence[GivenItem]:
    """Progress towards a tier is no gift to list; growth points are listed by the package."""
    return ()


def take_back_progress(recharge_id: int, *, actor: Staff | None, at: datetime, store: Store | None) -> None:
    """Count the refunded principal back on the day of the recharge, and growth points in proportion, rounded down.

    Called in the transaction of the refund, after its entry, the member and who recharged locked. What was spent before
    stays counted: it was recharged and used. It counts back with who recharged, whoever was given the money meanwhile,
    once per payout: goods returned after one can bring another. Recharges that were not made at a till count nothing.
    """
    sale = RechargeSale.objects.filter(recharge_id=recharge_id).first()
    closing = wallet.selectors.find_last_closing(recharge_id)
    if sale is None or closing is None:
        return
    entry_id, closed = closing
    # A correction may have added principal that was never counted.
    principal = min(closed, sale.principal)
    growth = int(sale.receipt.get("growth", 0) * principal / sale.principal)
    source = f"recharge:{recharge_id}"
    tiers.services.record_progress(
        member_id=sale.member_id,
        metrics={"recharge": -principal, "growth": Decimal(-growth)},
        business_on=sale.business_on,
        source=source,
        idempotency_key=f"recharge-refund:{recharge_id}:{entry_id}:progress",
        at=at,
        store=store,
        actor=actor,
    )
    tiers.services.reevaluate(member_id=sale.member_id, at=at, source=source, store=store, actor=actor)
