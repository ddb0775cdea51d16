"""Reads of paid tiers sold at the till; a foreign store's sale is a 404 (R-S2)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import Http404

from checkout.models import TierSale
from stores.models import Staff

_AMOUNTS = ("price", "credit", "received", "change", "wallet_bonus", "invoiceable")
_DAYS = ("first_day", "last_day")


def get_tier_sale_for(staff: Staff, membership_id: int) -> TierSale:
    """The sale of a paid tier (by the purchase's id); 404 for another store's."""
    rows = TierSale.objects.select_related("store", "till", "staff", "member", "void", "void__actor")
    if not staff.sees_all_stores:
        rows = rows.filter(store__staff=staff)
    sale = rows.filter(membership_id=membership_id).first()
    if sale is None:
        raise Http404
    return sale


def get_tier_sale(sale_id: int) -> TierSale:
    """One sale of a paid tier; TierSale.DoesNotExist."""
    return TierSale.objects.get(pk=sale_id)


def tier_sale_view(data: dict[str, Any]) -> dict[str, Any]:
    """A kept receipt of a paid tier with amounts and days as values again."""
    shown = {name: Decimal(value) if name in _AMOUNTS else value for name, value in data.items()}
    shown |= {name: date.fromisoformat(data[name]) for name in _DAYS}
    shown["sold_at"] = datetime.fromisoformat(data["sold_at"])
    return shown
