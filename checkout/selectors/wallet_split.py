"""How a payment from stored value would be shared by principal and bonus, for looking at before it is made (R-W2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import wallet.selectors
from core.money import ZERO, from_cents, to_cents
from wallet import rules


@dataclass(frozen=True)
class WalletSplit:
    """The two parts of a payment; fewer than asked for where the balance does not reach."""

    principal: Decimal = ZERO
    bonus: Decimal = ZERO


def preview_split(*, member_id: int, amount: Decimal, at: datetime) -> WalletSplit:
    """What a payment of ``amount`` takes at this moment, by the rule that will take it; two statements, no lock."""
    lots = wallet.selectors.list_usable_lots(member_id=member_id, at=at)
    parts = rules.split_payment(lots, to_cents(amount), wallet.selectors.get_rules(at=at).spending_order)
    bonus = sum(part for lot, part in parts if lot.is_bonus)
    return WalletSplit(from_cents(sum(part for _lot, part in parts) - bonus), from_cents(bonus))
