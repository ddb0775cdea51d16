"""What each account holds of a recharge, as the law counts it: reckoned from all its movements (R-W6, R-W9).

Independent of the order in which payments ate principal and bonus (R-W2): only the face value of what was consumed
counts, wherever it was booked. Pure, no Django, no clock.

What was chosen, where the law is silent:

* **Transfer.** The part that goes to another account takes paid money and bonus with it in the ratio of the recharge,
  P:B, as R-W9 says; where the ledger moved principal within one fen of that, the ledger's own figure is taken, so
  that screens agree. What was consumed before stays with the giver, who keeps the P and B that paid for it: the sums
  by law of both together are what they would have been without the transfer.
* **Bonus that expired or was cleared** still counts in B: the contract gave it, and the customer may not be worse off.
  A transfer takes its share of it along.
* **Goods returned** lower C and C0. What comes back after the consumption was settled by a payout is worth what that
  payout had kept back for it, so that law and shop's promise pay the same in either order, and never more than was
  paid in. Anything else that comes back to an account that holds no consumption is held anew in the ratio of the
  recharge.
* **Correction** of principal changes P: it says what was really paid in.
* **Payout** settles everything: nothing of the recharge is held afterwards but the memory of what it kept back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from core.money import from_cents
from wallet.rules.legal import Holding

GRANT = "grant"
CONSUME = "consume"
LAPSE = "lapse"
MOVE = "move"
CLOSE = "close"


@dataclass(frozen=True)
class Movement:
    """One change of a recharge in one account, in fen.

    ``principal`` and ``bonus`` are signed as the kind reads: granted (negative: taken back or corrected), consumed
    (negative: given back), lapsed, moved to ``taker_id``; of a payout ``principal`` is what it paid. ``listed`` is the
    consumption at list prices.
    """

    kind: str
    account_id: int
    principal: int = 0
    bonus: int = 0
    listed: Fraction = field(default_factory=Fraction)
    taker_id: int = 0

    def __add__(self, other: "Movement") -> "Movement":
        """Two parts of one movement, of the same kind and accounts."""
        return replace(
            self,
            principal=self.principal + other.principal,
            bonus=self.bonus + other.bonus,
            listed=self.listed + other.listed,
        )


@dataclass
class _Held:
    principal: int = 0
    bonus: int = 0
    consumed: int = 0
    lapsed: int = 0
    listed: Fraction = field(default_factory=Fraction)
    # What payouts have settled: face value consumed, and what they kept of the paid money for it.
    settled: int = 0
    kept: int = 0
    is_reopened: bool = False

    def close(self, paid: int) -> "_Held":
        """After a payout."""
        kept = max(0, self.principal - paid)
        return _Held(settled=self.settled + self.consumed, kept=self.kept + kept)

    def reopen(self, face: int) -> int:
        """Goods of so much were returned after a payout had settled them; returns how much of it that was."""
        face = min(face, self.settled)
        if face:
            self.is_reopened = True
            principal = -(-face * self.kept // self.settled)
            self.settled, self.kept = self.settled - face, self.kept - principal
            self.principal += principal
            self.bonus += max(0, face - principal)
        return face

    def holding(self) -> Holding:
        """For the calculator; a fraction of a fen at list prices is dropped in the customer's favour."""
        return Holding(
            from_cents(self.principal),
            from_cents(self.bonus),
            from_cents(self.consumed),
            from_cents(self._listed),
            self.is_reopened,
        )

    @property
    def _listed(self) -> int:
        return max(0, self.listed.numerator // self.listed.denominator)


def replay(movements: Iterable[Movement]) -> dict[int, Holding]:
    """The holding of every account that ever held some of one recharge, from its movements in order."""
    held: dict[int, _Held] = {}
    whole = _Held()
    for movement in movements:
        mine = held.setdefault(movement.account_id, _Held())
        if movement.kind == GRANT:
            _pay_in(mine, movement)
            _pay_in(whole, movement)
        elif movement.kind == CONSUME:
            _consume(mine, whole, movement)
        elif movement.kind == LAPSE:
            mine.lapsed += movement.principal + movement.bonus
        elif movement.kind == MOVE:
            _move(mine, held.setdefault(movement.taker_id, _Held()), movement)
        elif movement.kind == CLOSE:
            held[movement.account_id] = mine.close(movement.principal)
        else:
            raise LookupError(f"unknown movement {movement.kind!r}")
    return {account_id: one.holding() for account_id, one in held.items()}


def _pay_in(held: _Held, movement: Movement) -> None:
    held.principal = max(0, held.principal + movement.principal)
    held.bonus = max(0, held.bonus + movement.bonus)


def _consume(mine: _Held, whole: _Held, movement: Movement) -> None:
    face = movement.principal + movement.bonus
    if face >= 0:
        mine.consumed += face
        mine.listed += movement.listed
        return
    back = min(-face, mine.consumed)
    mine.consumed -= back
    mine.listed = max(Fraction(0), mine.listed + movement.listed) if mine.consumed else Fraction(0)
    anew = -face - back
    anew -= mine.reopen(anew)
    if anew:
        principal = _paid_part(anew, whole.principal, whole.bonus, booked=-movement.principal)
        mine.principal += principal
        mine.bonus += anew - principal


def _move(giver: _Held, taker: _Held, movement: Movement) -> None:
    face = movement.principal + movement.bonus
    left = giver.principal + giver.bonus - giver.consumed - giver.lapsed
    lapsed = giver.lapsed * face // left if left > 0 else 0
    total = face + lapsed
    principal = _paid_part(total, giver.principal, giver.bonus, booked=movement.principal)
    giver.principal -= principal
    giver.bonus -= total - principal
    giver.lapsed -= lapsed
    taker.principal += principal
    taker.bonus += total - principal
    taker.lapsed += lapsed


def _paid_part(face: int, principal: int, bonus: int, *, booked: int) -> int:
    """The paid part of so much face value at the ratio P:B, up to the fen; the booked one where it is that near."""
    whole = principal + bonus
    if not whole:
        return booked
    exact = Fraction(face * principal, whole)
    part = booked if abs(exact - booked) < 1 else -(-face * principal // whole)
    return min(max(part, face - bonus), principal)
