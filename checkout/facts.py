"""Facts about buying, offered to tag rules and audiences: SQL over orders that were not voided."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, Expression, IntegerField, Max, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from checkout.models import Order
from core import facts
from core.days import local_day
from core.facts import Fact, Param, Params

WINDOW = Param("days", _("in the last days"), 30)


def _orders() -> Any:
    return Order.objects.filter(member=OuterRef("pk"), voided_at__isnull=True).order_by()


def _in_window(now: datetime, params: Params) -> Any:
    """The last N days are today and the N-1 before it (R-G2)."""
    first = local_day(now) - timedelta(days=int(params["days"]) - 1)
    return _orders().filter(business_on__gte=first, business_on__lte=local_day(now))


def spend_in_days(now: datetime, params: Params) -> Expression:
    """What the member paid in the window; 0 for none."""
    total = _in_window(now, params).values("member").annotate(total=Sum("payable")).values("total")
    return Coalesce(Subquery(total), Value(Decimal(0)), output_field=DecimalField(max_digits=14, decimal_places=2))


def orders_in_days(now: datetime, params: Params) -> Expression:
    """How many orders in the window; 0 for none."""
    count = _in_window(now, params).values("member").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(count), Value(0), output_field=IntegerField())


def last_visit(now: datetime, params: Params) -> Any:
    """The day of the last order; unknown (NULL) for somebody who never bought."""
    return Subquery(_orders().values("member").annotate(last=Max("business_on")).values("last"))


def register() -> None:
    """Called in ``ready()``."""
    facts.register(
        Fact("checkout.spend_in_days", _("Spend"), "money", spend_in_days, (WINDOW,)),
        Fact("checkout.orders_in_days", _("Orders"), "integer", orders_in_days, (WINDOW,)),
        Fact("checkout.last_visit", _("Last visit"), "date", last_visit),
    )
