"""Definitions of the shop's settings: type, default, check, label. Values are dated rows in ``stores``.

Upper apps define; anybody reads through :func:`value`, which asks the source that ``stores`` registered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Kind = type[int] | type[str] | type[bool] | type[Decimal]


@dataclass(frozen=True)
class Setting:
    """One setting. ``check`` returns an error text or None; ``choices`` limit a str; ``warning`` is a legal hint.

    ``warn`` looks at a value and says what is wrong with it by law, or None; ``law`` names the law and the article.
    ``only_later`` values change from a later day on and never at once: what customers were told holds for today.
    """

    code: str
    kind: Kind
    default: Any
    label: Any
    help: Any = ""
    group: Any = ""
    choices: tuple[tuple[str, Any], ...] = field(default=())
    check: Callable[[Any], Any] | None = None
    warning: Any = ""
    warn: Callable[[Any], Any] | None = None
    law: Any = ""
    only_later: bool = False

    def warning_for(self, value: Any) -> Any:
        """The warning that is in force with this value, or "" where there is none."""
        return (self.warn(value) if self.warn is not None else None) or ""


_definitions: dict[str, Setting] = {}
_sources: list[Callable[[str, datetime], Any]] = []
_bulk_sources: list[Callable[[datetime], dict[str, Any]]] = []


def define(*settings: Setting) -> None:
    """Register definitions, in ``ready()``."""
    for setting in settings:
        _definitions[setting.code] = setting


def definitions() -> dict[str, Setting]:
    """All definitions by code, in order of registration."""
    return dict(_definitions)


def register_source(source: Callable[[str, datetime], Any], bulk_source: Callable[[datetime], dict[str, Any]]) -> None:
    """Called once by ``stores``: the stored JSON value in force at an instant (or None), and all of them by code."""
    _sources[:] = [source]
    _bulk_sources[:] = [bulk_source]


def value(code: str, at: datetime) -> Any:
    """The value in force at ``at``, typed; the default where none was set. LookupError for an unknown code."""
    definition = _definitions[code]
    stored = _sources[0](code, at) if _sources else None
    if stored is None:
        return definition.default
    return definition.kind(stored)


def values(at: datetime) -> dict[str, Any]:
    """Every setting's value in force at ``at``, typed, in one statement; for use cases that need several."""
    stored = _bulk_sources[0](at) if _bulk_sources else {}
    return {
        code: definition.kind(stored[code]) if stored.get(code) is not None else definition.default
        for code, definition in _definitions.items()
    }
