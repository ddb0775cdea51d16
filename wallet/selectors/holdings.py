"""The movements of recharges as the law counts them, read from the ledger."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from core.money import to_cents
from wallet.models import CashOut, CashOutLine, Entry, Lot, LotUse
from wallet.rules import holdings
from wallet.rules.holdings import Movement
from wallet.rules.legal import Holding

Kind = Entry.Kind
_GRANTS = {Kind.RECHARGE, Kind.REVERSAL, Kind.CORRECTION, Kind.GIFT, Kind.GIFT_BACK}
_CONSUMPTION = {Kind.SPEND, Kind.REFUND}
_LAPSES = {Kind.BONUS_EXPIRY, Kind.BONUS_CLEAR}
_COLUMNS = ("entry_id", "entry__kind", "entry__list_amount", "entry__principal", "entry__bonus")


def list_holdings(*, member_id: int) -> dict[int, Holding]:
    """What the member's account holds of every recharge it ever held, by the recharge's id.

    Four statements however long the history is; the movements of other accounts count where value was transferred.
    """
    ids = list(Lot.objects.filter(account_id=member_id).values_list("recharge_id", flat=True).distinct())
    found = {}
    for recharge_id, movements in _movements(ids).items():
        holding = holdings.replay(movements).get(member_id)
        if holding is not None:
            found[recharge_id] = holding
    return found


def _movements(recharge_ids: list[int]) -> dict[int, list[Movement]]:
    """The movements of each recharge in the order of the entries that made them."""
    rows: list[tuple[int, int, Movement]] = [
        *_from_lots(recharge_ids),
        *_from_uses(recharge_ids),
        *_from_payouts(recharge_ids),
    ]
    # Both buckets of an entry are one movement: what is shared out is their sum.
    joined: dict[tuple[int, int, str, int, int], Movement] = {}
    for entry_id, recharge_id, movement in rows:
        key = (entry_id, recharge_id, movement.kind, movement.account_id, movement.taker_id)
        joined[key] = movement if key not in joined else joined[key] + movement
    ordered: dict[int, list[Movement]] = {recharge_id: [] for recharge_id in recharge_ids}
    for key in sorted(joined, key=lambda key: key[0]):
        ordered[key[1]].append(joined[key])
    return ordered


def _from_lots(recharge_ids: list[int]) -> Iterable[tuple[int, int, Movement]]:
    """Lots that entries made: recharged, transferred in, or given back after the bonus had expired."""
    rows = Lot.objects.filter(recharge__in=recharge_ids).values_list(
        *_COLUMNS, "recharge_id", "account_id", "bucket", "granted", "origin__account_id"
    )
    for entry_id, kind, listed, principal, bonus, recharge_id, account_id, bucket, granted, giver_id in rows:
        cents = to_cents(granted)
        if kind == Kind.TRANSFER_IN and giver_id is not None:
            movement = _movement(holdings.MOVE, giver_id, bucket, cents, taker_id=account_id)
        elif kind == Kind.REFUND:
            share = _listed_share(listed, principal + bonus, cents)
            movement = _movement(holdings.CONSUME, account_id, bucket, -cents, share)
        else:
            movement = _movement(holdings.GRANT, account_id, bucket, cents)
        yield entry_id, recharge_id, movement


def _from_uses(recharge_ids: list[int]) -> Iterable[tuple[int, int, Movement]]:
    """Lots that entries used or refilled. What a transfer or a payout takes out is told by its other side."""
    rows = (
        LotUse.objects.filter(lot__recharge__in=recharge_ids, entry__kind__in=[*_GRANTS, *_CONSUMPTION, *_LAPSES])
        .order_by("id")
        .values_list(*_COLUMNS, "lot__recharge_id", "lot__account_id", "lot__bucket", "amount")
    )
    for entry_id, kind, listed, principal, bonus, recharge_id, account_id, bucket, amount in rows:
        cents = to_cents(amount)
        if kind in _GRANTS:
            movement = _movement(holdings.GRANT, account_id, bucket, cents)
        elif kind in _LAPSES:
            movement = _movement(holdings.LAPSE, account_id, bucket, -cents)
        else:
            movement = _movement(
                holdings.CONSUME, account_id, bucket, -cents, _listed_share(listed, principal + bonus, cents)
            )
        yield entry_id, recharge_id, movement


def _from_payouts(recharge_ids: list[int]) -> Iterable[tuple[int, int, Movement]]:
    """What was paid out is settled, also recharges of which the ledger had nothing left to close."""
    settled: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    lines = CashOutLine.objects.filter(recharge__in=recharge_ids).select_related("cash_out")
    for line in lines:
        # What was paid for this recharge, by whichever of the two was better for the whole refund.
        is_promise = line.cash_out.promised > line.cash_out.legal
        paid = line.promised if is_promise else line.legal
        settled[line.cash_out.source].append((line.recharge_id, paid))
    keys = {CashOut.key_of(source): source for source in settled}
    entries = Entry.objects.filter(idempotency_key__in=keys).values_list("pk", "account_id", "idempotency_key")
    for entry_id, account_id, key in entries:
        for recharge_id, paid in settled[keys[key]]:
            yield entry_id, recharge_id, Movement(holdings.CLOSE, account_id, to_cents(paid))


def _movement(
    kind: str, account_id: int, bucket: str, cents: int, listed: Fraction | int = 0, taker_id: int = 0
) -> Movement:
    principal, bonus = (0, cents) if bucket == Lot.Bucket.BONUS else (cents, 0)
    return Movement(kind, account_id, principal, bonus, Fraction(listed), taker_id)


def _listed_share(listed: Any, amount: Any, cents: int) -> Fraction:
    """The part of an entry's list value that belongs to so many fen of it, in fen; the sign is the entry's own.

    A payment has a positive list value, what goes back a negative one. Without one (histories brought along) what was
    paid counts.
    """
    whole = abs(to_cents(amount))
    if listed is None or not whole:
        return Fraction(abs(cents) if amount < 0 else -abs(cents))
    return Fraction(to_cents(listed) * abs(cents), whole)
