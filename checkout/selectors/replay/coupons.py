"""A coupon template run over the orders of the last days: who would have used it, where, and what it would have cost.

Reckoned as if every member had held as many of these coupons as one may get, or one, from the first day on, and the
till had taken the best set at every order, as it does. Who would have come because of it, no history knows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from heapq import nlargest
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Min

import coupons.selectors
import points.selectors
import tags.selectors
from checkout.models import Order, RechargeSale
from checkout.pricing.model import CouponContext, Quote
from checkout.selectors.coupons import birthday_distance
from checkout.selectors.frozen import get_rules
from checkout.selectors.replay.orders import PastOrder, PastOrders
from core.days import end_of, local_day, start_of
from core.money import ZERO, floor
from coupons.rules import POINTS_MULTIPLE, RECHARGE, Circumstances, CouponTerms, Stacking
from members.models import Member
from trials.models import Trial
from trials.registry import Progress

CHUNK = 200
SHOWN = 10
ON_TRIAL = 0


@dataclass
class Tally:
    """The figures of a run as it goes on."""

    members: int = 0
    orders: int = 0
    imported: int = 0
    used: int = 0
    differ: int = 0
    discount: Decimal = ZERO
    points: int = 0
    sales: Decimal = ZERO
    sales_used: Decimal = ZERO
    margin: Decimal = ZERO
    margin_after: Decimal = ZERO
    below_cost: int = 0
    gains: Counter[int] = field(default_factory=Counter)
    money: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    refusals: Counter[str] = field(default_factory=Counter)


def run(trial: Trial) -> Iterator[Progress]:
    """The run of a coupon template; the last progress has the result."""
    at = trial.asked_at
    last = local_day(at)
    first = last - timedelta(days=trial.days - 1)
    template = coupons.selectors.get_template(int(trial.subject.partition(":")[2]))
    held = template.member_limit or 1
    offered = coupons.selectors.terms_on_trial(template, begins=start_of(first), ends=end_of(last))
    if offered.kind == RECHARGE:
        yield Progress(100, _recharges(offered, held, first, last))
        return
    rules = get_rules(at)
    orders = PastOrders(rules, points.selectors.get_rule_book(at=at))
    stacking = coupons.selectors.get_stacking(per_order=rules.coupons_per_order)
    buyers = _buyers(first, last)
    tally = Tally()
    for start in range(0, len(buyers), CHUNK):
        members = buyers[start : start + CHUNK]
        facts = _Facts(members, offered)
        for member_id, bought in orders.load(members, first=first, last=last).items():
            _walk(tally, offered, held * offered.uses, member_id, bought, facts, stacking)
        yield Progress(min(99, (start + len(members)) * 100 // len(buyers)))
    worth = floor(Decimal(tally.points * rules.points_face_fen) / rules.points_face_points / 100)
    yield Progress(100, _result(tally, first, last, held, worth))


def _buyers(first: date, last: date) -> list[int]:
    rows = Order.objects.filter(
        member__isnull=False, voided_at__isnull=True, occurred_at__gte=start_of(first), occurred_at__lt=end_of(last)
    )
    return list(rows.order_by("member_id").values_list("member_id", flat=True).distinct())


class _Facts:
    """What the conditions of the coupon ask about members; read only where it asks."""

    def __init__(self, members: Sequence[int], offered: CouponTerms) -> None:
        asked = offered.conditions
        self.within = asked.birthday_days
        self.tags: Mapping[int, Collection[int]] = tags.selectors.list_tag_ids(members) if asked.tags else {}
        self.firsts: dict[int, int] = {}
        if asked.first_order:
            rows = Order.objects.filter(member_id__in=members, voided_at__isnull=True).order_by()
            self.firsts = dict(rows.values_list("member_id").annotate(first=Min("pk")))
        self.people = Member.objects.in_bulk(members) if self.within is not None else {}

    def around(self, order: PastOrder) -> Circumstances:
        """Where, when and for whom an order was."""
        row = order.order
        local = row.priced_at.astimezone(ZoneInfo(row.store.time_zone))
        distance = None
        if self.within is not None and row.member_id is not None:
            distance = birthday_distance(self.people[row.member_id], local.date(), self.within, row.priced_at)
        return Circumstances(
            store_id=row.store_id,
            channel=row.channel,
            local=local,
            tier_codes=frozenset([row.tier_code]),
            tag_ids=frozenset(self.tags.get(row.member_id or 0, ())),
            is_first_order=self.firsts.get(row.member_id or 0) == row.pk,
            birthday_distance=distance,
        )


def _walk(
    tally: Tally,
    offered: CouponTerms,
    left: int,
    member_id: int,
    bought: Sequence[PastOrder],
    facts: _Facts,
    stacking: Stacking,
) -> None:
    tally.members += 1
    for order in bought:
        before = order.price(order.member)
        tally.orders += 1
        tally.imported += order.is_imported
        tally.sales += before.payable
        tally.differ += not order.is_imported and not order.is_reproduced_by(before)
        if left <= 0:
            tally.refusals["used"] += 1
            continue
        context = CouponContext(stacking, facts.around(order))
        mine = replace(offered, member_id=member_id, uses_left=left)
        after = order.price_with(mine, context, is_forced=offered.kind == POINTS_MULTIPLE)
        if offered.coupon_id not in after.coupon_ids:
            tally.refusals[_why_not(after)] += 1
            continue
        left -= 1
        _count_use(tally, member_id, before, after)


def _why_not(quote: Quote) -> str:
    refused = [one.refusal.reason for one in quote.refused_coupons if one.terms.coupon_id == ON_TRIAL]
    unused = [one.refusal.reason for one in quote.usable_coupons if one.terms.coupon_id == ON_TRIAL and one.refusal]
    return (refused + unused + ["not_best"])[0]


def _count_use(tally: Tally, member_id: int, before: Quote, after: Quote) -> None:
    saved = before.payable - after.payable
    tally.used += 1
    tally.discount += saved
    tally.points += after.earns - before.earns
    tally.sales_used += after.payable
    margin, margin_after = _margin(before), _margin(after)
    tally.margin += margin
    tally.margin_after += margin_after
    tally.below_cost += margin_after < 0 <= margin
    tally.gains[member_id] += 1
    tally.money[member_id] += saved


def _margin(quote: Quote) -> Decimal:
    """Of the goods whose cost is known."""
    return sum(
        (line.net - line.line.cost * line.line.quantity for line in quote.lines if line.line.cost is not None), ZERO
    )


def _result(tally: Tally, first: date, last: date, held: int, worth: Decimal) -> dict[str, Any]:
    best = nlargest(SHOWN, ((money, member) for member, money in tally.money.items() if money > 0))
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "held": held,
        "members": tally.members,
        "members_used": len(tally.gains),
        "orders": tally.orders,
        "used": tally.used,
        "orders_imported": tally.imported,
        "orders_differ": tally.differ,
        "discount": str(tally.discount),
        "points": tally.points,
        "points_worth": str(worth),
        "sales": str(tally.sales),
        "sales_used": str(tally.sales_used),
        "margin": _cents(tally.margin),
        "margin_after": _cents(tally.margin_after),
        "below_cost": tally.below_cost,
        "refusals": sorted(tally.refusals.items(), key=lambda one: (-one[1], one[0])),
        "winners": [{"member": member, "money": str(money), "used": tally.gains[member]} for money, member in best],
    }


def _cents(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")))


def _recharges(offered: CouponTerms, held: int, first: date, last: date) -> dict[str, Any]:
    """A coupon for recharges acts on those from its amount on, as often as a member may have it."""
    rows = RechargeSale.objects.filter(
        void__isnull=True, occurred_at__gte=start_of(first), occurred_at__lt=end_of(last)
    ).order_by("occurred_at", "pk")
    tally = Tally()
    for member_id, principal in rows.values_list("member_id", "principal"):
        tally.orders += 1
        tally.sales += principal
        if principal < offered.threshold:
            tally.refusals["threshold"] += 1
        elif tally.gains[member_id] >= held:
            tally.refusals["used"] += 1
        else:
            tally.used += 1
            tally.discount += offered.amount
            tally.sales_used += principal
            tally.gains[member_id] += 1
            tally.money[member_id] += offered.amount
    tally.members = rows.values("member_id").distinct().count()
    return _result(tally, first, last, held, ZERO) | {"is_recharge": True}
