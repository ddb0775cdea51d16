"""Reads of paid tiers: offers, what members bought, what is left of it, and refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

import members.selectors
from core import days
from members.models import Member
from stores.models import Staff
from tiers.models import Membership, MembershipRefund, PaidPlan, Tier, Track
from tiers.rules.paid import MAXIMUM_DAYS, Remainder, Term, converted_term, new_term, renewed_term

Status = Membership.Status


def list_plans() -> QuerySet[PaidPlan]:
    """All offers with how many were bought, in the order of the buttons, those that are offered first."""
    return (
        PaidPlan.objects.select_related("tier__track")
        .annotate(sold=Count("pk", filter=Q(pk__in=Membership.objects.values("plan"))))
        .order_by("-is_active", "position", "price", "pk")
    )


def get_plan(pk: int) -> PaidPlan:
    """One offer; PaidPlan.DoesNotExist."""
    return PaidPlan.objects.select_related("tier__track").get(pk=pk)


def list_offered() -> QuerySet[PaidPlan]:
    """What a cashier can sell now: active offers of levels that are not retired."""
    rows = PaidPlan.objects.filter(is_active=True, tier__retired_at__isnull=True)
    return rows.select_related("tier__track").order_by("position", "price", "pk")


def list_paid_tiers() -> QuerySet[Tier]:
    """The levels that can be bought: those of paid tracks above the lowest, which means "not on the track"."""
    return (
        Tier.objects.filter(track__kind=Track.Kind.PAID, retired_at__isnull=True, rank__gt=0)
        .select_related("track")
        .order_by("track_id", "rank")
    )


def list_running(*, member_id: int, track_id: int, at: datetime) -> list[Membership]:
    """What a member has bought of a card and not used up yet: the purchase that runs, then those that follow it."""
    rows = Membership.objects.filter(
        member_id=member_id, tier__track_id=track_id, status=Status.ACTIVE, ends_at__gt=at
    ).select_related("tier", "plan")
    return list(rows.order_by("starts_at", "pk"))


def list_member_memberships(member_id: int, at: datetime) -> list[Membership]:
    """All that a member has bought and not used up, of every card; one statement."""
    rows = Membership.objects.filter(member_id=member_id, status=Status.ACTIVE, ends_at__gt=at)
    return list(rows.select_related("tier__track", "plan").order_by("tier__track_id", "starts_at", "pk"))


def lock_membership(pk: int) -> Membership:
    """One purchase, locked; after the member's lock."""
    rows = Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("tier", "store", "member")
    return rows.get(pk=pk)


def get_membership(pk: int) -> Membership:
    """One purchase with what its page shows; Membership.DoesNotExist."""
    return Membership.objects.select_related(
        "member", "tier__track", "plan", "store", "actor", "converted_into", "refund"
    ).get(pk=pk)


def list_converted(pk: int) -> QuerySet[Membership]:
    """The earlier purchases that became part of this one."""
    return Membership.objects.filter(converted_into_id=pk).order_by("starts_at", "pk")


def term_of(bought: Membership) -> Term:
    """The shop days of a purchase."""
    return Term(bought.first_day, bought.last_day)


def remainder_of(bought: Membership, today: date) -> Remainder:
    """What is left of a purchase after ``today``."""
    term = term_of(bought)
    return Remainder(bought.worth, term.left(today), term.total)


#: What becomes of days that are left: the new purchase follows them, or takes them over and starts at once.
APPEND = "append"
CONVERT = "convert"
HOW = (APPEND, CONVERT)


@dataclass(frozen=True)
class Purchase:
    """What buying an offer would give: its days, the anchor that renewals keep, and what it takes over."""

    plan: PaidPlan
    how: str
    term: Term
    anchor: int
    running: tuple[Membership, ...] = ()
    remainders: tuple[Remainder, ...] = ()

    @property
    def converted_days(self) -> int:
        """How many days the purchases that it takes over turn into."""
        return self.term.total - new_term(self.term.first, self.plan.months).total if self.remainders else 0

    @property
    def value(self) -> str:
        """The button at the till, with the price that was shown."""
        return f"{self.plan.pk}:{self.plan.price}:{self.how}"


def purchase_of(plan: PaidPlan, running: Sequence[Membership], how: str, today: date) -> Purchase | None:
    """The days of a purchase of ``today``, or None where it cannot be made that way: another level of the card is
    never appended, and what is left must not last for ever on a cheaper offer.
    """
    if not running:
        return Purchase(plan, APPEND, new_term(today, plan.months), today.day)
    last = running[-1]
    if how == APPEND:
        if last.tier_id != plan.tier_id:
            return None
        term = renewed_term(last.last_day, plan.months, last.anchor_day)
        return Purchase(plan, how, term, last.anchor_day, tuple(running))
    remainders = tuple(remainder_of(one, today) for one in running)
    term = converted_term(today, plan.months, plan.price, remainders)
    if term.total > MAXIMUM_DAYS:
        return None
    # Converted days move the end to another day of the month, which renewals then keep.
    anchor = term.last.day if any(one.left for one in remainders) else today.day
    return Purchase(plan, how, term, anchor, tuple(running), remainders)


