"""What every page needs to draw its frame: navigation, theme, currency, demo flag, and what upper apps contribute."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from core import links

# The headings of the side navigation in their order; ``core.links.Link.group`` names one of these codes.
GROUPS = (
    ("till", _("Till")),
    ("members", _("Members")),
    ("marketing", _("Marketing")),
    ("value", _("Points and stored value")),
    ("catalog", _("Goods and stock")),
    ("reports", _("Reports")),
    ("system", _("System")),
)
THEMES = ("light", "dark")

Provider = Callable[[HttpRequest], dict[str, Any]]
_providers: list[Provider] = []


@dataclass(frozen=True)
class Item:
    """One line of the side navigation."""

    label: Any
    url: str
    icon: str
    is_current: bool


@dataclass(frozen=True)
class Group:
    """A heading with its lines."""

    label: Any
    links: list[Item]


def register_provider(provider: Provider) -> None:
    """Let an app add names to every template, in ``ready()``. Values must be lazy: most fragments read none of them."""
    if provider not in _providers:
        _providers.append(provider)


def navigation(request: HttpRequest) -> list[Group]:
    """The side navigation of this person, grouped; the line whose path is the longest match is the current one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    entries = []
    for link in links.navigation_for(user):
        try:
            entries.append((link, reverse(link.url_name)))
        except NoReverseMatch:
            continue
    matching = [url for _link, url in entries if request.path.startswith(url)]
    current = max(matching, key=len, default="")
    known = [code for code, _label in GROUPS]
    groups = []
    for code, label in GROUPS:
        items = [
            Item(link.label, url, link.icon, url == current)
            for link, url in entries
            if link.group == code or (code == known[-1] and link.group not in known)
        ]
        if items:
            groups.append(Group(label, items))
    return groups


def interface(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Costs no query until a template reads a lazy name."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "navigation": SimpleLazyObject(lambda: navigation(request)),
        "theme": theme if theme in THEMES else "",
        "currency_symbol": settings.CURRENCY_SYMBOL,
        "demo": settings.DEMO,
    }
    for provider in _providers:
        context.update(provider(request))
    return context
