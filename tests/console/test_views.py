"""Home by role, and whether the house is up."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import Client

from core import dashboard, links
from core.dashboard import Tile
from core.links import Link
from stores.models import Staff


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house with a till, a report and two tiles, whatever the real one has."""
    monkeypatch.setattr(links, "_links", {})
    monkeypatch.setattr(links, "_navigation", [])
    monkeypatch.setattr(dashboard, "_tiles", {})
    links.register_navigation(Link("checkout", "stores:own-pin-edit", "Till", "", "calculator", "till"))
    links.register_navigation(Link("sales", "stores:store-list", "Sales", "stores.view_store", "chart-bar", "reports"))
    dashboard.register(Tile("today", "stores:store-list", "Today", "stores.view_store", width=4))
    dashboard.register(Tile("broken", "nobody:home", "Broken"))


def test_a_cashier_goes_straight_to_the_till(house: None, client_for: Any, cashier: Staff) -> None:
    response = client_for(cashier).get("/")

    assert response.status_code == 302
    assert response["Location"] == "/stores/own-pin/"


def test_who_looks_after_staff_stays_on_the_overview(house: None, client_for: Any, manager: Staff) -> None:
    manager.user_permissions.add(Permission.objects.get(codename="view_staff"))

    assert client_for(manager).get("/").status_code == 200


def test_others_get_the_tiles_of_their_rights_loaded_lazily(house: None, client_for: Any, owner: Staff) -> None:
    owner.is_superuser = True
    owner.save()

    html = client_for(owner).get("/").content.decode()

    assert 'hx-get="/stores/"' in html
    assert 'hx-trigger="load"' in html
    assert "Today" in html
    assert "Broken" not in html


def test_home_says_what_to_do_where_there_is_nothing(
    monkeypatch: pytest.MonkeyPatch, client_for: Any, cashier: Staff
) -> None:
    monkeypatch.setattr(links, "_links", {})
    monkeypatch.setattr(links, "_navigation", [])
    monkeypatch.setattr(dashboard, "_tiles", {})
    client = client_for(cashier)
    client.cookies["django_language"] = "en"

    assert "Nothing to show yet" in client.get("/").content.decode()


def test_health_needs_no_person_and_asks_the_database(client: Client, db: None) -> None:
    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json() == {"status": "up"}
    assert "no-store" in response["Cache-Control"]


def test_health_is_down_without_the_database(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise OperationalError("secret address")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        response = client.get("/health/")

    assert response.status_code == 503
    assert response.json() == {"status": "down"}
    assert b"secret" not in response.content