def list_purchases(*, member_id: int, at: datetime) -> list[Purchase]:
    """Every way in which a member can buy an offer now, in the order of the buttons; two statements.

    More of the very same offer is only appended: converting it would change nothing but the anchor day.
    """
    today = days.local_day(at)
    running: dict[int, list[Membership]] = {}
    for bought in list_member_memberships(member_id, at):
        running.setdefault(bought.tier.track_id, []).append(bought)
    found = []
    for plan in list_offered():
        of_card = running.get(plan.tier.track_id, [])
        is_same = all((one.plan_id, one.price) == (plan.pk, plan.price) for one in of_card)
        ways = [purchase_of(plan, of_card, how, today) for how in ((APPEND,) if is_same else HOW)]
        found += [one for one in ways if one is not None]
    return found


@dataclass(frozen=True)
class MembershipFilter:
    """What a list is narrowed to; empty fields narrow nothing. Days are shop days, both included."""

    text: str = ""
    status: str = ""
    tier_id: int | None = None
    plan_id: int | None = None
    store_id: int | None = None
    sold_from: date | None = None
    sold_until: date | None = None
    ends_until: date | None = None


def list_memberships(criteria: MembershipFilter, *, at: datetime) -> QuerySet[Membership]:
    """Purchases that fit, unordered. ``status`` may be "running" or "ended" too; ``ends_until`` means those that still
    run, end by then and have no later purchase of the same card behind them.
    """
    rows = Membership.objects.select_related("member", "store", "tier__track", "plan")
    if criteria.text:
        rows = rows.filter(member__in=Member.objects.filter(members.selectors.search_condition(criteria.text)))
    if criteria.status == RUNNING:
        rows = rows.filter(status=Status.ACTIVE, ends_at__gt=at)
    elif criteria.status == ENDED:
        rows = rows.filter(status=Status.ACTIVE, ends_at__lte=at)
    elif criteria.status:
        rows = rows.filter(status=criteria.status)
    equal = {"tier_id": criteria.tier_id, "plan_id": criteria.plan_id, "store_id": criteria.store_id}
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if criteria.sold_from:
        rows = rows.filter(bought_at__gte=days.start_of(criteria.sold_from))
    if criteria.sold_until:
        rows = rows.filter(bought_at__lt=days.end_of(criteria.sold_until))
    if criteria.ends_until:
        rows = rows.filter(pk__in=_last_ones(at, days.end_of(criteria.ends_until)))
    return rows


RUNNING = "running"
ENDED = "ended"


def _last_ones(at: datetime, until: datetime) -> QuerySet[Membership]:
    """The purchases with which a card really ends in that time; renewed ones do not end."""
    later = Membership.objects.filter(
        member_id=OuterRef("member_id"),
        tier__track_id=OuterRef("tier__track_id"),
        status=Status.ACTIVE,
        starts_at__gte=OuterRef("ends_at"),
    )
    return Membership.objects.filter(~Exists(later), status=Status.ACTIVE, ends_at__gt=at, ends_at__lte=until)


def list_ending(*, at: datetime, first: date, last: date, after: int, limit: int) -> list[Membership]:
    """Purchases with which a card ends between these days, by id beyond ``after``; no more than ``limit``."""
    rows = _last_ones(max(at, days.start_of(first)), days.end_of(last)).filter(pk__gt=after)
    return list(rows.select_related("tier").order_by("pk")[:limit])


def list_refunds(membership_id: int | None = None) -> QuerySet[MembershipRefund]:
    """Refunds, unordered; of one purchase, or all."""
    rows = MembershipRefund.objects.select_related(
        "membership__member", "membership__tier", "actor", "approved_by", "paid_by", "store"
    )
    return rows if membership_id is None else rows.filter(membership_id=membership_id)


def list_refunds_for(staff: Staff, *, status: str = "") -> QuerySet[MembershipRefund]:
    """Refunds of the stores that this person may see, unordered (R-S2)."""
    rows = list_refunds()
    if not staff.sees_all_stores:
        rows = rows.filter(store__in=staff.stores.all())
    return rows.filter(status=status) if status else rows


def get_refund(pk: int) -> MembershipRefund:
    """One refund; MembershipRefund.DoesNotExist."""
    return list_refunds().get(pk=pk)


def get_refund_for(staff: Staff, pk: int) -> MembershipRefund | None:
    """One refund, if the person may see its store (R-S2)."""
    return list_refunds_for(staff).filter(pk=pk).first()


def list_refunds_due(*, store_id: int) -> QuerySet[MembershipRefund]:
    """Refunds that wait for their money at a store, the oldest first."""
    return list_refunds().filter(store_id=store_id, status=MembershipRefund.Status.DUE).order_by("refunded_at", "pk")


def total_unused(at: datetime) -> Decimal:
    """What the chain owes on paid tiers: the days after today of all that is bought, each purchase down to the fen."""
    with connection.cursor() as cursor:
        cursor.execute(_UNUSED, {"at": at, "today": days.local_day(at), "zone": days.zone().key})
        total: Decimal = cursor.fetchone()[0]
    return total


_UNUSED = """
SELECT COALESCE(SUM(TRUNC(worth * LEAST(after - 1 - %(today)s::date, after - first) / (after - first), 2)), 0.00)
  FROM (
    SELECT price + credit AS worth,
           (ends_at AT TIME ZONE %(zone)s)::date AS after, (starts_at AT TIME ZONE %(zone)s)::date AS first
      FROM tiers_membership WHERE status = 'active' AND ends_at > %(at)s
  ) bought
"""
