"""The desk behind every view of the sale: the till in the session, and the answer with the whole sale area."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

import passes.selectors
from checkout import selectors, services
from checkout.models import Basket
from checkout.pricing.model import Quote
from checkout.selectors import Desk, LineKey
from core.errors import DomainError
from core.http import render_page, wants_fragment
from passes.rules import Terms
from stores.models import Staff

SESSION_KEY = "till"
SaleView = Callable[["Sale"], HttpResponse]


@dataclass
class Sale:
    """One request at a till with an open shift."""

    request: HttpRequest
    staff: Staff
    at: datetime

    @cached_property
    def desk(self) -> Desk:
        """The desk of the till in the session; 404 where the person may not use it any more."""
        desk = find_desk(self.request)
        if desk is None:
            raise Http404
        return desk

    def open_basket(self) -> Basket:
        """The basket on the screen; begun where there is none."""
        if self.desk.basket is not None:
            return self.desk.basket
        return services.open_basket(till=self.desk.till, actor=self.staff, at=self.at)


def go(request: HttpRequest, url_name: str, *args: Any) -> HttpResponse:
    """To another page: a redirect, or for a fragment the header that makes the browser go there."""
    response = redirect(url_name, *args)
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    response.status_code = 303
    return response


def find_desk(request: HttpRequest) -> Desk | None:
    """The desk of the till in the session, if the person may still use it."""
    till_id = request.session.get(SESSION_KEY)
    return None if till_id is None else selectors.find_desk(cast("Staff", request.user), till_id)


def at_till(view: SaleView) -> Callable[[HttpRequest], HttpResponse]:
    """A view of the sale: needs a bound till with an open shift; a refusal is shown beside the sale, nothing moved."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        desk = find_desk(request)
        if desk is None:
            return go(request, "checkout:till-select")
        if desk.shift_id is None:
            return go(request, "checkout:shift-create")
        sale = Sale(request, cast("Staff", request.user), timezone.now())
        sale.desk = desk
        try:
            return view(sale)
        except DomainError as refused:
            return render_refusal(sale, refused)

    return guarded


def at_paying(view: SaleView) -> Callable[[HttpRequest], HttpResponse]:
    """Like :func:`at_till`, but reads the desk only where an answer shows it: the sale itself checks shift and basket.

    Paying is the one request that a queue of customers waits for.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if SESSION_KEY not in request.session:
            return go(request, "checkout:till-select")
        sale = Sale(request, cast("Staff", request.user), timezone.now())
        try:
            return view(sale)
        except services.NoShift:
            return go(request, "checkout:shift-create")
        except DomainError as refused:
            return render_refusal(sale, refused)

    return guarded


def current_line(request: HttpRequest) -> LineKey | None:
    """The highlighted line that came with the post: ``product``, or ``product-pass`` where a count pass pays it."""
    found = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", request.POST.get("current", ""), re.ASCII)
    return None if found is None else (int(found[1]), int(found[2]) if found[2] else None)


def render_refusal(sale: Sale, refused: DomainError, **context: Any) -> HttpResponse:
    """The sale as it is now with the refusal above it."""
    sale = Sale(sale.request, sale.staff, sale.at)
    return render_sale(sale, status=refused.status, **{"notice": str(refused), "level": "danger", **context})


def render_sale(
    sale: Sale,
    *,
    basket: Basket | None = None,
    quote: Quote | None = None,
    current: LineKey | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
    stay: bool = False,
    **context: Any,
) -> HttpResponse:
    """The screen or, for a fragment, its sale area; with a fresh command key for the quote that is shown.

    Without ``basket`` it is the desk's; without ``quote`` that is priced for looking at, which writes nothing. A post
    without htmx is answered by a redirect, unless something must be chosen first (``stay``).
    """
    shown = basket or sale.desk.basket
    if shown is not None and quote is None:
        quote = selectors.shown_quote(shown, sale.at)
    view = None
    if shown is not None and quote is not None:
        view = selectors.sale_view(
            shown,
            quote,
            sale.at,
            current=current or current_line(sale.request),
            typed=typed,
            terms=_usable_passes(shown, sale.at),
        )
    if sale.request.method == "POST" and status == 200 and not stay and not wants_fragment(sale.request):
        return redirect("checkout:screen")
    context |= {
        "sale": view,
        "till": sale.desk.till,
        "held_count": sale.desk.held_count,
        "command_key": uuid.uuid4(),
    }
    return render_page(sale.request, "checkout/screen.html", context, fragment="sale", status=status)


def _usable_passes(basket: Basket, at: datetime) -> list[Terms]:
    """What the member's count passes can pay here now; no statement for a walk-in customer."""
    if basket.member_id is None:
        return []
    return passes.selectors.list_usable_terms(member_id=basket.member_id, store=basket.store, at=at)


def with_member(sale: Sale, basket: Basket) -> Basket:
    """The changed basket with the member that the screen shows, without reading an unchanged one again."""
    known = sale.desk.basket
    if known is not None and known.member_id == basket.member_id:
        basket.member = known.member
    return basket
