"""A second, plain opinion on points and stored value: lists and loops, no database, no lock, no shared arithmetic.

Written from rules.md sections 2 and 3 and not from the services, so that the two can disagree.
"""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction


class Refused(Exception):
    """The rules say no; nothing has changed."""


@dataclass
class Lot:
    """Points or fen with one end. ``root`` is what it came from in the first place, ``taken`` what expiry has eaten."""

    number: int
    remaining: int
    available: datetime
    ends: datetime | None
    root: str
    is_bonus: bool = False
    recharge: int = 0
    paid: datetime | None = None
    granted: int = 0
    taken: int = 0

    def is_dead(self, at: datetime) -> bool:
        """True from its end on, posted or not."""
        return self.ends is not None and self.ends <= at


@dataclass
class Move:
    """A payment or a credit that can be given back or taken back, and how much of it has been."""

    parts: list[tuple[Lot, int]]
    whole: int
    back: int = 0
    given: dict[int, int] = field(default_factory=dict)
    satisfied: int = 0


def _soonest(lot: Lot) -> tuple[bool, datetime, datetime, int]:
    """R-P7: what ends first, then what came first; without an end last."""
    return lot.ends is None, lot.ends or lot.available, lot.available, lot.number


def _eat(lots: list[Lot], amount: int) -> tuple[list[tuple[Lot, int]], int]:
    parts = []
    for lot in lots:
        part = min(lot.remaining, amount)
        if part:
            parts.append((lot, part))
            amount -= part
    return parts, amount


@dataclass
class Points:
    """One member's points."""

    lots: list[Lot] = field(default_factory=list)
    debt: int = 0
    earned: dict[str, Move] = field(default_factory=dict)
    spent: dict[str, Move] = field(default_factory=dict)
    numbers: int = 0

    @property
    def balance(self) -> int:
        """Everything in lots, spendable or not."""
        return sum(lot.remaining for lot in self.lots)

    def spendable(self, at: datetime) -> int:
        """What could be used now."""
        return sum(lot.remaining for lot in self.lots if lot.available <= at and not lot.is_dead(at))

    def _add(self, amount: int, available: datetime, ends: datetime | None, root: str) -> None:
        self.numbers += 1
        self.lots.append(Lot(self.numbers, amount, available, ends, root, granted=amount))

    def earn(self, key: str, amount: int, available: datetime, ends: datetime | None) -> None:
        """A debt is repaid first (R-P11)."""
        repaid = min(amount, self.debt)
        self.debt -= repaid
        if amount > repaid:
            self._add(amount - repaid, available, ends, key)
        self.earned[key] = Move([], amount)

    def _draw(self, amount: int, at: datetime) -> list[tuple[Lot, int]]:
        live = [lot for lot in sorted(self.lots, key=_soonest) if lot.available <= at and not lot.is_dead(at)]
        parts, missing = _eat(live, amount)
        if missing:
            raise Refused
        for lot, part in parts:
            lot.remaining -= part
        return parts

    def spend(self, key: str, amount: int, at: datetime) -> None:
        """Blocked while points are owed."""
        if self.debt:
            raise Refused
        self.spent[key] = Move(self._draw(amount, at), amount)

    def take(self, amount: int, at: datetime) -> None:
        """By hand: never makes a debt."""
        self._draw(amount, at)

    def give_back(self, key: str, amount: int, at: datetime, grace: datetime) -> None:
        """R-P12: what ends last is filled first; a debt takes its part out of what ends first."""
        move = self.spent[key]
        if not 0 < amount <= move.whole - move.back:
            raise Refused
        order = sorted(
            move.parts,
            key=lambda pair: (pair[0].ends is None, pair[0].ends or at, pair[0].available, pair[0].number),
            reverse=True,
        )
        repaid = min(amount, self.debt)
        self.debt -= repaid
        skip, left = move.back, amount - repaid
        for lot, used in order:
            jumped = min(skip, used)
            skip -= jumped
            part = min(used - jumped, left)
            left -= part
            if not part:
                continue
            if lot.taken or lot.is_dead(at):
                self._add(part, at, grace, lot.root)
            else:
                lot.remaining += part
        move.back += amount

    def claw(self, key: str, amount: int, at: datetime) -> None:
        """R-P11: own lots, what of them has expired counts, others that could be spent, then debt."""
        move = self.earned[key]
        if not 0 < amount <= move.whole - move.back:
            raise Refused
        own = [lot for lot in sorted(self.lots, key=_soonest) if lot.root == key]
        expired = sum(lot.taken + (lot.remaining if lot.is_dead(at) else 0) for lot in own)
        parts, missing = _eat([lot for lot in own if not lot.is_dead(at)], amount)
        counted = min(missing, max(expired - move.satisfied, 0))
        move.satisfied += counted
        others = [
            lot
            for lot in sorted(self.lots, key=_soonest)
            if lot.root != key and lot.available <= at and not lot.is_dead(at)
        ]
        more, owed = _eat(others, missing - counted)
        for lot, part in parts + more:
            lot.remaining -= part
        self.debt += owed
        move.back += amount

    def expire(self, cutoff: datetime) -> None:
        """The nightly job: only writes down what is dead already."""
        for lot in self.lots:
            if lot.is_dead(cutoff):
                lot.taken += lot.remaining
                lot.remaining = 0


