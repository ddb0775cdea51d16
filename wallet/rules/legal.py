"""What the law says a refund of stored value pays, recharge by recharge (R-W6). Pure, no Django, no clock.

Interpretation 2025 No. 4 of the Supreme People's Court [L1]. Every sum is rounded up to the fen, is never negative (the
merchant may not claim a shortfall, Art. 20) and never above what was paid.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.money import ZERO, ceil, from_cents

COOLING_OFF = "cooling_off"
MERCHANT = "merchant"
CUSTOMER = "customer"
VOID_CONTRACT = "void_contract"
GROUNDS = (COOLING_OFF, MERCHANT, CUSTOMER, VOID_CONTRACT)

ARTICLE_10 = "10, 15"
ARTICLE_14 = "14, 15"
ARTICLE_18 = "18"
ARTICLE_19 = "19"

COOLING_DAYS = 7
DAYS_OF_A_YEAR = 365

PROMISE_LEGAL = "legal"
PROMISE_PRINCIPAL = "principal"
PROMISE_FIRST_DAYS = "principal_first_days"
PROMISES = (PROMISE_LEGAL, PROMISE_PRINCIPAL, PROMISE_FIRST_DAYS)


@dataclass(frozen=True)
class Holding:
    """What one account holds of one recharge: P paid, B given on top, C consumed of both, C0 the same at list prices.

    ``wallet.rules.holdings`` reckons it from the movements. ``is_reopened``: goods came back after a payout, and P is
    what that payout had kept of the paid money; no promise pays more, or the customer would get more than they paid in.
    """

    principal: Decimal
    bonus: Decimal
    consumed: Decimal
    listed: Decimal
    is_reopened: bool = False

    def promised_left(self, left: Decimal) -> Decimal:
        """The remaining principal that a promise is about, where the ledger has so much left."""
        return min(left, self.principal) if self.is_reopened else left


@dataclass(frozen=True)
class LegalSum:
    """The article that applies, the formula with its numbers, and what it comes to."""

    article: str
    formula: str
    amount: Decimal


def article_for(ground: str, *, paid_on: date, terminated_on: date, had_before: bool) -> str:
    """Which article governs a recharge when the contract ends on ``terminated_on`` for this reason.

    Where the customer gives notice, recharges of the last 7 days fall under Art. 14 whether or not somebody thought of
    it, unless the customer ``had_before`` the same goods or services; older ones under Art. 19. LookupError for a
    ground that does not exist.
    """
    if ground not in GROUNDS:
        raise LookupError(f"unknown ground {ground!r}")
    if ground == MERCHANT:
        return ARTICLE_18
    if ground == VOID_CONTRACT:
        return ARTICLE_10
    return ARTICLE_14 if is_cooling_off(paid_on, terminated_on) and not had_before else ARTICLE_19


def is_cooling_off(paid_on: date, terminated_on: date) -> bool:
    """Within 7 days of the day of payment, which itself does not count (Art. 14)."""
    return (terminated_on - paid_on).days <= COOLING_DAYS


def sum_by_law(holding: Holding, article: str) -> LegalSum:
    """The sum of one recharge.

    Art. 18, not the customer's fault: ``P - C x P / (P + B)``, so bonus counts by its ratio. Art. 10 with 15, void
    contract: the same, because what was delivered is to be made good at the price agreed and not more. Art. 14 with
    15, within 7 days: ``P - C``, at the price charged. Art. 19, the customer's reason: ``P - C0``, at list prices.
    """
    paid, bonus = holding.principal, holding.bonus
    if article in {ARTICLE_18, ARTICLE_10}:
        exact = _at_the_agreed_price(holding)
        text = f"{paid} − {holding.consumed} × {paid} ÷ ({paid} + {bonus})"
    elif article == ARTICLE_14:
        exact = Fraction(paid) - Fraction(holding.consumed)
        text = f"{paid} − {holding.consumed}"
    elif article == ARTICLE_19:
        exact = Fraction(paid) - Fraction(holding.listed)
        text = f"{paid} − {holding.listed}"
    else:
        raise LookupError(f"unknown article {article!r}")
    amount = min(_up(max(exact, Fraction(0))), max(paid, ZERO))
    shown = f"{text} = {_shown(exact)}"
    return LegalSum(article, f"{shown} → {amount}" if exact != Fraction(amount) else shown, amount)


def _at_the_agreed_price(holding: Holding) -> Fraction:
    paid, bonus = Fraction(holding.principal), Fraction(holding.bonus)
    whole = paid + bonus
    return paid - Fraction(holding.consumed) * paid / whole if whole else Fraction(0)


def _up(amount: Fraction) -> Decimal:
    return from_cents(-(-amount.numerator * 100 // amount.denominator))


def _shown(amount: Fraction) -> str:
    """Two places where that is exact, else four, cut off towards minus infinity, so that the step up is seen."""
    if (amount * 100).denominator == 1:
        return str(from_cents(int(amount * 100)))
    whole = amount * 10_000 // 1
    return f"{Decimal(int(whole)) / 10_000:.4f}"


def interest(amount: Decimal, rate: Decimal, *, since: date, until: date) -> Decimal:
    """Interest on a sum from the day of termination to the day of payment, ``rate`` in percent a year (Arts. 16, 17).

    Simple interest, days over 365, up to the fen; nothing for a payment on the day itself.
    """
    days = max((until - since).days, 0)
    return ceil(amount * rate * days / (100 * DAYS_OF_A_YEAR))


def rate_for(ground: str, *, lpr: Decimal, deposit: Decimal) -> Decimal:
    """The deposit benchmark where the customer gives notice, else the one-year LPR, both of the contract's day."""
    return deposit if ground in {CUSTOMER, COOLING_OFF} else lpr


def sum_by_promise(
    promise: str, *, legal: Decimal, left: Decimal, paid_on: date, terminated_on: date, first_days: int
) -> Decimal:
    """What the shop itself has promised for one recharge: its remaining principal in full, always or in the first days.

    Never less than the law's sum of the same recharge, so that sums over recharges can be compared. 0 where the shop
    promises nothing beyond the law.
    """
    if promise not in PROMISES:
        raise LookupError(f"unknown promise {promise!r}")
    if promise == PROMISE_LEGAL:
        return ZERO
    if promise == PROMISE_FIRST_DAYS and (terminated_on - paid_on).days > first_days:
        return legal
    return max(legal, left)
