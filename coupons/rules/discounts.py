"""What one coupon takes off a basket, in whole fen (R-K1, R-K3). Pure; docs/pricing.md is the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from core.money import ZERO, allocate_units, to_cents
from coupons.rules.terms import (
    AMOUNT_OFF,
    BUY_GET,
    EXCHANGE,
    FIXED_PRICE,
    INITIAL,
    NTH_ITEM,
    OF_PIECES,
    PERCENT_OFF,
    POINTS_MULTIPLE,
    RECHARGE,
    VOUCHER,
    CouponTerms,
)

_PLACES: Final = 10_000  # factors have four decimals
_FINE: Final = 10**12  # finer than any two different prices of a piece


@dataclass(frozen=True)
class Goods:
    """A line as coupons look at it. ``pieces`` is 0 where it is no whole number; ``category_ids`` with all above."""

    product_id: int
    pieces: int
    category_ids: frozenset[int] = frozenset()
    brand_id: int | None = None
    takes_coupons: bool = True
    is_service: bool = False


@dataclass(frozen=True)
class Bench:
    """What is left of each line, in fen, while coupons are applied one after the other.

    ``initial`` is before all coupons. ``open_pieces`` are those that no coupon of pieces took yet and ``open_worth``
    what they are worth now: two coupons never make the same piece cheaper.
    """

    initial: tuple[int, ...]
    pieces: tuple[int, ...]
    left: tuple[int, ...]
    open_pieces: tuple[int, ...]
    open_worth: tuple[int, ...]

    @classmethod
    def of(cls, amounts: Sequence[int], goods: Sequence[Goods]) -> "Bench":
        """The lines before the first coupon."""
        pieces = tuple(line.pieces for line in goods)
        return cls(tuple(amounts), pieces, tuple(amounts), pieces, tuple(amounts))


@dataclass(frozen=True)
class Job:
    """A coupon made ready for one basket: which lines it may touch and its figures in whole numbers."""

    terms: CouponTerms
    lines: tuple[int, ...]
    amount: int
    off: int
    cap: int | None
    price: int


def job_of(terms: CouponTerms, goods: Sequence[Goods]) -> Job:
    """A voucher without a scope takes services only; everything else what its scope takes (R-K2)."""
    services_only = terms.kind == VOUCHER and not terms.scope.is_limited
    return Job(
        terms=terms,
        lines=tuple(
            place
            for place, line in enumerate(goods)
            if line.takes_coupons
            and (line.is_service or not services_only)
            and terms.scope.takes(line.product_id, line.category_ids, line.brand_id)
        ),
        amount=to_cents(terms.amount),
        off=_PLACES - int(terms.factor * _PLACES),
        cap=None if terms.cap is None else to_cents(terms.cap),
        price=to_cents(terms.price),
    )


def eligible(job: Job, bench: Bench) -> int:
    """What the threshold counts: the coupon's lines before all coupons (R-K2)."""
    return sum(bench.initial[place] for place in job.lines)


def missing_pieces(job: Job, bench: Bench) -> int:
    """How many more pieces of its goods must be bought before a coupon of pieces does anything."""
    terms = job.terms
    if terms.kind not in OF_PIECES:
        return 0
    needed = terms.buy_pieces + 1 if terms.kind in (NTH_ITEM, BUY_GET) else 1
    return max(0, needed - sum(bench.pieces[place] for place in job.lines))


def take(job: Job, bench: Bench) -> tuple[list[int], Bench] | None:
    """What the coupon takes off each line, and what is left after it; None where it takes nothing (R-K3)."""
    kind = job.terms.kind
    if kind == AMOUNT_OFF:
        return _take_amount(job, bench, job.amount)
    if kind == PERCENT_OFF:
        whole = bench.initial if job.terms.base == INITIAL else bench.left
        amount = sum(whole[place] for place in job.lines) * job.off // _PLACES
        return _take_amount(job, bench, amount if job.cap is None else min(amount, job.cap))
    if kind in OF_PIECES:
        return _take_pieces(job, bench)
    return None


