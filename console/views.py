"""The home page by role, and whether the house is up."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import dashboard, links

# Who looks after people or the shop lands on the overview, even if they may sell too.
OVERVIEW_RIGHT = "stores.view_staff"


def home(request: HttpRequest) -> HttpResponse:
    """A cashier goes straight to the till; everybody else gets the tiles of their rights."""
    tiles = []
    for tile in dashboard.tiles_for(request.user):
        try:
            tiles.append((tile, reverse(tile.url_name)))
        except NoReverseMatch:
            continue
    sells = any(link.name == "checkout" for link in links.navigation_for(request.user))
    if sells and not request.user.has_perm(OVERVIEW_RIGHT) and (till := links.resolve("checkout")):
        return redirect(till)
    return render(request, "console/home.html", {"tiles": tiles})


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """For load balancers: 200 if the database answers, else 503. Says nothing else about the inside."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": "up"})
