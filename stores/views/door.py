"""The front door: log in and out, switch person or store, one's own password and PIN."""

from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from core import audit
from core.http import client_address
from stores import demo, roles, selectors, services, session
from stores.forms import LoginForm, OwnPasswordForm, OwnPinForm, PersonSwitchForm
from stores.models import Staff

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _safe_next(request: HttpRequest, default: str = "/") -> str:
    """Where to go afterwards: only pages of this site, never an action's own address again."""
    wanted = request.POST.get("next") or request.GET.get("next") or default
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else default


@sensitive_post_parameters("password")
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    """User name and password; axes counts the failures and answers through :func:`locked_out`."""
    if request.user.is_authenticated:
        return redirect(_safe_next(request))
    form = LoginForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return redirect(_safe_next(request))
    context = {"form": form, "next": _safe_next(request), "demo_people": _demo_people()}
    if settings.DEMO:
        context["demo_password"] = demo.PASSWORD
    return render(request, "stores/login.html", context, status=422 if form.is_bound else 200)


def _demo_people() -> list[tuple[str, str]]:
    if not settings.DEMO:
        return []
    present = set(Staff.objects.filter(username__in=demo.USERNAMES, is_active=True).values_list("username", flat=True))
    return [(name, roles.label(name)) for name in demo.USERNAMES if name in present]


def locked_out(request: HttpRequest, _response: Any = None, _credentials: Any = None) -> HttpResponse:
    """429 after too many wrong passwords; the same words whether the user exists or not."""
    minutes = int(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "stores/locked_out.html", {"minutes": minutes}, status=429)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session on the server too."""
    logout(request)
    return redirect("stores:login")


@require_POST
def active_store_edit(request: HttpRequest) -> HttpResponse:
    """Work in another of one's stores; 404 for a foreign one."""
    text = request.POST.get("store", "")
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    store = selectors.get_store_for(cast("Staff", request.user), pk)
    session.choose_store(request, store)
    target = urlsplit(_safe_next(request))
    # A page of one record of the other store would answer 404: its list or home is meant.
    return redirect("/" if any(part.isdigit() for part in target.path.split("/")) else target.geturl())


@sensitive_post_parameters("pin")
@never_cache
def person_switch(request: HttpRequest) -> HttpResponse:
    """Somebody else takes over the till by PIN: a new session, the same store (R-S1)."""
    store = session.active_store(request)
    people = selectors.list_people_at(store)
    form = PersonSwitchForm(request.POST or None, people=people)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        before = cast("Staff", request.user)
        try:
            person = services.verify_pin(staff_id=form.cleaned_data["person"].pk, pin=form.cleaned_data["pin"], at=at)
        except services.PinRefused as refused:
            form.add_error("pin", str(refused))
        else:
            target = _safe_next(request)
            login(request, person, backend=BACKEND)
            session.choose_store(request, store)
            audit.record(
                "staff.switched",
                actor=person,
                subject=f"staff:{person.pk}",
                store=store,
                at=at,
                address=client_address(request),
                before=before.pk,
            )
            return redirect(target)
    context = {"form": form, "people": list(people), "store": store, "next": _safe_next(request)}
    return render(request, "stores/person_switch.html", context, status=422 if form.is_bound else 200)


@sensitive_post_parameters("current", "password", "repeated")
@never_cache
def own_password_edit(request: HttpRequest) -> HttpResponse:
    """One's own password; other sessions of the person end, this one stays."""
    staff = cast("Staff", request.user)
    form = OwnPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not staff.check_password(form.cleaned_data["current"]):
            form.add_error("current", _("The password is not right."))
        else:
            try:
                services.reset_password(
                    staff=staff, password=form.cleaned_data["password"], actor=staff, at=timezone.now()
                )
            except services.InvalidStaff as refused:
                form.add_error("password", str(refused))
            else:
                update_session_auth_hash(request, staff)
                messages.success(request, _("Your password is changed."))
                return redirect("/")
    return _own_form(request, form, _("My password"))


@sensitive_post_parameters("current", "pin")
@never_cache
def own_pin_edit(request: HttpRequest) -> HttpResponse:
    """One's own till PIN."""
    staff = cast("Staff", request.user)
    form = OwnPinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not staff.check_password(form.cleaned_data["current"]):
            form.add_error("current", _("The password is not right."))
        else:
            try:
                services.set_pin(staff=staff, pin=form.cleaned_data["pin"], actor=staff, at=timezone.now())
            except services.InvalidStaff as refused:
                form.add_error("pin", str(refused))
            else:
                messages.success(request, _("Your PIN is set."))
                return redirect("/")
    return _own_form(request, form, _("My PIN"))


def _own_form(request: HttpRequest, form: Any, title: str) -> HttpResponse:
    return render(request, "stores/own_form.html", {"form": form, "title": title}, status=422 if form.is_bound else 200)
