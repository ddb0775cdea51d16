"""A till as the server sees it: a browser session on a connection that is kept open."""

import html
import http.client
import re
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlencode

_HIDDEN = re.compile(r'<input type="hidden" name="(command_key|basket|fingerprint)" value="([^"]*)">')
_PAYABLE = re.compile(r'data-payable="([0-9.]+)"')


class UnexpectedAnswer(Exception):
    """The server said something that a working shop does not say."""


@dataclass(frozen=True)
class Shown:
    """What the screen shows before paying: the fields of the pay form and the amount due."""

    fields: dict[str, str]
    payable: Decimal


@dataclass
class Browser:
    """Cookies and one keep-alive connection."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, data: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, body and Location of one request; a dropped connection raises OSError or HTTPException."""
        if self.connection is None:
            host, port = self.address.split(":")
            self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "HX-Request": "true",
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            self.connection.request(method, path, urlencode(data) if data is not None else None, headers)
            answer = self.connection.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, body, answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""

    def close(self) -> None:
        """Let the connection go; the next request opens another."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def log_in(self, username: str, password: str) -> None:
        """Through the log-in page, as a person does."""
        self.request("GET", "/stores/login/")
        status, body, _location = self.request("POST", "/stores/login/", {"username": username, "password": password})
        if status not in {204, 302, 303} or "sessionid" not in self.cookies:
            raise UnexpectedAnswer(f"log-in: {status} {body[:300]}")

    def bind(self, till_id: int) -> None:
        """Choose the till of this browser."""
        status, body, _location = self.request("POST", "/checkout/till/", {"till": str(till_id)})
        if status not in {204, 302, 303}:
            raise UnexpectedAnswer(f"till: {status} {body[:300]}")

    def scan(self, text: str) -> Shown:
        """Goods, as from a hand-held collector, or a member."""
        status, body, _location = self.request("POST", "/checkout/sale/scans/", {"text": text})
        payable = _PAYABLE.search(body)
        if status != 200 or payable is None:
            raise UnexpectedAnswer(f"scan: {status} {body[:300]}")
        fields = {name: html.unescape(value) for name, value in _HIDDEN.findall(body)}
        return Shown(fields, Decimal(payable[1]))

    def confirm(self, shown: Shown, kind: str = "wechat") -> int:
        """Pay what is shown and return the order's id."""
        data = {**shown.fields, kind: str(shown.payable)}
        status, body, location = self.request("POST", "/checkout/sale/confirmation/", data)
        order = re.search(r"/orders/(\d+)/done/", location)
        if order is None:
            raise UnexpectedAnswer(f"confirm: {status} {location} {body[:300]}")
        return int(order[1])
