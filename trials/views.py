"""The pages of trials: all of them, and one with what it found."""

import tempfile
from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import audit
from core.http import render_page
from core.listing import list_page
from core.workbook import Table, download, write_tables
from stores.models import Staff
from trials import registry, selectors, services
from trials.forms import TrialFilterForm
from trials.models import Trial


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _trial_or_404(request: HttpRequest, pk: int) -> Trial:
    try:
        return selectors.get_visible(_staff(request), pk)
    except Trial.DoesNotExist:
        raise Http404 from None


@require_safe
def trial_list(request: HttpRequest) -> HttpResponse:
    """Trials of the drafts that this person may try, newest first."""
    form = TrialFilterForm(request.GET)
    rows = selectors.list_visible(_staff(request), form.criteria)
    listing = list_page(rows, request.GET, sorts={"asked": "pk"}, default="-asked")
    for trial in listing.rows:
        trial.kind_label = selectors.kind_label(trial)  # type: ignore[attr-defined]  # for the template
    return render_page(request, "trials/trial_list.html", {"form": form, "listing": listing}, fragment="trials")


@require_safe
def trial_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What a trial found; while it runs the page asks again every second."""
    trial = _trial_or_404(request, pk)
    is_done = trial.status == Trial.Status.DONE
    context: dict[str, Any] = {
        "trial": trial,
        "kind_label": selectors.kind_label(trial),
        "draft_url": selectors.draft_url(trial),
        "is_busy": trial.status in services.OPEN,
        "is_outdated": is_done and selectors.is_outdated(trial),
        "found": registry.get_runner(trial.kind).describe(trial.result) if is_done else None,
    }
    return render_page(request, "trials/trial_detail.html", context, fragment="state")


@require_POST
def trial_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a waiting or running trial off."""
    trial = services.cancel(trial_id=_trial_or_404(request, pk).pk, actor=_staff(request), at=timezone.now())
    if trial.status == Trial.Status.CANCELLED:
        messages.success(request, _("The trial was called off."))
    return redirect("trials:trial-detail", pk)


@require_POST
def trial_export(request: HttpRequest, pk: int) -> FileResponse:
    """The tables of a finished trial as .xlsx, a sheet each; the download is recorded."""
    trial, at = _trial_or_404(request, pk), timezone.now()
    if trial.status != Trial.Status.DONE:
        raise Http404
    found = registry.get_runner(trial.kind).describe(trial.result)
    tables = [
        Table(title=table.title, columns=table.columns, rows=[row.cells for row in table.rows])
        for table in found.tables
    ]
    notes: list[tuple[Any, Any]] = [
        (_("Draft"), trial.title),
        (_("Made by"), _staff(request)),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
        *((figure.label, figure.text) for figure in found.figures),
    ]
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    count = write_tables(file, tables=tables, notes=notes)
    audit.record("trial.exported", actor=_staff(request), subject=f"trial:{trial.pk}", at=at, rows=count)
    return download(file, f"{_('Trial')} {trial.pk}")
