"""What the checkout screen shows, as ready values: the sale, the member's card, coupons, points and tenders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

import coupons.selectors
from checkout.models import Basket, Shift, TenderKind, Till
from checkout.pricing import engine
from checkout.pricing.model import Quote
from checkout.selectors import pricing
from checkout.selectors.coupons import CouponView, coupon_views
from core import settings
from core.days import local_day
from core.money import ZERO
from coupons.rules import CouponTerms
from members import rules as birthdays
from members.models import Member
from passes.rules import Terms as PassTerms
from stores.models import Staff

TIER_BADGES = {"normal": "tier-0", "silver": "tier-1", "gold": "tier-2", "diamond": "tier-3"}


@dataclass(frozen=True)
class Desk:
    """Where a cashier works: the till that the browser is bound to, its open shift, its basket, what is put aside."""

    till: Till
    shift_id: int | None
    held_count: int
    basket: Basket | None


def find_desk(staff: Staff, till_id: int) -> Desk | None:
    """The desk of a bound till, in one statement where a sale is open; None for a till that the person may not use."""
    basket: Basket | None = (
        _usable(Basket.objects.visible_to(staff), "till__")
        .filter(till_id=till_id, status=Basket.Status.OPEN)
        .select_related("till__store", "store", "member")
        .annotate(**_counts("till_id", "store_id"))
        .first()
    )
    if basket is not None:
        return Desk(basket.till, basket.shift_id, basket.held_count, basket)  # type: ignore[attr-defined]  # annotated
    till: Till | None = (
        _usable(Till.objects.visible_to(staff))
        .filter(pk=till_id)
        .select_related("store")
        .annotate(**_counts("pk", "store_id"))
        .first()
    )
    if till is None:
        return None
    return Desk(till, till.shift_id, till.held_count, None)  # type: ignore[attr-defined]  # annotated


def _usable(rows: QuerySet[Any], prefix: str = "") -> QuerySet[Any]:
    return rows.filter(**{f"{prefix}is_active": True, "store__is_active": True})


def _counts(till: str, store: str) -> dict[str, Any]:
    shift = Shift.objects.filter(till_id=OuterRef(till), closed_at__isnull=True).order_by().values("pk")[:1]
    held = (
        Basket.objects.filter(store_id=OuterRef(store), status=Basket.Status.HELD)
        .order_by()
        .values("store_id")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return {"shift_id": Subquery(shift), "held_count": Coalesce(Subquery(held), 0)}


@dataclass(frozen=True)
class Reason:
    """A reduction of a line and why."""

    kind: str
    label: str
    amount: Decimal


#: Tells two lines of a sale apart: the goods, and the count pass that pays them, if any.
LineKey = tuple[int, int | None]


@dataclass(frozen=True)
class PassOffer:
    """A count pass that can pay something; ``left`` counts what this sale leaves, None for as many as wanted."""

    pass_id: int
    name: str
    left: int | None
    last_on: date | None
    is_shared: bool = False


@dataclass(frozen=True)
class PassUse:
    """What the member is asked to agree to."""

    name: str
    uses: int
    left: int | None


@dataclass(frozen=True)
class LineView:
    """A line of the sale."""

    product_id: int
    pass_id: int | None
    by_pass: str
    offers: tuple[PassOffer, ...]
    name: str
    code: str
    quantity: Decimal
    list_price: Decimal
    list_amount: Decimal
    net: Decimal
    reasons: tuple[Reason, ...]
    is_current: bool

    @property
    def key(self) -> str:
        """What a form names this line by."""
        return str(self.product_id) if self.pass_id is None else f"{self.product_id}-{self.pass_id}"

    @property
    def less(self) -> Decimal | None:
        """One piece less, for a finger; None for the last one and for weighed goods."""
        return self.quantity - 1 if self.quantity > 1 and self.more else None

    @property
    def more(self) -> Decimal | None:
        """One piece more; None for weighed goods."""
        return self.quantity + 1 if self.quantity == int(self.quantity) else None


@dataclass(frozen=True)
class TenderView:
    """A way of paying with what was typed; ``most`` limits stored value to what the member has."""

    kind: str
    label: str
    number: int
    value: str
    most: Decimal | None
    is_offered: bool


@dataclass(frozen=True)
class MemberCard:
    """The customer as the cashier should greet them."""

    member: Member
    tier_name: str
    tier_badge: str
    principal: Decimal
    bonus: Decimal
    points: int
    debt: int
    coupon_count: int
    usable_count: int
    birthday: str
    notes: str
    passes: tuple[PassOffer, ...] = ()
    cards: tuple[Mapping[str, Any], ...] = ()
    perks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SaleView:
    """Everything right and left of a sale that was priced."""

    basket: Basket
    quote: Quote
    fingerprint: str
    lines: tuple[LineView, ...]
    reasons: tuple[Reason, ...]
    tenders: tuple[TenderView, ...]
    card: MemberCard | None
    coupons: tuple[CouponView, ...]
    refused: tuple[tuple[CouponTerms, str], ...]
    current: LineKey | None
    pass_uses: tuple[PassUse, ...] = ()
    is_agreed: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing was scanned yet."""
        return not self.lines

    @property
    def coupons_save(self) -> Decimal:
        """What all coupons used take off together."""
        return sum((one.saves for one in self.coupons if one.is_chosen), ZERO)

    @property
    def are_coupons_by_hand(self) -> bool:
        """Whether the cashier chose, so that the best choice can be asked for again."""
        return bool(self.basket.coupon_ids) or not self.basket.use_coupon

    @property
    def pass_line(self) -> LineView | None:
        """The line that a pass is offered for: the current one, else the first that one covers."""
        offered = [line for line in self.lines if line.offers]
        return next((line for line in offered if line.is_current), offered[0] if offered else None)


