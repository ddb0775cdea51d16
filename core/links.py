"""Names for places that lower apps may point at without knowing who owns them.

Upper apps register a link (name -> URL name, label, permission) in ``ready()``; navigation, member panels and the
``{% link %}`` tag resolve them. An unregistered name resolves to nothing, so a lower app works without the upper one.
"""

from dataclasses import dataclass, field
from typing import Any

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class Link:
    """A place. ``permission`` is ``app.codename`` or empty for every member of staff."""

    name: str
    url_name: str
    label: Any
    permission: str = ""
    icon: str = ""
    group: str = ""
    order: int = 100
    kwargs: tuple[str, ...] = field(default=())


_links: dict[str, Link] = {}
_navigation: list[Link] = []
_member_panels: list[Link] = []


def register(link: Link) -> None:
    """Make a place known, for example ``orders`` -> ``checkout:order-detail`` with ``kwargs=("pk",)``."""
    _links[link.name] = link


def register_navigation(link: Link) -> None:
    """Put a page into the side navigation under ``group`` (see ``core.context.GROUPS``)."""
    register(link)
    _navigation[:] = sorted([*[n for n in _navigation if n.name != link.name], link], key=lambda n: n.order)


def register_member_panel(link: Link) -> None:
    """Put a lazily loaded block on the member page: its URL takes the member's id and answers with the inside of a card
    that the page has already headed with ``label``.
    """
    register(link)
    _member_panels[:] = sorted([*[p for p in _member_panels if p.name != link.name], link], key=lambda p: p.order)


def navigation_for(staff: Any) -> list[Link]:
    """What this person may open, in order."""
    return [link for link in _navigation if not link.permission or staff.has_perm(link.permission)]


def member_panels_for(staff: Any) -> list[Link]:
    """The member page's blocks that this person may see, in order."""
    return [link for link in _member_panels if not link.permission or staff.has_perm(link.permission)]


def resolve(source: str) -> str | None:
    """The URL of ``kind:id`` (an entry's ``source``), or None where the kind is unknown or the id does not fit."""
    kind, _, rest = source.partition(":")
    link = _links.get(kind)
    if link is None:
        return None
    values = rest.split(":")[: len(link.kwargs)]
    if len(values) < len(link.kwargs) or not all(values):
        return None
    try:
        return reverse(link.url_name, kwargs=dict(zip(link.kwargs, values, strict=True)))
    except (NoReverseMatch, ValueError):
        return None


def label_of(source: str) -> str:
    """``kind:id`` in words, for example "Member 7"; as it is where nobody has registered the kind."""
    kind, _, rest = source.partition(":")
    link = _links.get(kind)
    return source if link is None else f"{link.label} {rest}".strip()
