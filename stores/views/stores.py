"""The list and the form of stores."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from stores import selectors, services
from stores.forms import StoreForm
from stores.models import Staff, Store


def store_list(request: HttpRequest) -> HttpResponse:
    """All stores that the person sees; a chain has dozens, so there are no pages."""
    stores = list(selectors.list_stores(cast("Staff", request.user)))
    return render(request, "stores/store_list.html", {"stores": stores})


def store_create(request: HttpRequest) -> HttpResponse:
    """A new store."""
    return _edit(request, Store())


def store_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one."""
    return _edit(request, selectors.get_store_for(cast("Staff", request.user), pk))


def _edit(request: HttpRequest, store: Store) -> HttpResponse:
    name = store.name
    form = StoreForm(request.POST or None, instance=store)
    if request.method == "POST" and form.is_valid():
        saved = services.save_store(store=form.save(commit=False), actor=cast("Staff", request.user), at=timezone.now())
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("stores:store-list")
    context = {"form": form, "name": name, "is_new": store.pk is None}
    return render(request, "stores/store_form.html", context, status=422 if form.is_bound else 200)
