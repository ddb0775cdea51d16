"""How a sale is paid: the tenders as typed, checked to the fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from checkout.models import TenderKind
from checkout.pricing.model import Quote
from checkout.services.errors import InvalidTender
from core.money import CENT, ZERO


@dataclass(frozen=True)
class Tender:
    """One way of paying: what was handed over. For cash this may be more than what is due."""

    kind: str
    received: Decimal


@dataclass(frozen=True)
class Settled:
    """A tender after change: ``received - change == amount``."""

    kind: str
    amount: Decimal
    received: Decimal
    change: Decimal


def settle(quote: Quote, tenders: Sequence[Tender]) -> list[Settled]:
    """Check the tenders against the amount due and work out the change; InvalidTender in words otherwise.

    Each kind at most once, each above zero, only cash in excess. Stored value needs a member who has it. What count
    passes pay comes first, on its own.
    """
    if len({tender.kind for tender in tenders}) != len(tenders):
        raise InvalidTender(_("Each way of paying can be used once."))
    for tender in tenders:
        if tender.kind not in TenderKind.typed():
            raise InvalidTender(_("There is no such way of paying."))
        if not tender.received.is_finite() or tender.received <= 0 or tender.received != tender.received.quantize(CENT):
            raise InvalidTender(_("Each amount must be above 0 with at most two decimals."))
    paid = sum((tender.received for tender in tenders), ZERO)
    cash = sum((tender.received for tender in tenders if tender.kind == TenderKind.CASH), ZERO)
    change = paid - quote.due
    if change < 0:
        raise InvalidTender(_("¥%(missing)s are still missing.") % {"missing": -change})
    if change and change >= cash:
        # Change comes out of cash that was handed over; the rest may not exceed what is due.
        raise InvalidTender(_("The tenders are ¥%(excess)s above the amount due.") % {"excess": change})
    _check_wallet(quote, tenders)
    by_pass = quote.pass_paid
    return [Settled(TenderKind.PASS.value, by_pass, by_pass, ZERO)] * bool(by_pass) + [
        Settled(
            kind=tender.kind,
            amount=tender.received - (change if tender.kind == TenderKind.CASH else ZERO),
            received=tender.received,
            change=change if tender.kind == TenderKind.CASH else ZERO,
        )
        for tender in tenders
    ]


def _check_wallet(quote: Quote, tenders: Sequence[Tender]) -> None:
    wallet = next((tender for tender in tenders if tender.kind == TenderKind.WALLET), None)
    if wallet is None:
        return
    if quote.member is None:
        raise InvalidTender(_("Stored value needs a member."))
    if wallet.received > quote.member.spendable_wallet:
        raise InvalidTender(
            _("The stored value is ¥%(balance)s; ¥%(wanted)s cannot be paid from it.")
            % {"balance": quote.member.spendable_wallet, "wanted": wallet.received}
        )
