"""Every URL has a row in the permission table, every row a right that exists, and the guard obeys the table."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.shortcuts import resolve_url
from django.test import Client

from core import permissions, roles
from stores.models import Staff, Store
from tests.architecture.conftest import Route
from tests.conftest import make_staff

pytestmark = pytest.mark.django_db


def test_every_url_is_named_and_declared(routes: list[Route]) -> None:
    undeclared = sorted({route.name for route in routes} - set(permissions.table()))

    assert undeclared == []


def test_every_declared_name_is_a_url(routes: list[Route]) -> None:
    assert sorted(set(permissions.table()) - {route.name for route in routes}) == []


def test_every_right_in_the_table_exists() -> None:
    named = set(permissions.table().values()) - {permissions.PUBLIC, permissions.ANY_STAFF}

    assert sorted(named - set(roles.known_rights())) == []


def test_every_right_that_a_role_names_exists() -> None:
    named = {pattern for patterns in roles.TABLE.values() for pattern in patterns if "*" not in pattern}

    assert sorted(named - set(roles.known_rights())) == []


def test_migrating_gives_every_role_its_rights() -> None:
    known = roles.known_rights()
    for role in roles.TABLE:
        group = Group.objects.get(name=role)
        found = {f"{app}.{code}" for app, code in group.permissions.values_list("content_type__app_label", "codename")}
        assert found == roles.rights_of(role, set(known)), role


def test_the_owner_has_every_right_and_the_auditor_changes_nothing() -> None:
    known = set(roles.known_rights())
    auditor = roles.rights_of("auditor", known)

    assert roles.rights_of("owner", known) == known
    assert [right for right in auditor if not right.split(".")[1].startswith(("view_", "see_", "export_"))] == []


def test_a_cashier_exports_nothing_and_reads_no_full_phone() -> None:
    rights = roles.rights_of("cashier", set(roles.known_rights()))

    assert [right for right in rights if "export" in right or "reveal" in right] == []


def test_syncing_again_keeps_groups_that_the_owner_made() -> None:
    own = Group.objects.create(name="evening shift")
    own.permissions.add(Permission.objects.get(codename="view_member"))
    before = roles.sync()

    assert roles.sync() == before
    assert list(own.permissions.values_list("codename", flat=True)) == ["view_member"]


def test_strangers_are_sent_to_the_log_in_page(routes: list[Route]) -> None:
    client = Client()
    open_to_all = [
        route.name
        for route in routes
        if permissions.required_for(route.name) != permissions.PUBLIC
        if not client.get(route.path).headers.get("Location", "").startswith(f"{resolve_url(settings.LOGIN_URL)}?")
    ]

    assert open_to_all == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_right_every_url_is_forbidden(
    routes: list[Route], method: str, client_for: Any, store: Store
) -> None:
    nobody = client_for(make_staff("nobody", "no rights at all", store))
    allowed = []
    for route in routes:
        right = permissions.required_for(route.name)
        if right and right != permissions.PUBLIC and getattr(nobody, method)(route.path).status_code != 403:
            allowed.append(route.name)

    assert allowed == []


@pytest.mark.parametrize("role", list(roles.TABLE))
def test_each_role_opens_what_the_table_gives_it_and_nothing_else(
    routes: list[Route], role: str, client_for: Any, store: Store
) -> None:
    rights = roles.rights_of(role, set(roles.known_rights()))
    client = client_for(make_staff(f"one-{role}", role, store))
    wrong = []
    for route in routes:
        right = permissions.required_for(route.name)
        if not right or right == permissions.PUBLIC:
            continue
        status = client.get(route.path).status_code
        if (status == 403) != (right not in rights) or status >= 500:
            wrong.append(f"{route.name} needs {right}: {status}")

    assert wrong == []


def test_an_undeclared_url_is_refused_even_to_the_owner(
    monkeypatch: pytest.MonkeyPatch, client_for: Any, owner: Staff
) -> None:
    table = permissions.table()
    del table["stores:store-list"]
    monkeypatch.setattr(permissions, "_table", table)

    assert client_for(owner).get("/stores/").status_code == 403
