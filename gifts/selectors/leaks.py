"""What could not be taken back when the reason of a gift was gone (R-T12, R-K9, R-W12)."""

from datetime import date
from decimal import Decimal

from django.db.models import ExpressionWrapper, F, QuerySet, Sum
from django.db.models.fields import DecimalField
from django.db.models.functions import Round

from core import days
from gifts.models import GrantItem

LOST = (GrantItem.State.USED, GrantItem.State.KEPT)


def list_leaks(*, since: date | None = None, until: date | None = None, kind: str = "") -> QuerySet[GrantItem]:
    """Parts of packages and packs that were used or kept, with ``worth``: what the used part cost the shop at most,
    None where that is unknown. By shop days, both ends included.
    """
    rows = (
        GrantItem.objects.filter(state__in=LOST, used__gt=0, grant__taken_back_at__isnull=False)
        .select_related("grant__member", "grant__pack", "grant__plan", "grant__store")
        .annotate(
            lost_at=F("grant__taken_back_at"),
            worth=Round(
                ExpressionWrapper(F("cost") * F("used") / F("quantity"), DecimalField(max_digits=20, decimal_places=6)),
                2,
            ),
        )
    )
    if since is not None:
        rows = rows.filter(grant__taken_back_at__gte=days.start_of(since))
    if until is not None:
        rows = rows.filter(grant__taken_back_at__lt=days.end_of(until))
    return rows.filter(kind=kind) if kind else rows


def worth_of(leaks: QuerySet[GrantItem]) -> Decimal:
    """What all of them cost at most, as far as that is known."""
    total: Decimal | None = leaks.aggregate(total=Sum("worth"))["total"]
    return total or Decimal("0.00")
