"""Page or fragment from one URL, and the actor of a request."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """True for an htmx request that wants a part; boosted navigation and history restore need the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str, status: int = 200
) -> HttpResponse:
    """Render ``template`` or, for htmx, its partial ``fragment``; ``Vary`` keeps Back from showing half a page."""
    name = f"{template}#{fragment}" if wants_fragment(request) else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def client_address(request: HttpRequest) -> str | None:
    """The peer's address for the audit trail."""
    address = request.META.get("REMOTE_ADDR")
    return str(address) if address else None
