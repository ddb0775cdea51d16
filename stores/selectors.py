"""Reads of stores, staff and settings."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import Http404

from stores.models import SettingValue, Staff, Store
from stores.roles import OWNER


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


def list_staff_for(editor: Staff) -> QuerySet[Staff]:
    """Everybody for roles that see the whole chain, else the colleagues in the editor's stores (R-S1)."""
    if editor.sees_all_stores:
        return list_staff()
    return list_staff().filter(pk__in=Staff.objects.filter(stores__in=editor.stores.all()).values("pk"))


def get_staff_for(editor: Staff, pk: int) -> Staff:
    """404 for a person of other stores."""
    staff = list_staff_for(editor).filter(pk=pk).first()
    if staff is None:
        raise Http404
    return staff


def list_people_at(store: Store) -> QuerySet[Staff]:
    """Who can take over a till of this store: active people of the store that have a PIN."""
    return store.staff.filter(is_active=True).exclude(pin_hash="").order_by("display_name", "pk")


def list_roles_for(editor: Staff) -> list[Group]:
    """The roles that a person may give: those without a right that the person lacks. Only owners make owners."""
    may_all = editor.is_superuser or editor.groups.filter(name=OWNER).exists()
    held = editor.get_all_permissions()
    return [
        role
        for role in Group.objects.order_by("pk").prefetch_related("permissions__content_type")
        if may_all
        or (
            role.name != OWNER
            and all(f"{right.content_type.app_label}.{right.codename}" in held for right in role.permissions.all())
        )
    ]


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


def list_setting_history(code: str) -> QuerySet[SettingValue]:
    """All dated values of a setting, the latest to begin first; future ones included."""
    return SettingValue.objects.filter(code=code).select_related("actor").order_by("-effective_at", "-id")


def list_coming_settings(at: datetime) -> dict[str, SettingValue]:
    """The next change of each setting that has one in the future."""
    rows = SettingValue.objects.filter(effective_at__gt=at).order_by("code", "effective_at", "-id").distinct("code")
    return {row.code: row for row in rows}


def search_staff(rows: QuerySet[Staff], *, q: str, store: str, status: str) -> QuerySet[Staff]:
    """Narrow a list of staff by a part of the name, a store's id and ``active``, ``off`` or ``all``."""
    if q:
        rows = rows.filter(Q(username__icontains=q) | Q(display_name__icontains=q))
    if store.isascii() and store.isdigit() and len(store) < 10:
        rows = rows.filter(pk__in=Staff.objects.filter(stores=int(store)).values("pk"))
    if status in {"active", "off"}:
        rows = rows.filter(is_active=status == "active")
    return rows
