"""Reads of the passes that a shop offers."""

from datetime import datetime

from django.db.models import Q, QuerySet

from core import days
from passes.models import Plan
from stores.models import Store


def list_plans() -> QuerySet[Plan]:
    """All plans with goods and stores, in the order of the buttons."""
    return Plan.objects.prefetch_related("stores", "products").order_by("-is_active", "position", "price", "pk")


def get_plan(pk: int) -> Plan:
    """One plan; Plan.DoesNotExist."""
    return Plan.objects.get(pk=pk)


def list_plans_for(*, store: Store, at: datetime) -> list[Plan]:
    """What the cashier of a store can sell now, in the order of the buttons."""
    day = days.local_day(at)
    plans = Plan.objects.filter(Q(stores=None) | Q(stores=store), is_active=True).distinct()
    return [plan for plan in plans.order_by("position", "price", "pk") if plan.is_offered_on(day)]
