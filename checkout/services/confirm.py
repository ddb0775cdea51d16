"""The sale: everything happens in one transaction, wholly or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

import campaigns.services
import coupons.services
import passes.services
import points.selectors
import points.services
import tiers.services
import wallet.selectors
import wallet.services
from audit.services import Result, run_command
from campaigns.selectors import HAS_REWARDS
from checkout.models import Basket, Shift
from checkout.pricing import engine
from checkout.pricing.model import Quote
from checkout.selectors import pricing
from checkout.services import recording
from checkout.services.basket import check_member, lock_open_basket
from checkout.services.errors import InvalidLine, QuoteChanged
from checkout.services.tenders import Settled, Tender, settle
from checkout.services.tills import lock_open_shift
from core import audit
from core.days import local_day
from core.money import ZERO, allocate, floor
from jobs.services import enqueue_on_commit
from members.services import hold_member
from stores.models import Staff


@dataclass(frozen=True)
class Sale:
    """A sale on its way through the ledgers: the document, the price, and who, where and when."""

    order_id: int
    basket: Basket
    shift: Shift
    quote: Quote
    frozen: pricing.Frozen
    tenders: list[Settled]
    actor: Staff
    at: datetime
    pin_proof: UUID | None = None
    pass_agreed: bool = False
    has_rewards: bool = False

    @property
    def source(self) -> str:
        """What ledger entries name as their cause."""
        return f"order:{self.order_id}"

    def key(self, step: str) -> str:
        """The idempotency key of one step."""
        return f"checkout:{self.basket.pk}:{step}"

    @property
    def shares(self) -> list[list[Decimal]]:
        """What each tender pays of each line."""
        return engine.tender_shares(self.quote, [(tender.kind, tender.amount) for tender in self.tenders])

    def bonus_by_line(self, bonus: Decimal) -> list[Decimal]:
        """The bonus in the stored-value tender over the lines that it pays (R-P1)."""
        if not bonus:
            return [ZERO] * len(self.quote.lines)
        parts = next(parts for tender, parts in zip(self.tenders, self.shares, strict=True) if tender.kind == "wallet")
        return allocate(bonus, parts)

    @property
    def list_due(self) -> Decimal:
        """What the goods that no pass pays cost at list prices."""
        return sum((line.list_amount for line in self.quote.lines if line.line.by_pass is None), ZERO)

    @property
    def wallet_amount(self) -> Decimal:
        """What is paid from stored value."""
        return sum((tender.amount for tender in self.tenders if tender.kind == "wallet"), ZERO)


def confirm_sale(
    *,
    key: UUID,
    basket_id: UUID,
    fingerprint: str,
    tenders: Sequence[Tender],
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None = None,
    pass_agreed: bool = False,
) -> int:
    """Sell the basket at the price that was shown and return the order's id (R-C1).

    ``fingerprint`` is of the quote on the cashier's screen. The same ``key`` with the same content returns the first
    order; ``pin_proof`` is no part of it, because one that was used with a lost answer cannot be given again. It goes
    to stored value, where more than the day's limit needs the member's PIN (R-W10). ``pass_agreed`` is the cashier's
    word that the member agrees to the uses of count passes. QuoteChanged where a price, the
    member or an asset changed since: nothing is written. Other refusals: BasketClosed, NoShift, InvalidTender,
    MemberNotUsable, InvalidLine (empty), and those of the ledgers.
    """
    content = {
        "basket": basket_id,
        "fingerprint": fingerprint,
        "tenders": [[tender.kind, tender.received] for tender in tenders],
    }
    result = run_command(
        name="checkout.confirm",
        key=key,
        content=content,
        actor=actor,
        execute=lambda: _confirm(basket_id, fingerprint, tenders, actor, at, pin_proof, pass_agreed),
    )
    return int(result["order"])


def _confirm(
    basket_id: UUID,
    shown: str,
    tenders: Sequence[Tender],
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None,
    pass_agreed: bool,
) -> Result:
    basket = lock_open_basket(basket_id)
    shift = lock_open_shift(basket.till_id)
    if not basket.lines:
        raise InvalidLine(_("Scan something first."))
    if basket.member_id is None:
        return {"order": _sell(basket, shift, shown, tenders, actor, at, pin_proof, pass_agreed)}
    with hold_member(basket.member_id) as member:
        check_member(member)
        basket.member = member
        return {"order": _sell(basket, shift, shown, tenders, actor, at, pin_proof, pass_agreed)}


def _sell(
    basket: Basket,
    shift: Shift,
    shown: str,
    tenders: Sequence[Tender],
    actor: Staff,
    at: datetime,
    pin_proof: UUID | None,
    pass_agreed: bool,
) -> int:
    quote, frozen = _agreed_quote(basket, shown, at)
    order_id, has_rewards = _next_order()
    sale = Sale(
        order_id=order_id,
        basket=basket,
        shift=shift,
        quote=quote,
        frozen=frozen,
        tenders=settle(quote, tenders),
        actor=actor,
        at=at,
        pin_proof=pin_proof,
        pass_agreed=pass_agreed,
        has_rewards=has_rewards,
    )
    outcome = _move_value(sale)
    recording.record(sale, outcome)
    audit.record(
        "order.confirmed", actor=actor, subject=sale.source, at=at, store=basket.store, payable=str(quote.payable)
    )
    if basket.member_id is not None:
        enqueue_on_commit("tags.retag_member", member_id=basket.member_id)
    return sale.order_id


def _next_order() -> tuple[int, bool]:
    """The order's id, and whether the shop gives anything with orders: read here, so that no sale pays for asking.

    Ids come from the sequence up front, so that ledger entries can name an order that is written last.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_ORDER)
        order_id, has_rewards = cursor.fetchone()
        return int(order_id), bool(has_rewards)


