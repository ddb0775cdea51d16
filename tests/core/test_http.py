"""Page or fragment, the frame around pages, and refusals in the shop's style."""

from typing import Any

import pytest
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from core import context, dashboard, permissions, views
from core.dashboard import Tile
from stores.models import Staff, Store

LIST = "/stores/staff/"


@pytest.fixture
def staff_reader(owner: Staff) -> Staff:
    owner.is_superuser = True
    owner.save()
    return owner


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_a_list_answers_with_the_page_or_its_part(
    client_for: Any, staff_reader: Staff, headers: dict[str, str], is_page: bool
) -> None:
    response = client_for(staff_reader).get(LIST, headers=headers)

    assert response.status_code == 200
    assert ("<html" in response.content.decode()) is is_page
    assert "HX-Request" in response["Vary"]
    assert "HX-Boosted" in response["Vary"]


def test_the_content_policy_allows_nothing_inline(client: Client, db: None) -> None:
    policy = client.get(reverse("stores:login"))["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "default-src 'self'" in policy


@pytest.mark.parametrize(
    ("header", "cookie", "lang"),
    [
        ("zh-CN", "", "zh-Hans"),
        ("en", "", "zh-Hans"),
        ("en", "zh-hans", "zh-Hans"),
        ("zh-CN", "en", "en"),
        ("fr", "", "zh-Hans"),
    ],
)
def test_the_language_is_the_one_chosen_or_the_shops_whatever_the_browser_prefers(
    client: Client, db: None, header: str, cookie: str, lang: str
) -> None:
    if cookie:
        client.cookies["django_language"] = cookie

    html = client.get(reverse("stores:login"), headers={"Accept-Language": header}).content.decode()

    assert f'<html lang="{lang}"' in html


@pytest.mark.parametrize(("cookie", "shown"), [("dark", True), ("light", True), ('"><script>', False), ("", False)])
def test_the_theme_cookie_is_one_of_two_words(client: Client, db: None, cookie: str, shown: bool) -> None:
    client.cookies["theme"] = cookie

    html = client.get(reverse("stores:login")).content.decode()

    assert (f'data-theme="{cookie}"' in html) is shown
    assert ("data-theme=" in html) is shown


def test_navigation_shows_what_the_person_may_open_and_marks_the_longest_match(
    client_for: Any, cashier: Staff, staff_reader: Staff
) -> None:
    request = RequestFactory().get("/stores/staff/new/")
    request.user = staff_reader
    lines = [item for group in context.navigation(request) for item in group.links]
    request.user = cashier
    none = [item.url for group in context.navigation(request) for item in group.links]

    assert [item.url for item in lines if item.is_current] == ["/stores/staff/"]
    assert "/stores/" in [item.url for item in lines]
    assert "/stores/staff/" not in none


def test_a_refusal_is_a_page_in_style(client_for: Any, cashier: Staff) -> None:
    refused = client_for(cashier).get(reverse("stores:staff-list"))
    missing = client_for(cashier).get("/no-such-page/")

    assert refused.status_code == 403
    assert missing.status_code in {403, 404}
    assert b"page-title" in refused.content


@override_settings(DEBUG=False)
def test_a_form_without_token_is_refused_in_style(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post(reverse("stores:login"), {"username": "a", "password": "b"})

    assert response.status_code == 403
    assert b"page-title" in response.content


def test_the_failure_page_needs_no_database(rf: RequestFactory) -> None:
    response = views.server_error(rf.get("/"))

    assert response.status_code == 500
    assert b"500" in response.content


def test_strangers_are_sent_to_the_login_and_fragments_to_the_page(client: Client, db: None) -> None:
    page = client.get(LIST)
    fragment = client.get(LIST, headers={"HX-Request": "true"})

    assert page.status_code == 302
    assert page["Location"] == f"{reverse('stores:login')}?next={LIST}"
    assert fragment.status_code == 401
    assert fragment["HX-Redirect"] == "/"


def test_tiles_are_shown_by_right_and_in_order(monkeypatch: pytest.MonkeyPatch, cashier: Staff, store: Store) -> None:
    monkeypatch.setattr(dashboard, "_tiles", {})
    dashboard.register(Tile("late", "console:home", "Late", order=20))
    dashboard.register(Tile("early", "console:home", "Early", order=10))
    dashboard.register(Tile("secret", "console:home", "Secret", permission="stores.change_setting"))

    assert [tile.name for tile in dashboard.tiles_for(cashier)] == ["early", "late"]
    with pytest.raises(ValueError, match="columns"):
        dashboard.register(Tile("wide", "console:home", "Wide", width=3))


def test_every_url_of_these_apps_has_a_row_in_the_permission_table() -> None:
    from console import urls as console_urls
    from stores import urls as stores_urls

    for module in (stores_urls, console_urls):
        for pattern in module.urlpatterns:
            assert permissions.required_for(f"{module.app_name}:{pattern.name}") is not None
