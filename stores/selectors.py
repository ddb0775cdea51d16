"""Reads of stores, staff and settings."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from stores.models import SettingValue, Staff, Store


def list_stores(staff: Staff) -> QuerySet[Store]:
    """The stores this person may see, by code."""
    return Store.objects.visible_to(staff).order_by("code")


def list_active_stores(staff: Staff) -> QuerySet[Store]:
    """The open ones of :func:`list_stores`."""
    return list_stores(staff).filter(is_active=True)


def get_store_for(staff: Staff, pk: int) -> Store:
    """404, not 403: a clerk must not learn that another store's records exist (R-S2)."""
    store = list_stores(staff).filter(pk=pk).first()
    if store is None:
        raise Http404
    return store


def get_store_by_code(code: str) -> Store:
    """One store by its code; Store.DoesNotExist."""
    return Store.objects.get(code=code)


def list_staff() -> QuerySet[Staff]:
    """Everybody, with roles and stores for a list."""
    return Staff.objects.order_by("username").prefetch_related("groups", "stores")


def get_setting_value(code: str, at: datetime) -> Any:
    """The JSON value in force at ``at`` or None; the source behind ``core.settings.value``."""
    row = SettingValue.objects.filter(code=code, effective_at__lte=at).order_by("-effective_at", "-id").first()
    return None if row is None else row.value


def get_setting_values(at: datetime) -> dict[str, Any]:
    """The JSON values in force at ``at`` by code, one statement; the source behind ``core.settings.values``."""
    rows = SettingValue.objects.filter(effective_at__lte=at).order_by("code", "-effective_at", "-id").distinct("code")
    return dict(rows.values_list("code", "value"))


def list_setting_values(at: datetime) -> dict[str, SettingValue]:
    """The rows in force at ``at`` by code, one statement."""
    rows = (
        SettingValue.objects.filter(effective_at__lte=at)
        .select_related("actor")
        .order_by("code", "-effective_at", "-id")
        .distinct("code")
    )
    return {row.code: row for row in rows}