_NEXT_ORDER = sql.SQL("SELECT nextval(pg_get_serial_sequence('checkout_order', 'id')), {}").format(HAS_REWARDS)


def _agreed_quote(basket: Basket, shown: str, at: datetime) -> tuple[Quote, pricing.Frozen]:
    """The quote that was shown, priced again under the lock; QuoteChanged where it is not the same any more."""
    if basket.quote is None or basket.quoted_at is None:
        raise InvalidLine(_("Scan something first."))
    frozen = pricing.Frozen.from_json(basket.quote)
    is_valid = at < basket.quoted_at + pricing.QUOTE_VALID
    if not is_valid:
        frozen = pricing.get_frozen(basket.member_id, at)
    quote = pricing.price_basket(basket, frozen, at)
    figures = basket.quote["figures"]
    same = engine.fingerprint(quote) == basket.fingerprint
    if not is_valid:
        # An old quote goes on unasked where the customer pays and uses the same (R-C1).
        fresh = pricing.summary(quote)
        same = all(fresh[name] == figures.get(name, []) for name in ("payable", "points_used", "coupon_ids", "passes"))
    if not same or shown != basket.fingerprint:
        raise QuoteChanged(
            _("The price has changed since it was shown. Nothing was charged."), quote, _differences(figures, quote)
        )
    return quote, frozen


def _differences(figures: dict[str, object], quote: Quote) -> list[tuple[str, str, str]]:
    fresh = pricing.summary(quote)
    before = {(line["product_id"], line.get("pass_id")): line for line in figures["lines"]}  # type: ignore[attr-defined]  # our own JSON
    now = {(line["product_id"], line["pass_id"]): line for line in fresh["lines"]}
    rows = [
        (line["name"], line["net"], now[key]["net"] if key in now else "")
        for key, line in before.items()
        if key not in now or now[key]["net"] != line["net"]
    ]
    if figures["points_used"] != fresh["points_used"]:
        rows.append((_("Points used"), str(figures["points_used"]), str(fresh["points_used"])))
    if figures["payable"] != fresh["payable"]:
        rows.append((_("Amount due"), str(figures["payable"]), str(fresh["payable"])))
    return rows