def adjustment_label(source: str, label: str) -> str:
    """A reduction in the words of the screen; tiers and coupons go by their own names."""
    kind = source.partition(":")[0]
    if kind == "member_price":
        return _("Member price")
    if kind == "tier":
        if source.endswith(":category"):
            return _("%(tier)s price of the category") % {"tier": label}
        return _("%(tier)s price") % {"tier": label}
    if kind == "points":
        return _("%(points)s points") % {"points": f"{int(label or 0):,}"}
    if kind == "rounding":
        return _("Rounding")
    if kind == "pass":
        return _("Pass %(name)s") % {"name": label}
    return label or kind


def shown_quote(basket: Basket, at: datetime) -> Quote:
    """The price for looking at: that of the last quote while it is valid, else a new one. Writes nothing."""
    frozen = None
    if basket.quote is not None and basket.quoted_at is not None and at < basket.quoted_at + pricing.QUOTE_VALID:
        frozen = pricing.Frozen.from_json(basket.quote)
    return pricing.price_basket(basket, frozen or pricing.get_frozen(basket.member_id, at), at)


def sale_view(
    basket: Basket,
    quote: Quote,
    at: datetime,
    *,
    current: LineKey | None = None,
    typed: Mapping[str, str] | None = None,
    terms: Sequence[PassTerms] = (),
) -> SaleView:
    """Arrange a priced basket for the screen; no statement but for birthdays of leap months.

    ``terms`` are the count passes that the member can use here now, in the order in which they are offered.
    """
    keys = [(line.line.product_id, line.line.pass_id) for line in quote.lines]
    if current not in keys:
        current = keys[-1] if keys else None
    offers = [(one, _offer(one, basket)) for one in terms]
    return SaleView(
        basket=basket,
        quote=quote,
        fingerprint=engine.fingerprint(quote),
        lines=_lines(quote, current, offers),
        reasons=tuple(
            Reason(one.source.partition(":")[0], adjustment_label(one.source, one.label), one.amount)
            for one in quote.adjustments
        ),
        tenders=_tenders(quote, typed or {}),
        card=_card(basket.member, quote, at, tuple(offer for _terms, offer in offers)),
        coupons=coupon_views(quote),
        refused=tuple(
            (one.terms, coupons.selectors.explain_refusal(terms=one.terms, refusal=one.refusal))
            for one in quote.refused_coupons
        ),
        current=current,
        pass_uses=_pass_uses(quote, {one.pass_id: offer.left for one, offer in offers}),
        is_agreed=bool((typed or {}).get("pass_agreed")),
    )


def _offer(terms: PassTerms, basket: Basket) -> PassOffer:
    return PassOffer(terms.pass_id, terms.name, pricing.uses_left(terms, basket), terms.last_on, terms.is_shared)


