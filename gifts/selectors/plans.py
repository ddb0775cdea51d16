"""Reads of recharge plans: what each gives, which a member can have, and what was sold of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import coupons.selectors
import wallet.selectors
from core import days
from core.money import ZERO
from gifts.models import Grant, GrantItem, PlanItem, RechargePlan
from stores.models import Store


@dataclass(frozen=True)
class CouponPart:
    """So many coupons of a template; ``is_available`` is False while the template gives none out."""

    template_id: int
    name: str
    amount: Decimal | None
    count: int
    is_available: bool = True


@dataclass(frozen=True)
class GoodsPart:
    """Something to hand over; ``cost`` of one piece, None where it is unknown."""

    product_id: int | None
    name: str
    quantity: Decimal
    cost: Decimal | None = None


@dataclass(frozen=True)
class Terms:
    """Everything that a plan gives, read at once."""

    plan: RechargePlan
    coupons: tuple[CouponPart, ...] = ()
    goods: tuple[GoodsPart, ...] = ()

    @property
    def coupon_value(self) -> Decimal:
        """What the coupons take off at most, as far as that is an amount."""
        return sum((part.amount * part.count for part in self.coupons if part.amount is not None), ZERO)

    def snapshot(self) -> dict[str, Any]:
        """What a recharge keeps of the plan (rules.md 0.5)."""
        plan = self.plan
        return {
            "plan": plan.pk,
            "version": plan.version,
            "name": plan.name,
            "amount": str(plan.amount),
            "bonus": str(plan.bonus),
            "bonus_days": plan.bonus_days,
            "points": plan.points,
            "growth": plan.growth,
            "coupons": [{"template": one.template_id, "name": one.name, "count": one.count} for one in self.coupons],
            "goods": [
                {"product": one.product_id, "name": one.name, "quantity": f"{one.quantity.normalize():f}"}
                for one in self.goods
            ],
        }


@dataclass(frozen=True)
class Offer:
    """A plan for one member; ``refusal`` says in words why the member cannot have it, empty where they can."""

    terms: Terms
    refusal: str = ""

    @property
    def plan(self) -> RechargePlan:
        """The plan itself."""
        return self.terms.plan


@dataclass(frozen=True)
class Sold:
    """What became of a plan: packages that stand, and what they cost at most; ``is_partial``: some cost is unknown."""

    count: int = 0
    cost: Decimal = ZERO
    is_partial: bool = False


def list_plans() -> QuerySet[RechargePlan]:
    """All plans with their stores, in the order of the buttons."""
    return RechargePlan.objects.prefetch_related("stores").order_by("-is_active", "position", "amount", "pk")


def get_plan(pk: int) -> RechargePlan:
    """One plan; RechargePlan.DoesNotExist."""
    return RechargePlan.objects.get(pk=pk)


def read_terms(plans: Iterable[RechargePlan]) -> list[Terms]:
    """The terms of several plans in their order, in three statements however many there are."""
    wanted = list(plans)
    rows = RechargePlan.objects.filter(pk__in=[plan.pk for plan in wanted]).prefetch_related(
        "coupons", Prefetch("items", PlanItem.objects.select_related("product").order_by("pk"))
    )
    parts = {row.pk: row for row in rows}
    templates = coupons.selectors.get_templates(
        {coupon.template_id for row in parts.values() for coupon in row.coupons.all()}
    )
    return [
        Terms(
            plan,
            tuple(
                CouponPart(
                    coupon.template_id,
                    templates[coupon.template_id].name,
                    templates[coupon.template_id].amount,
                    coupon.count,
                    _gives_out(templates[coupon.template_id], coupon.count),
                )
                for coupon in sorted(parts[plan.pk].coupons.all(), key=lambda one: one.template_id)
                if coupon.template_id in templates
            ),
            tuple(_goods(item) for item in parts[plan.pk].items.all()),
        )
        for plan in wanted
    ]


def get_terms(plan: RechargePlan) -> Terms:
    """The terms of one plan."""
    return read_terms([plan])[0]


def _gives_out(template: Any, count: int) -> bool:
    is_active: bool = template.status == template.Status.ACTIVE
    return is_active and (template.total_limit is None or template.issued_count + count <= template.total_limit)


def _goods(item: PlanItem) -> GoodsPart:
    if item.product is None:
        return GoodsPart(None, item.text, item.quantity)
    return GoodsPart(item.product_id, item.product.name, item.quantity, item.product.cost)


def list_plans_for(*, store: Store, at: datetime) -> list[RechargePlan]:
    """What the cashier of a store can offer now, in the order of the buttons, one statement."""
    day = days.local_day(at)
    plans = RechargePlan.objects.filter(Q(stores=None) | Q(stores=store), is_active=True).distinct()
    return [plan for plan in plans.order_by("position", "amount", "pk") if plan.is_offered_on(day)]


def list_offers(*, store: Store, member_id: int, at: datetime) -> list[Offer]:
    """Each plan of a store with all that it gives, and why this member cannot have it where that is so (R-W12)."""
    return with_refusals(read_terms(list_plans_for(store=store, at=at)), member_id=member_id, at=at)


def with_refusals(
    terms: Sequence[Terms], *, member_id: int, at: datetime, except_recharge: int | None = None
) -> list[Offer]:
    """Offers to a member. ``except_recharge`` is the recharge being made, which does not count as an earlier one."""
    had = _had(member_id, at)
    has_recharged = any(one.plan.is_first_only for one in terms) and _has_recharged(member_id, except_recharge)
    return [Offer(one, _refusal(one, *had.get(one.plan.pk, (0, 0)), has_recharged)) for one in terms]


def _had(member_id: int, at: datetime) -> dict[int, tuple[int, int]]:
    """Per plan: how many packages the member had and kept, in all and on the shop day; voided ones do not count."""
    today = days.local_day(at)
    rows = (
        Grant.objects.filter(member_id=member_id, plan__isnull=False)
        .exclude(status=Grant.Status.TAKEN_BACK)
        .values_list("plan_id")
        .annotate(
            ever=Count("pk"),
            today=Count("pk", filter=Q(granted_at__gte=days.start_of(today), granted_at__lt=days.end_of(today))),
        )
    )
    return {plan_id: (ever, on_day) for plan_id, ever, on_day in rows}


def _has_recharged(member_id: int, except_recharge: int | None) -> bool:
    standing = wallet.selectors.list_entries(member_id=member_id, kind="recharge").filter(reversed_by__isnull=True)
    if except_recharge is not None:
        standing = standing.exclude(recharge_id=except_recharge)
    return standing.exists()


def _refusal(terms: Terms, ever: int, today: int, has_recharged: bool) -> str:
    plan = terms.plan
    if plan.is_first_only and has_recharged:
        return _("Only for the first recharge of a member.")
    if plan.member_limit is not None and ever >= plan.member_limit:
        text = ngettext(
            "This member already had it %(count)s time; more is not allowed.",
            "This member already had it %(count)s times; more is not allowed.",
            ever,
        )
        return text % {"count": ever}
    if plan.daily_limit is not None and today >= plan.daily_limit:
        text = ngettext(
            "This member had it %(count)s time today; more is possible tomorrow.",
            "This member had it %(count)s times today; more is possible tomorrow.",
            today,
        )
        return text % {"count": today}
    if plan.total_limit is not None and plan.sold_count >= plan.total_limit:
        return _("All packages of this plan are sold.")
    stopped = next((part.name for part in terms.coupons if not part.is_available), None)
    if stopped is not None:
        return _("The coupon %(name)s that belongs to it is not given out at the moment.") % {"name": stopped}
    return ""


def best_offer(offers: Iterable[Offer], amount: Decimal) -> Offer | None:
    """The one offer that a free amount gets (R-W12: the best single one, never several), or None.

    Of those whose amount is reached and that the member can have: the most bonus money, then the most points, then
    coupons worth more, then the most growth points, then bonus that lasts longer.
    """
    forever = 100_000
    return max(
        (one for one in offers if one.plan.amount <= amount and not one.refusal),
        key=lambda one: (
            one.plan.bonus,
            one.plan.points,
            one.terms.coupon_value,
            one.plan.growth,
            forever if one.plan.bonus_days is None else one.plan.bonus_days,
        ),
        default=None,
    )


def sold_by_plan() -> dict[int, Sold]:
    """Per plan: the packages that stand and what they cost at most, two statements."""
    counts = dict(
        Grant.objects.filter(plan__isnull=False)
        .exclude(status=Grant.Status.TAKEN_BACK)
        .values_list("plan_id")
        .annotate(count=Count("pk"))
    )
    kept = GrantItem.objects.filter(grant__plan__isnull=False).exclude(state=GrantItem.State.TAKEN_BACK)
    costs = {
        plan_id: (total, bool(unknown))
        for plan_id, total, unknown in kept.values_list("grant__plan_id").annotate(
            total=Sum("cost", default=ZERO), unknown=Count("pk", filter=Q(cost__isnull=True))
        )
    }
    return {plan_id: Sold(count, *costs.get(plan_id, (ZERO, False))) for plan_id, count in counts.items()}
