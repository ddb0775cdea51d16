"""Orders: the list, one order with all that explains it, its void, and a member's orders."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from checkout import selectors
from stores.models import Staff


@require_safe
def order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: lines, reductions with their exact parts, tenders; 404 for another store's."""
    order = selectors.get_order_for(cast("Staff", request.user), pk)
    return render(request, "checkout/order_detail.html", {"order": order})
