"""Reads of cash that left a drawer for a refund."""

from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from checkout.models import Payout
from core.money import ZERO


def list_payouts(*, shift_id: int) -> QuerySet[Payout]:
    """What was paid out in a shift, the latest first."""
    return Payout.objects.filter(shift_id=shift_id).select_related("member", "actor").order_by("-id")


def payout_total(*, shift_id: int) -> Decimal:
    """The cash that left the drawer in a shift for refunds."""
    total: Decimal = Payout.objects.filter(shift_id=shift_id).aggregate(total=Coalesce(Sum("amount"), ZERO))["total"]
    return total


def get_payout(pk: int) -> Payout:
    """One payout; Payout.DoesNotExist."""
    return Payout.objects.select_related("member", "till").get(pk=pk)
