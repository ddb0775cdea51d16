"""From basket to quote: the coupons are chosen, the pipeline is run with them, and the points that the result earns."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from checkout.pricing import choosing, steps
from checkout.pricing.model import (
    BasketLine,
    CouponContext,
    MemberState,
    PricedLine,
    Quote,
    Rules,
    TakenCoupon,
    Wishes,
)
from core.money import ZERO, allocate
from coupons.rules import POINTS_MULTIPLE, CouponTerms
from points import rules as points_rules
from points.rules import EarnLine, EarnTerms

ANYWHERE = CouponContext()


def price(
    lines: Sequence[BasketLine],
    *,
    member: MemberState | None,
    coupons: Sequence[CouponTerms],
    rules: Rules,
    wishes: Wishes,
    at: datetime,
    context: CouponContext = ANYWHERE,
) -> Quote:
    """Price a basket (docs/pricing.md). Deterministic; the same input gives the same quote, fen by fen.

    ``coupons`` are those of the member and bearer coupons that were scanned; the quote says what became of each.
    ``context`` says which go together, and where and when this is.
    """
    start = steps.State(lines=tuple(map(_bare, lines)), rules=rules, priced_at=at, wishes=wishes, member=member)
    found = choosing.look(start, coupons, context)
    picked = choosing.pick(found, wishes)
    end = replace(start, coupons=picked.chosen)
    for step in steps.STEPS:
        end = step(end)
    return _quote(end, found, picked)


def _bare(line: BasketLine) -> BasketLine:
    """A line that a pass pays takes no tier discount, member price, coupon or points, and earns nothing."""
    if line.by_pass is None:
        return line
    return replace(
        line,
        member_price=None,
        takes_tier_discount=False,
        takes_coupons=False,
        takes_points=False,
        points_rate=Decimal(0),
        points_rule=None,
    )


def _quote(end: steps.State, found: choosing.Found, picked: choosing.Picked) -> Quote:
    multiple = points_multiple(end.member, end.rules, end.coupons)
    amounts = {one.source: one.amount for one in end.adjustments}
    taken = tuple(TakenCoupon(terms, amounts.get(f"coupon:{terms.coupon_id}", ZERO)) for terms in end.coupons)
    return Quote(
        lines=tuple(
            PricedLine(line=line, list_amount=list_amount, price_source=source, net=net)
            for line, list_amount, source, net in zip(
                end.lines, end.list_amounts, end.price_sources, end.amounts, strict=True
            )
        ),
        adjustments=end.adjustments,
        payable=end.total,
        priced_at=end.priced_at,
        coupons=taken,
        usable_coupons=choosing.explain_usable(found, picked, taken),
        refused_coupons=tuple(
            refused
            for refused in found.refused
            if refused.terms.coupon_id not in {one.coupon_id for one in end.coupons}
        ),
        coupons_are_best=picked.is_exact,
        points_used=end.points_used,
        points_value=steps.points_value(end.rules, end.points_used),
        points_maximum=end.points_maximum,
        points_maximum_value=steps.points_value(end.rules, end.points_maximum),
        points_wish_cut=end.points_used < end.wishes.points,
        earns=sum(earned_points(end.lines, end.amounts, end.member, end.rules, multiple)),
        multiple=multiple,
        member=end.member,
    )


def points_multiple(member: MemberState | None, rules: Rules, coupons: Sequence[CouponTerms] = ()) -> Decimal:
    """The multiple of this order (R-P3); 1 for walk-in customers. A coupon for more points counts as a campaign."""
    if member is None:
        return Decimal(1)
    campaigns = [terms.multiple for terms in coupons if terms.kind == POINTS_MULTIPLE]
    return points_rules.combine_multiples(rules.multiple_mode, member.points_multiple, campaigns, rules.multiple_cap)


def earned_points(
    lines: Sequence[BasketLine],
    bases: Sequence[Decimal],
    member: MemberState | None,
    rules: Rules,
    multiple: Decimal,
) -> list[int]:
    """Points per line from what was really paid (R-P1, R-P2): one floor per order, within what the caps leave."""
    if member is None:
        return [0] * len(lines)
    terms = earn_terms(rules, multiple)
    return list(points_rules.reckon(earn_lines(lines, bases), terms, member.points_room).per_line)


def earn_lines(lines: Sequence[BasketLine], bases: Sequence[Decimal]) -> list[EarnLine]:
    """The lines as points reckon with them; ``bases`` are what was really paid for each (R-P1)."""
    return [
        EarnLine(base, line.points_rate, line.points_rule, line.is_service)
        for line, base in zip(lines, bases, strict=True)
    ]


def earn_terms(rules: Rules, multiple: Decimal) -> EarnTerms:
    """What the quote's rules say about points of the whole order."""
    return EarnTerms(
        per_yuan=rules.points_per_yuan,
        multiple=multiple,
        caps=rules.points_caps,
        face_points=rules.points_face_points,
        face_fen=rules.points_face_fen,
    )


def tender_shares(quote: Quote, tenders: Sequence[tuple[str, Decimal]]) -> list[list[Decimal]]:
    """What each tender (kind and amount) pays of each line: the parts sum to the line's net and to the tender's amount.

    The tender ``pass`` pays exactly the lines of the passes and the others pay exactly the rest. Those are split with
    what the lines still owe as weights (R-C3), so no part is negative and the last closes all.
    """
    by_pass = [line.net if line.line.by_pass is not None else ZERO for line in quote.lines]
    owed = [line.net - part for line, part in zip(quote.lines, by_pass, strict=True)]
    shares: list[list[Decimal]] = []
    for kind, amount in tenders:
        if kind == "pass":
            shares.append(by_pass)
            continue
        parts = allocate(amount, owed)
        owed = [left - part for left, part in zip(owed, parts, strict=True)]
        shares.append(parts)
    return shares


def fingerprint(quote: Quote) -> str:
    """A digest of what the customer was shown: goods, prices, every reduction, the coupons, the points and the sum."""
    shown = {
        "member": None if quote.member is None else quote.member.member_id,
        "lines": [
            [
                line.line.product_id,
                str(line.line.quantity),
                str(line.line.list_price),
                str(line.list_amount),
                str(line.net),
                line.line.pass_id,
            ]
            for line in quote.lines
        ],
        "adjustments": [
            [int(one.layer), one.source, str(one.amount), [str(part) for part in one.parts]]
            for one in quote.adjustments
        ],
        "coupons": quote.coupon_ids,
        "points": quote.points_used,
        "payable": str(quote.payable),
    }
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
