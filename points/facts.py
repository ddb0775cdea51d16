"""Facts about members that points offers to tags and filters."""

from datetime import datetime, timedelta

from django.db.models import BigIntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core import days
from core.facts import Fact, Param, Params
from points.models import Account, Lot


def balance(now: datetime, params: Params) -> Coalesce:
    """All points of the member, pending ones included."""
    rows = Account.objects.filter(pk=OuterRef("pk")).values("balance")
    return Coalesce(Subquery(rows), Value(0), output_field=BigIntegerField())


def expiring(now: datetime, params: Params) -> Coalesce:
    """Points whose last day is one of the next ``days`` days, today included."""
    end = days.end_of(days.local_day(now) + timedelta(days=int(params["days"]) - 1))
    rows = Lot.objects.filter(account_id=OuterRef("pk"), remaining__gt=0, expires_at__gt=now, expires_at__lte=end)
    summed = rows.order_by().values("account_id").annotate(figure=Sum("remaining")).values("figure")
    return Coalesce(Subquery(summed), Value(0), output_field=BigIntegerField())


FACTS = (
    Fact("points.balance", _("Points"), "integer", balance),
    Fact(
        "points.expiring",
        _("Points that expire in the next days"),
        "integer",
        expiring,
        params=(Param("days", _("days"), 30, 1, 3660),),
    ),
)
