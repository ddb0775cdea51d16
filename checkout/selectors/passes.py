"""Reads of passes sold at the till; a foreign store's sale is a 404 (R-S2)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import Http404

from checkout.models import PassSale
from stores.models import Staff

_AMOUNTS = ("price", "unit_list_price", "received", "change", "wallet_bonus", "invoiceable")


def get_pass_sale_for(staff: Staff, pass_id: int) -> PassSale:
    """The sale of a pass (by the pass's id, which ledger entries name); 404 for another store's."""
    rows = PassSale.objects.select_related("store", "till", "staff", "member", "void", "void__actor")
    if not staff.sees_all_stores:
        rows = rows.filter(store__staff=staff)
    sale = rows.filter(pass_id=pass_id).first()
    if sale is None:
        raise Http404
    return sale


def get_pass_sale(sale_id: int) -> PassSale:
    """One sale of a pass; PassSale.DoesNotExist."""
    return PassSale.objects.get(pk=sale_id)


def pass_sale_view(data: dict[str, Any]) -> dict[str, Any]:
    """A kept receipt of a pass with amounts as numbers again."""
    shown = {name: Decimal(value) if name in _AMOUNTS else value for name, value in data.items()}
    shown["sold_at"] = datetime.fromisoformat(data["sold_at"])
    shown["last_day"] = None if data["last_day"] is None else date.fromisoformat(data["last_day"])
    return shown
