"""The permission table: every URL name has a row, so nothing is open by default (architecture.md 2.10).

Each app declares ``PERMISSIONS = {"app:url-name": "app.codename"}`` in its ``urls`` module and registers it in
``ready()``. ``ANY_STAFF`` means signed in is enough, ``PUBLIC`` that even that is not needed.
"""

from typing import Final

ANY_STAFF: Final = ""
PUBLIC: Final = "public"

_table: dict[str, str] = {}


def declare(rows: dict[str, str]) -> None:
    """Add rows; a URL name declared twice with different rights raises ValueError."""
    for name, right in rows.items():
        if _table.get(name, right) != right:
            raise ValueError(f"{name} is declared with two different rights")
        _table[name] = right


def table() -> dict[str, str]:
    """A copy of all rows."""
    return dict(_table)


def required_for(url_name: str) -> str | None:
    """The right for a URL name, or None where nobody declared it (which is refused)."""
    return _table.get(url_name)
