"""The list and the form of gift packs, and the list of leaks."""

from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import audit
from core.downloads import filtered_download
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from gifts import selectors, services, wording
from gifts.columns import LEAK_COLUMNS, leak_row
from gifts.forms import LeakFilterForm, PackFilterForm, PackForm
from gifts.models import Pack
from stores.models import Staff

EXPORT_CHUNK = 2000


@require_safe
def pack_list(request: HttpRequest) -> HttpResponse:
    """Packs with what they give and how often they were given."""
    form = PackFilterForm(request.GET)
    rows = selectors.list_packs(**form.criteria)
    listing = list_page(rows, request.GET, sorts={"name": "name", "newest": "pk"}, default="name")
    given = selectors.count_given()
    packs = [
        (terms.pack, wording.pack_sentence(terms.parts), given.get(terms.pack.pk, selectors.Given()))
        for terms in selectors.read_pack_terms(listing.rows)
    ]
    context = {"form": form, "listing": listing, "packs": packs}
    return render_page(request, "gifts/pack_list.html", context, fragment="list")


def pack_create(request: HttpRequest) -> HttpResponse:
    """A new pack."""
    return _edit(request, Pack())


def pack_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a pack; what was given or promised keeps what was agreed."""
    try:
        pack = selectors.get_pack(pk)
    except Pack.DoesNotExist:
        raise Http404 from None
    return _edit(request, pack)


def _edit(request: HttpRequest, pack: Pack) -> HttpResponse:
    name, staff, at = pack.name, cast("Staff", request.user), timezone.now()
    form = PackForm(request.POST or None, pack=pack)
    if request.method == "POST" and "preview" in request.GET:
        typed = form.typed_terms()
        sentence = "" if typed is None else wording.pack_sentence(typed.parts)
        return render(request, "gifts/pack_form.html#summary", {"sentence": sentence})
    if request.method == "POST" and form.is_valid() and _save(form, staff, at):
        messages.success(request, _("%(name)s is saved.") % {"name": pack.name})
        return redirect("gifts:pack-list")
    known = form.typed_terms() if form.is_bound else selectors.get_pack_terms(pack) if pack.pk else None
    context = {"form": form, "name": name, "sentence": "" if known is None else wording.pack_sentence(known.parts)}
    return render(request, "gifts/pack_form.html", context, status=422 if form.is_bound else 200)


def _save(form: PackForm, staff: Staff, at: datetime) -> bool:
    parts = form.parts()
    try:
        services.save_pack(pack=form.filled_pack(), parts=parts, actor=staff, at=at)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


@require_safe
def leak_list(request: HttpRequest) -> HttpResponse:
    """Gifts whose reason was gone and that could not be taken back: who, what, and what they are worth."""
    form = LeakFilterForm(request.GET)
    leaks = selectors.list_leaks(**form.criteria)
    listing = list_page(leaks, request.GET, sorts={"newest": "lost_at"}, default="-newest")
    context = {
        "form": form,
        "listing": listing,
        "leaks": [(item, wording.reason_of(item.grant.source)) for item in listing.rows],
        "worth": selectors.worth_of(leaks),
    }
    return render_page(request, "gifts/leak_list.html", context, fragment="list")


@require_POST
def leak_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    form, at = LeakFilterForm(request.GET), timezone.now()
    rows = (
        selectors.list_leaks(**form.criteria).order_by("-grant__taken_back_at", "-pk").iterator(chunk_size=EXPORT_CHUNK)
    )
    response, count, filters = filtered_download(
        request, title=_("Gifts not returned"), columns=LEAK_COLUMNS, rows=map(leak_row, rows), form=form
    )
    staff = cast("Staff", request.user)
    audit.record("gift_leak.exported", actor=staff, subject="gift_leaks", at=at, count=count, filters=filters)
    return response