def _pass_uses(quote: Quote, left: Mapping[int, int | None]) -> tuple[PassUse, ...]:
    found: dict[int, PassUse] = {}
    for _position, line in quote.pass_paid_lines:
        if (use := line.line.by_pass) is not None:
            uses = use.uses + (found[use.pass_id].uses if use.pass_id in found else 0)
            found[use.pass_id] = PassUse(use.name, uses, left.get(use.pass_id))
    return tuple(found.values())


def _lines(
    quote: Quote, current: LineKey | None, offers: Sequence[tuple[PassTerms, PassOffer]]
) -> tuple[LineView, ...]:
    return tuple(
        LineView(
            product_id=priced.line.product_id,
            pass_id=priced.line.pass_id,
            by_pass="" if priced.line.by_pass is None else priced.line.by_pass.name,
            offers=tuple(
                offer
                for terms, offer in offers
                if priced.line.by_pass is None
                and priced.line.product_id in terms.product_ids
                and priced.line.quantity == int(priced.line.quantity)
                and (offer.left is None or offer.left > 0)
            ),
            name=priced.line.name,
            code=priced.line.sku,
            quantity=priced.line.quantity,
            list_price=priced.line.list_price,
            list_amount=priced.list_amount,
            net=priced.net,
            reasons=tuple(
                Reason(one.source.partition(":")[0], adjustment_label(one.source, one.label), one.parts[position])
                for one in quote.adjustments
                if one.parts[position]
            ),
            is_current=(priced.line.product_id, priced.line.pass_id) == current,
        )
        for position, priced in enumerate(quote.lines)
    )


def _tenders(quote: Quote, typed: Mapping[str, str]) -> tuple[TenderView, ...]:
    wallet = quote.member.spendable_wallet if quote.member else ZERO
    return tuple(
        TenderView(
            kind=kind.value,
            label=str(kind.label),
            number=number,
            value=typed.get(kind.value, ""),
            most=wallet if kind == TenderKind.WALLET else None,
            is_offered=kind != TenderKind.WALLET or wallet > 0 or bool(typed.get(kind.value)),
        )
        for number, kind in enumerate(TenderKind.typed(), start=1)
    )


def tier_badge(code: str) -> str:
    """The colour of a level's badge; levels that the owner made share one."""
    return TIER_BADGES.get(code, "tier-4")


def _card(member: Member | None, quote: Quote, at: datetime, offers: tuple[PassOffer, ...]) -> MemberCard | None:
    state = quote.member
    if member is None or state is None:
        return None
    owned = [one.terms for one in quote.usable_coupons] + [one.terms for one in quote.refused_coupons]
    return MemberCard(
        member=member,
        tier_name=state.tier_name,
        tier_badge=state.held[0]["colour"] if state.held else tier_badge(state.tier_code),
        principal=state.wallet_principal,
        bonus=state.wallet_bonus,
        points=state.points_balance,
        debt=state.points_debt,
        coupon_count=sum(terms.member_id == member.pk for terms in owned),
        usable_count=len(quote.usable_coupons),
        birthday=birthday_note(member, at),
        notes=member.notes,
        passes=offers,
        cards=state.held[1:],
        perks=tuple(perk["name"] for tier in state.held for perk in tier["perks"]),
    )


def birthday_note(member: Member, at: datetime) -> str:
    """``Birthday today``, ``Birthday on 3/21`` or nothing: this month's celebration in both calendars (rules.md 6)."""
    if member.birth_month is None or member.birth_day is None:
        return ""
    today = local_day(at)
    in_leap = member.birth_month_is_leap and settings.value("members.leap_month_birthdays", at) == "leap"
    for day, celebrated in _celebrations(today.year, today.month, in_leap):
        for one in celebrated:
            same_day = (one.calendar, one.month, one.day) == (
                member.birth_calendar,
                member.birth_month,
                member.birth_day,
            )
            if same_day and one.is_leap in (None, member.birth_month_is_leap):
                if day == today:
                    return _("Birthday today")
                return _("Birthday on %(month)s/%(day)s") % {"month": day.month, "day": day.day}
    return ""


@lru_cache(maxsize=8)
def _celebrations(year: int, month: int, in_leap: bool) -> tuple[tuple[date, list[birthdays.Celebration]], ...]:
    """The celebrations of a month; the same for every member, so they are worked out once."""
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    days = [first + timedelta(days=offset) for offset in range((following - first).days)]
    return tuple((day, birthdays.celebrations(day, in_leap_month=in_leap)) for day in days)
