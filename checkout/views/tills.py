"""Tills and shifts: binding a browser, opening a drawer, handing it over, and the list for managers."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from checkout import selectors, services
from checkout.forms import HandOverForm, ShiftForm, TillForm, refuse
from checkout.models import Till
from checkout.views.desk import SESSION_KEY, find_desk
from core.errors import DomainError, StateChanged
from stores.models import Staff
from stores.selectors import list_active_stores
from stores.session import choose_store


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def till_select(request: HttpRequest) -> HttpResponse:
    """Bind this browser to a till; kept in the session. One till only is chosen at once."""
    tills = list(selectors.list_tills(_staff(request)))
    if request.method == "POST":
        text = request.POST.get("till", "")
        pk = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        till = selectors.get_till_for(_staff(request), pk)
        request.session[SESSION_KEY] = till.pk
        choose_store(request, till.store)
        return redirect("checkout:screen")
    context = {"tills": tills, "bound": request.session.get(SESSION_KEY)}
    return render(request, "checkout/till_select.html", context)


def shift_create(request: HttpRequest) -> HttpResponse:
    """Open the drawer of the bound till with a float."""
    desk = find_desk(request)
    if desk is None:
        return redirect("checkout:till-select")
    if desk.shift_id is not None:
        return redirect("checkout:screen")
    form = ShiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.open_shift(
                till=desk.till,
                opening_float=form.cleaned_data["opening_float"],
                actor=_staff(request),
                at=timezone.now(),
            )
        except StateChanged:
            # Somebody else opened it a moment ago: that is what was wanted.
            return redirect("checkout:screen")
        except DomainError as refused:
            refuse(form, refused, "opening_float")
        else:
            return redirect("checkout:screen")
    context = {"form": form, "till": desk.till}
    return render(request, "checkout/shift_form.html", context, status=422 if form.is_bound else 200)


def hand_over_create(request: HttpRequest) -> HttpResponse:
    """Close the shift of the bound till with the counted cash (R-C12)."""
    desk = find_desk(request)
    if desk is None:
        return redirect("checkout:till-select")
    shift = selectors.find_open_shift(desk.till.pk)
    if shift is None:
        return redirect("checkout:shift-create")
    form = HandOverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.close_shift(
                shift_id=shift.pk,
                counted_cash=form.cleaned_data["counted_cash"],
                actor=_staff(request),
                at=timezone.now(),
            )
        except DomainError as refused:
            refuse(form, refused, "counted_cash")
        else:
            return redirect("checkout:shift-detail", shift.pk)
    context = {
        "form": form,
        "till": desk.till,
        "shift": shift,
        "summary": selectors.shift_summary(shift),
        "basket": desk.basket if desk.basket is not None and desk.basket.lines else None,
        "held_count": desk.held_count,
    }
    return render(request, "checkout/hand_over_form.html", context, status=422 if form.is_bound else 200)


def shift_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A shift: expected and counted, per tender; recharges apart, because they are no revenue."""
    shift = selectors.get_shift_for(_staff(request), pk)
    summary = selectors.shift_summary(shift)
    difference = None if shift.counted_cash is None else shift.counted_cash - (shift.expected_cash or 0)
    context = {"shift": shift, "summary": summary, "difference": difference}
    return render(request, "checkout/shift_detail.html", context)


def till_list(request: HttpRequest) -> HttpResponse:
    """All tills of one's stores."""
    return render(request, "checkout/till_list.html", {"tills": selectors.list_all_tills(_staff(request))})


def till_create(request: HttpRequest) -> HttpResponse:
    """A new till."""
    return _edit(request, Till())


def till_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one; 404 for another store's."""
    return _edit(request, selectors.get_any_till_for(_staff(request), pk))


def _edit(request: HttpRequest, till: Till) -> HttpResponse:
    name = till.name
    form = TillForm(request.POST or None, instance=till, stores=list_active_stores(_staff(request)))
    if request.method == "POST" and form.is_valid():
        saved = services.save_till(till=form.save(commit=False), actor=_staff(request), at=timezone.now())
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("checkout:till-list")
    context: dict[str, Any] = {"form": form, "name": name, "is_new": till.pk is None}
    return render(request, "checkout/till_form.html", context, status=422 if form.is_bound else 200)
