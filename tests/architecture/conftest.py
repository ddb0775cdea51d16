"""What the guards walk over: all URLs, all Python files."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.layers import BASE, RANKS

SAMPLES: dict[str, Any] = {"int": 999_999_999, "uuid": "00000000-0000-0000-0000-000000000000"}


@dataclass(frozen=True)
class Route:
    """A named URL with a path that resolves to it, its ids those of nothing."""

    name: str
    path: str


def _walk(patterns: list[Any], spaces: tuple[str, ...], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        route = prefix + _sample(pattern.pattern)
        if isinstance(pattern, URLResolver):
            deeper = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _walk(pattern.url_patterns, deeper, route)
        elif isinstance(pattern, URLPattern):
            yield Route(":".join((*spaces, pattern.name or f"unnamed {route}")), route)


def _sample(pattern: Any) -> str:
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        for declared in (f"<{kind}:{name}>", f"<{name}>"):
            text = text.replace(declared, str(SAMPLES.get(kind, "none")))
    return text


@pytest.fixture(scope="session")
def routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns, (), "/"))


@dataclass(frozen=True)
class Source:
    """One Python file of ours."""

    app: str
    path: Path
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """``file:line`` for a message."""
        return f"{self.path.relative_to(BASE)}:{getattr(node, 'lineno', 0)}"


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    return [
        Source(app, path, ast.parse(path.read_text()))
        for app in RANKS
        for path in sorted((BASE / app).rglob("*.py"))
        if "migrations" not in path.parts
    ]
