"""A real Chromium against the live server: nothing from the network, an empty console, the clock at the shop's noon."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, sync_playwright

from stores.models import Staff

CHROMIUM = os.environ.get("PATRON_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests.

    Playwright's synchronous interface keeps an event loop in this thread until it is closed, which Django would
    refuse to share.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            yield chromium
            chromium.close()


@pytest.fixture
def noon(now: Any) -> Iterator[None]:
    """The server's clock runs on from the shop's noon."""
    with time_machine.travel(now, tick=True):
        yield


@dataclass
class Screen:
    """A page with what it complained about."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def violations(self) -> list[str]:
        """Serious and critical findings of axe."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] in {"serious", "critical"}
        ]

    def picture(self, name: str) -> None:
        """Kept only where ``PATRON_PICTURES`` names a folder."""
        folder = os.environ.get("PATRON_PICTURES")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.fixture
def screen_for(browser: Browser, live_server: Any, noon: None) -> Iterator[Callable[..., Screen]]:
    """A signed-in browser of a person: ``screen_for(staff, size=(1366, 768), language="en", till=pk)``."""
    contexts = []

    def build(staff: Staff, *, size: tuple[int, int] = (1366, 768), language: str = "en", **session: Any) -> Screen:
        store = SessionStore()
        store[SESSION_KEY] = str(staff.pk)
        store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        store[HASH_SESSION_KEY] = staff.get_session_auth_hash()
        for name, value in session.items():
            store[name] = value
        store.save()
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": str(store.session_key), "url": live_server.url},
                {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url},
            ]
        )
        page = context.new_page()
        # Generous: a loaded machine is slow, and a wait that is met ends at once.
        page.set_default_timeout(40_000)
        screen = Screen(page, live_server.url)
        page.on("console", lambda message: screen.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: screen.complaints.append(str(error)))
        return screen

    yield build
    for context in contexts:
        context.close()
