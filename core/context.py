"""Context."""

from typing import Any

from django.http import HttpRequest


def interface(request: HttpRequest) -> dict[str, Any]:
    """Nothing yet."""
    return {}