def _take_amount(job: Job, bench: Bench, amount: int) -> tuple[list[int], Bench] | None:
    """So much off the lines together, split by what is left of them (R-C3); never more than that."""
    weights = [0] * len(bench.left)
    for place in job.lines:
        weights[place] = bench.left[place]
    amount = min(amount, sum(weights))
    if amount <= 0:
        return None
    parts = allocate_units(amount, weights)
    left = tuple(before - part for before, part in zip(bench.left, parts, strict=True))
    worth = tuple(
        worth * after // before if before else 0
        for worth, before, after in zip(bench.open_worth, bench.left, left, strict=True)
    )
    return parts, Bench(bench.initial, bench.pieces, left, bench.open_pieces, worth)


def _take_pieces(job: Job, bench: Bench) -> tuple[list[int], Bench] | None:
    """Pieces from the dearest down; of a group the cheapest are reduced (the contract names the choice)."""
    terms = job.terms
    worths, counts = (bench.initial, bench.pieces) if terms.base == INITIAL else (bench.open_worth, bench.open_pieces)
    ranked = sorted(
        (place for place in job.lines if bench.open_pieces[place] and bench.left[place]),
        key=lambda place: (-(worths[place] * _FINE // counts[place]), place),
    )
    paid, wanted = _group(terms, sum(bench.open_pieces[place] for place in ranked))
    if not wanted:
        return None
    parts = [0] * len(bench.left)
    open_pieces, open_worth = list(bench.open_pieces), list(bench.open_worth)
    for place in ranked:
        there = open_pieces[place]
        of_paid = min(paid, there)
        of_wanted = min(wanted, there - of_paid)
        if of_wanted:
            value = worths[place] * of_wanted // counts[place]
            parts[place] = min(_reduction(job, value, of_wanted), bench.left[place])
        gone = of_paid + of_wanted
        worth = open_worth[place] - open_worth[place] * gone // there
        open_worth[place] = min(worth, bench.left[place] - parts[place])
        open_pieces[place] = there - gone
        paid, wanted = paid - of_paid, wanted - of_wanted
        if not wanted:
            break
    if not any(parts):
        return None
    left = tuple(before - part for before, part in zip(bench.left, parts, strict=True))
    return parts, Bench(bench.initial, bench.pieces, left, tuple(open_pieces), tuple(open_worth))


def _group(terms: CouponTerms, there: int) -> tuple[int, int]:
    """How many of the dearest pieces are bought as they are, and how many of the next are made cheaper."""
    if terms.kind == NTH_ITEM:
        return (terms.buy_pieces, 1) if there > terms.buy_pieces else (0, 0)
    if terms.kind == BUY_GET:
        return terms.buy_pieces, max(0, min(terms.pieces, there - terms.buy_pieces))
    if terms.kind == VOUCHER:
        return 0, min(1, there)
    return 0, min(terms.pieces, there)


def _reduction(job: Job, value: int, count: int) -> int:
    kind = job.terms.kind
    if kind == FIXED_PRICE:
        return max(0, value - job.price * count)
    if kind == NTH_ITEM:
        return value * job.off // _PLACES
    return value


def pieces_taken(terms: CouponTerms) -> int:
    """The most pieces that one use makes cheaper."""
    return terms.pieces if terms.kind in (FIXED_PRICE, EXCHANGE, BUY_GET) else 1


def may_have_taken(terms: CouponTerms, amount: Decimal) -> bool:
    """Whether an order can have got ``amount`` from the coupon: above zero, and within what it promises at most.

    A coupon for more points takes nothing off.
    """
    if terms.kind == POINTS_MULTIPLE:
        return amount == ZERO
    most = terms.amount if terms.kind in (AMOUNT_OFF, RECHARGE) else terms.cap if terms.kind == PERCENT_OFF else None
    return amount > ZERO and (most is None or amount <= most)