def _move_value(sale: Sale) -> recording.Outcome:
    """Points, wallet, coupons, points earned and tier, in the one lock order (rules.md 0.3)."""
    quote, basket = sale.quote, sale.basket
    member_id = basket.member_id
    outcome = recording.Outcome(earned_by_line=[0] * len(quote.lines), bonus_by_line=[ZERO] * len(quote.lines))
    where: dict[str, Any] = {"source": sale.source, "at": sale.at, "store": basket.store, "actor": sale.actor}
    if member_id is not None and quote.points_used:
        outcome.points_entry = points.services.spend(
            member_id=member_id, points=quote.points_used, idempotency_key=sale.key("points"), **where
        )
    if member_id is not None and sale.wallet_amount:
        outcome.wallet_entry = wallet.services.debit(
            member_id=member_id,
            amount=sale.wallet_amount,
            # What the same goods would have cost without any discount, for legal refunds later (R-W6).
            list_amount=floor(sale.list_due * sale.wallet_amount / quote.due),
            idempotency_key=sale.key("wallet"),
            pin_proof=sale.pin_proof,
            **where,
        )
        outcome.wallet_bonus = -outcome.wallet_entry.bonus
        outcome.bonus_by_line = sale.bonus_by_line(outcome.wallet_bonus)
    if member_id is not None and quote.pass_paid_lines:
        outcome.pass_entries = _use_passes(sale, member_id)
    for taken in sorted(quote.coupons, key=lambda one: (one.terms.template_id, one.terms.coupon_id)):
        coupons.services.redeem(
            coupon_id=taken.terms.coupon_id,
            member_id=member_id,
            amount=taken.amount,
            idempotency_key=sale.key(f"coupon:{taken.terms.coupon_id}"),
            **where,
        )
    if member_id is not None:
        if sale.has_rewards:
            _reward(sale, member_id, outcome)
        _earn(sale, member_id, outcome)
    return outcome


def _reward(sale: Sale, member_id: int, outcome: recording.Outcome) -> None:
    """What comes with an order of this amount (R-K9); points in it stand before those that the order earns.

    The receipt's balances include points and bonus money of it.
    """
    outcome.reward = campaigns.services.give_order_reward(
        order_id=sale.order_id,
        member_id=member_id,
        amount=sale.quote.due,
        at=sale.at,
        store=sale.basket.store,
        actor=sale.actor,
    )
    if outcome.reward is not None and outcome.reward.points:
        outcome.points_entry = points.selectors.find_entry(idempotency_key=f"{outcome.reward.source}:points")
    if outcome.reward is not None and outcome.reward.gives_bonus:
        outcome.wallet_entry = wallet.selectors.find_entry(idempotency_key=f"{outcome.reward.source}:bonus")


def _use_passes(sale: Sale, member_id: int) -> list[Any]:
    items = [
        passes.services.Item(
            pass_id=use.pass_id,
            product_id=line.line.product_id,
            uses=use.uses,
            value=use.value,
            list_amount=line.list_amount,
            key=sale.key(f"pass:{position}"),
        )
        for position, line in sale.quote.pass_paid_lines
        if (use := line.line.by_pass) is not None
    ]
    return list(
        passes.services.use(
            items=items,
            member_id=member_id,
            is_agreed=sale.pass_agreed,
            priced_on=local_day(sale.quote.priced_at),
            source=sale.source,
            at=sale.at,
            store=sale.basket.store,
            actor=sale.actor,
        )
    )


def _earn(sale: Sale, member_id: int, outcome: recording.Outcome) -> None:
    quote, basket = sale.quote, sale.basket
    bases = quote.earning_nets
    if not sale.frozen.rules.bonus_earns:
        bases = [base - bonus for base, bonus in zip(bases, outcome.bonus_by_line, strict=True)]
    where: dict[str, Any] = {"source": sale.source, "at": sale.at, "store": basket.store, "actor": sale.actor}
    earning = points.services.earn_for_order(
        member_id=member_id,
        lines=engine.earn_lines([line.line for line in quote.lines], bases),
        terms=engine.earn_terms(sale.frozen.rules, quote.multiple),
        idempotency_key=sale.key("earned"),
        **where,
    )
    outcome.points_entry = earning.entry or outcome.points_entry
    outcome.earned_by_line = list(earning.reckoning.per_line)
    outcome.points_computed = earning.reckoning.computed
    outcome.points_limited_by = earning.reckoning.limited_by
    tiers.services.record_progress(
        member_id=member_id,
        metrics={
            "spend": quote.due - outcome.wallet_bonus,
            "orders": Decimal(1),
            "points": Decimal(outcome.earned),
        },
        business_on=basket.store.business_day(sale.at),
        idempotency_key=sale.key("progress"),
        **where,
    )
    outcome.tier_change = tiers.services.reevaluate(
        member_id=member_id, business_on=basket.store.business_day(sale.at), **where
    )