@dataclass
class Wallet:
    """One member's stored value, in fen."""

    lots: list[Lot] = field(default_factory=list)
    spent: dict[str, Move] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Both buckets."""
        return sum(lot.remaining for lot in self.lots)

    def bucket(self, *, is_bonus: bool) -> int:
        """One of them."""
        return sum(lot.remaining for lot in self.lots if lot.is_bonus == is_bonus)

    def usable(self, at: datetime) -> list[Lot]:
        """By payment time, then recharge, then what ends first."""
        live = [lot for lot in self.lots if lot.remaining and not lot.is_dead(at)]
        never = datetime.max.replace(tzinfo=at.tzinfo)
        return sorted(live, key=lambda lot: (lot.paid, lot.recharge, lot.ends or never, lot.number))

    def choose(self, amount: int, at: datetime) -> list[tuple[Lot, int]]:
        """R-W2, proportional: inside a recharge the principal's part is rounded down."""
        live = self.usable(at)
        if amount <= 0 or sum(lot.remaining for lot in live) < amount:
            raise Refused
        parts: list[tuple[Lot, int]] = []
        for recharge in dict.fromkeys(lot.recharge for lot in live):
            group = [lot for lot in live if lot.recharge == recharge]
            principal = [lot for lot in group if not lot.is_bonus]
            bonus = [lot for lot in group if lot.is_bonus]
            whole = sum(lot.remaining for lot in group)
            pay = min(whole, amount)
            amount -= pay
            from_principal = int(Fraction(pay * sum(lot.remaining for lot in principal), whole))
            parts += _eat(principal, from_principal)[0] + _eat(bonus, pay - from_principal)[0]
        return parts

    def pay(self, key: str, amount: int, at: datetime) -> None:
        """Out of the chosen lots."""
        parts = self.choose(amount, at)
        for lot, part in parts:
            lot.remaining -= part
        self.spent[key] = Move(parts, amount)

    def refund(self, key: str, amount: int, at: datetime, grace: datetime, number: int) -> int:
        """R-W3, R-C6: each lot by what it is still owed, largest remainder. How many new lots it took."""
        move = self.spent[key]
        if not 0 < amount <= move.whole - move.back:
            raise Refused
        owed = [part - move.given.get(lot.number, 0) for lot, part in move.parts]
        exact = [Fraction(amount * one, sum(owed)) for one in owed]
        parts = [int(one) for one in exact]
        order = sorted(range(len(owed)), key=lambda i: (parts[i] - exact[i], -owed[i], i))
        for index in order[: amount - sum(parts)]:
            parts[index] += 1
        made = 0
        for (lot, _used), part in zip(move.parts, parts, strict=True):
            if not part:
                continue
            move.given[lot.number] = move.given.get(lot.number, 0) + part
            if lot.taken or lot.is_dead(at):
                made += 1
                self.lots.append(Lot(number + made, part, at, grace, key, True, lot.recharge, lot.paid, granted=part))
            else:
                lot.remaining += part
        move.back += amount
        return made

    def expire(self, cutoff: datetime) -> None:
        """The nightly job of the bonus."""
        for lot in self.lots:
            if lot.is_dead(cutoff):
                lot.taken += lot.remaining
                lot.remaining = 0
