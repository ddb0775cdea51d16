"""The store in which a person works at the moment, kept in the session."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from core.errors import StateChanged
from stores import selectors
from stores.models import Staff, Store

SESSION_KEY = "store"


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
    wanted = request.session.get(SESSION_KEY)
    return next((store for store in found if store.pk == wanted), found[0] if found else None)


def active_store(request: HttpRequest) -> Store:
    """Like :func:`find_active_store`, for what cannot go on without a store: raises NoStore."""
    store = find_active_store(request)
    if store is None:
        raise NoStore(_("You work in no open store. Ask the owner to add you to one."))
    return store


def choose_store(request: HttpRequest, store: Store) -> None:
    """Work in this store from now on."""
    request.session[SESSION_KEY] = store.pk


def template_context(request: HttpRequest) -> dict[str, Any]:
    """``active_store`` and ``store_choices`` for every template; no query until one of them is read."""
    return {
        "active_store": SimpleLazyObject(lambda: find_active_store(request)),
        "store_choices": SimpleLazyObject(lambda: choices(request)),
    }
