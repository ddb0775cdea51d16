"""Facts about members that wallet offers to tags and filters."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core import days
from core.facts import Fact, Param, Params
from wallet.models import Account, Entry

MONEY = DecimalField(max_digits=14, decimal_places=2)
ZERO = Value(Decimal("0.00"))


def balance(now: datetime, params: Params) -> Coalesce:
    """Principal and bonus together."""
    rows = Account.objects.filter(pk=OuterRef("pk")).values(total=F("principal") + F("bonus"))
    return Coalesce(Subquery(rows), ZERO, output_field=MONEY)


def recharged(now: datetime, params: Params) -> Coalesce:
    """Principal recharged in the last ``days`` days, today included; voided recharges do not count."""
    since = days.start_of(days.local_day(now) - timedelta(days=int(params["days"]) - 1))
    rows = Entry.objects.filter(
        account_id=OuterRef("pk"),
        kind__in=[Entry.Kind.RECHARGE, Entry.Kind.REVERSAL],
        occurred_at__gte=since,
        occurred_at__lte=now,
    )
    summed = rows.order_by().values("account_id").annotate(figure=Sum("principal")).values("figure")
    return Coalesce(Subquery(summed), ZERO, output_field=MONEY)


FACTS = (
    Fact("wallet.balance", _("Stored value"), "money", balance),
    Fact(
        "wallet.recharged",
        _("Recharged in the last days"),
        "money",
        recharged,
        params=(Param("days", _("days"), 30, 1, 3660),),
    ),
)
