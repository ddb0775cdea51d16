"""What the browser tests of several screens do alike."""

import time
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from playwright.sync_api import Page

from stores.models import Staff

LOOKS = [((1366, 768), "zh-hans"), ((1024, 768), "en")]
each_look = pytest.mark.parametrize(("size", "language"), LOOKS, ids=["desktop-zh", "tablet-en"])

STAFF_PIN = "2580"


SCANNER_GAP = 0.005


def scan(page: Page, code: str) -> None:
    """What a scanner types, then Enter, while the box has the focus."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def scan_anywhere(page: Page, code: str) -> None:
    """A scanner while something else has the focus: the till knows it by its speed, 5 ms between digits.

    Each key carries the time at which the device sent it, so that a busy machine, which hands them over late, does
    not turn a scanner into a slow hand.
    """
    session = page.context.new_cdp_session(page)
    # The last key is sent now: no key comes from the future.
    began = time.time() - SCANNER_GAP * (len(code) + 1)
    keys = [(digit, f"Digit{digit}", ord(digit), digit) for digit in code] + [("Enter", "Enter", 13, "\r")]
    for place, (key, name, number, text) in enumerate(keys):
        sent = {"key": key, "code": name, "windowsVirtualKeyCode": number, "timestamp": began + place * SCANNER_GAP}
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **sent})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", **sent})
    session.detach()


def line(page: Page, name: str, quantity: int) -> None:
    """Wait until the sale has a line with these goods."""
    page.wait_for_selector(f"tr[data-line]:has-text('{name}') .sale-quantity:text-is('{quantity}')")


def ready(screen: Any) -> None:
    """Open the till and wait for its keys."""
    screen.open("/checkout/")
    screen.page.wait_for_selector("html[data-ready=till]")


def shown(page: Page, *texts: str, within: str = "main") -> None:
    """Wait until each text can be read."""
    for text in texts:
        page.wait_for_selector(f"{within} >> text={text} >> visible=true")


def fine(screen: Any, name: str, *, refusals: bool = False) -> None:
    """A picture of it, and nothing to complain about; the browser itself notes refusals (409, 422) in its console."""
    screen.page.wait_for_load_state("networkidle")
    screen.picture(name)
    assert screen.violations() == []
    meant = ("409", "422") if refusals else ()
    assert [text for text in screen.complaints if not any(code in text for code in meant)] == []


def name_staff(staff: Staff, name: str) -> Staff:
    """Give a person a name that a shop would use."""
    staff.display_name = name
    staff.save()
    return staff


def give_pin(staff: Staff) -> Staff:
    """A person who can agree on a colleague's screen."""
    staff.pin_hash = make_password(STAFF_PIN)
    staff.save()
    return staff
