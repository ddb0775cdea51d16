"""What a session remembers of a person: the store they work in, when they came and when they were last seen."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from core.errors import StateChanged
from stores import selectors
from stores.models import Staff, Store

STORE_KEY = "store"
SINCE_KEY = "since"
SEEN_KEY = "seen"
LONGEST = timedelta(hours=12)
IDLE = timedelta(minutes=30)
# Written at most this often, so that a busy till does not write its session with every scan.
PRECISION = timedelta(minutes=2)


class NoStore(StateChanged):
    """The person works in no open store."""


def choices(request: HttpRequest) -> list[Store]:
    """The open stores that this person may work in; read once per request."""
    found: list[Store] | None = getattr(request, "_store_choices", None)
    if found is None:
        user = request.user
        found = list(selectors.list_active_stores(user)) if isinstance(user, Staff) else []
        request._store_choices = found  # type: ignore[attr-defined]  # a request is where per-request values live
    return found


def find_active_store(request: HttpRequest) -> Store | None:
    """The chosen store, else the first of the person's own; None without any. A closed or lost store is not kept."""
    found = choices(request)
    wanted = request.session.get(STORE_KEY)
    return next((store for store in found if store.pk == wanted), found[0] if found else None)


def active_store(request: HttpRequest) -> Store:
    """Like :func:`find_active_store`, for what cannot go on without a store: raises NoStore."""
    store = find_active_store(request)
    if store is None:
        raise NoStore(_("You work in no open store. Ask the owner to add you to one."))
    return store


def choose_store(request: HttpRequest, store: Store) -> None:
    """Work in this store from now on."""
    request.session[STORE_KEY] = store.pk


def template_context(request: HttpRequest) -> dict[str, Any]:
    """``active_store`` and ``store_choices`` for every template; no query until one of them is read."""
    return {
        "active_store": SimpleLazyObject(lambda: find_active_store(request)),
        "store_choices": SimpleLazyObject(lambda: choices(request)),
    }


def has_person(request: HttpRequest) -> bool:
    """True for a session that somebody logged into; reads no user from the database."""
    return PERSON_KEY in request.session


def begin(request: HttpRequest, at: datetime) -> None:
    """Start both clocks; also after a switch of person."""
    request.session[SINCE_KEY] = request.session[SEEN_KEY] = int(at.timestamp())


def is_over(request: HttpRequest, at: datetime) -> bool:
    """True after 30 idle minutes or 12 hours in all."""
    now = at.timestamp()
    since, seen = request.session.get(SINCE_KEY, now), request.session.get(SEEN_KEY, now)
    return bool(now - since >= LONGEST.total_seconds() or now - seen >= IDLE.total_seconds())


def keep_alive(request: HttpRequest, at: datetime) -> None:
    """Remember that the person is still there."""
    if at.timestamp() - request.session.get(SEEN_KEY, 0) >= PRECISION.total_seconds():
        request.session.setdefault(SINCE_KEY, int(at.timestamp()))
        request.session[SEEN_KEY] = int(at.timestamp())


def _logged_in(sender: object, request: HttpRequest, **_: Any) -> None:
    begin(request, timezone.now())


def connect() -> None:
    """Every way of logging in starts the clocks; called once in ``ready()``."""
    user_logged_in.connect(_logged_in, dispatch_uid="stores.session_begun")
