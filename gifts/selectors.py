"""Reads of recharge plans."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from core import days
from gifts.models import RechargePlan
from stores.models import Store


def list_plans() -> QuerySet[RechargePlan]:
    """All plans with their stores, in the order of the buttons."""
    return RechargePlan.objects.prefetch_related("stores").order_by("-is_active", "position", "amount", "pk")


def get_plan(pk: int) -> RechargePlan:
    """One plan; RechargePlan.DoesNotExist."""
    return RechargePlan.objects.get(pk=pk)


def list_plans_for(*, store: Store, at: datetime) -> list[RechargePlan]:
    """What the cashier of a store can offer now, in the order of the buttons, one statement."""
    day = days.local_day(at)
    plans = RechargePlan.objects.filter(Q(stores=None) | Q(stores=store), is_active=True).distinct()
    return [plan for plan in plans.order_by("position", "amount", "pk") if plan.is_offered_on(day)]


def best_plan(*, amount: Decimal, store: Store, at: datetime) -> RechargePlan | None:
    """The one plan that a free amount gets (R-W12: the best single one, never several), or None.

    Of the plans whose amount is reached: the most bonus money, then the most points, then bonus that lasts longer.
    """
    reached = [plan for plan in list_plans_for(store=store, at=at) if plan.amount <= amount]
    forever = 100_000
    return max(
        reached,
        key=lambda plan: (plan.bonus, plan.points, forever if plan.bonus_days is None else plan.bonus_days),
        default=None,
    )
