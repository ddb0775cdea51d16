"""Which lots a payment eats and which a refund fills (R-W2, R-W3), in whole fen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.money import allocate_units, cumulative_share

PROPORTIONAL = "proportional"
BONUS_FIRST = "bonus_first"
PRINCIPAL_FIRST = "principal_first"
SPENDING_ORDERS = (PROPORTIONAL, BONUS_FIRST, PRINCIPAL_FIRST)

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LotState:
    """A lot that can be used now: what is left of it in fen, and the recharge that it belongs to."""

    lot_id: int
    recharge_id: int
    is_bonus: bool
    remaining: int
    paid_at: datetime
    expires_at: datetime | None = None


def split_payment(lots: Iterable[LotState], amount: int, order: str = PROPORTIONAL) -> list[tuple[LotState, int]]:
    """The parts of a payment of ``amount`` fen by lot; fewer than ``amount`` in all where the lots do not suffice.

    ``proportional``: recharges by payment time, inside each ``p = floor(pay x P / (P + B))`` with what remains of it.
    ``bonus_first``: bonus that ends soonest first, then principal by payment time. ``principal_first``: principal,
    then bonus, both by payment time. LookupError for another order.
    """
    states = sorted(lots, key=lambda lot: (lot.paid_at, lot.recharge_id, _by_end(lot), lot.lot_id))
    principal = [lot for lot in states if not lot.is_bonus]
    bonus = [lot for lot in states if lot.is_bonus]
    if order == PROPORTIONAL:
        return _split_by_recharge(states, amount)
    if order == BONUS_FIRST:
        return _eat([*sorted(bonus, key=_by_end), *principal], amount)
    if order == PRINCIPAL_FIRST:
        return _eat([*principal, *bonus], amount)
    raise LookupError(f"unknown spending order {order!r}")


def _by_end(lot: LotState) -> datetime:
    return lot.expires_at or _NEVER


def _eat(lots: Sequence[LotState], amount: int) -> list[tuple[LotState, int]]:
    parts = []
    for lot in lots:
        part = min(lot.remaining, amount)
        if part > 0:
            parts.append((lot, part))
            amount -= part
    return parts


def _split_by_recharge(states: Sequence[LotState], amount: int) -> list[tuple[LotState, int]]:
    recharges: dict[int, list[LotState]] = {}
    for state in states:
        recharges.setdefault(state.recharge_id, []).append(state)
    parts: list[tuple[LotState, int]] = []
    for lots in recharges.values():
        principal = [lot for lot in lots if not lot.is_bonus]
        bonus = [lot for lot in lots if lot.is_bonus]
        whole = sum(lot.remaining for lot in lots)
        pay = min(amount, whole)
        if pay <= 0:
            continue
        from_principal = cumulative_share(sum(lot.remaining for lot in principal), pay, whole)
        parts += _eat(principal, from_principal) + _eat(bonus, pay - from_principal)
        amount -= pay
    return parts


def split_refund(still_out: Sequence[int], amount: int) -> list[int]:
    """How ``amount`` fen go back to the lots of a payment, weighted by what each is still owed (R-C6).

    Never above what a lot gave; any sequence of refunds that covers the payment gives every lot back all it gave.
    """
    if not 0 <= amount <= sum(still_out):
        raise ValueError("more than the payment has left")
    return allocate_units(amount, still_out)
