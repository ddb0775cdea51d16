"""The list and the forms of staff."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from core.http import render_page
from core.listing import list_page
from stores import roles, selectors, services
from stores.forms import NewStaffForm, PasswordForm, PinForm, StaffForm
from stores.models import Staff


def _me(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def staff_list(request: HttpRequest) -> HttpResponse:
    """People by name, store and whether they may log in."""
    filters = {
        "q": request.GET.get("q", "").strip()[:50],
        "store": request.GET.get("store", ""),
        "status": request.GET.get("status", "active"),
    }
    rows = selectors.search_staff(selectors.list_staff_for(_me(request)), **filters)
    page = list_page(
        rows,
        request.GET,
        sorts={"username": "username", "name": "display_name", "joined": "date_joined"},
        default="username",
    )
    people = [(person, [roles.label(role.name) for role in person.groups.all()]) for person in page]
    context = {
        "page": page,
        "people": people,
        "stores": list(selectors.list_stores(_me(request))),
        "filters": filters,
    }
    return render_page(request, "stores/staff_list.html", context, fragment="table")


@sensitive_post_parameters("password")
def staff_create(request: HttpRequest) -> HttpResponse:
    """A new person with a first password."""
    form = NewStaffForm(request.POST or None, editor=_me(request))
    if request.method == "POST" and form.is_valid() and _saved(request, form, form.cleaned_data["password"]):
        messages.success(request, _("%(name)s can log in now.") % {"name": form.instance})
        return redirect("stores:staff-edit", form.instance.pk)
    context = {"form": form, "person": None}
    return render(request, "stores/staff_form.html", context, status=422 if form.is_bound else 200)


def staff_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, roles, stores and whether the person may log in."""
    person = selectors.get_staff_for(_me(request), pk)
    name = str(person)
    form = StaffForm(request.POST or None, instance=person, editor=_me(request))
    if request.method == "POST" and form.is_valid() and _saved(request, form):
        messages.success(request, _("%(name)s is saved.") % {"name": person})
        return redirect("stores:staff-list")
    context = {"form": form, "person": person, "name": name}
    return render(request, "stores/staff_form.html", context, status=422 if form.is_bound else 200)


def _saved(request: HttpRequest, form: StaffForm, password: str | None = None) -> bool:
    try:
        services.save_staff(
            staff=form.save(commit=False),
            roles=form.chosen_roles,
            stores=form.chosen_stores,
            password=password,
            actor=_me(request),
            at=timezone.now(),
        )
    except services.InvalidStaff as refused:
        form.add_error(None, str(refused))
        return False
    return True


@sensitive_post_parameters("password", "repeated")
def password_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A new password for somebody who forgot it; their sessions end."""
    person = selectors.get_staff_for(_me(request), pk)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reset_password(
                staff=person, password=form.cleaned_data["password"], actor=_me(request), at=timezone.now()
            )
        except services.InvalidStaff as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The new password of %(name)s is set.") % {"name": person})
            return redirect("stores:staff-edit", person.pk)
    return _secret_form(request, form, person, _("New password"))


@sensitive_post_parameters("pin")
def pin_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A new till PIN; lifts a lock."""
    person = selectors.get_staff_for(_me(request), pk)
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_pin(staff=person, pin=form.cleaned_data["pin"], actor=_me(request), at=timezone.now())
        except services.InvalidStaff as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The new PIN of %(name)s is set.") % {"name": person})
            return redirect("stores:staff-edit", person.pk)
    return _secret_form(request, form, person, _("New PIN"))


def _secret_form(request: HttpRequest, form: PasswordForm | PinForm, person: Staff, title: str) -> HttpResponse:
    context = {"form": form, "person": person, "title": title}
    return render(request, "stores/secret_form.html", context, status=422 if form.is_bound else 200)
