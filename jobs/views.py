"""Pages of the background work: one call down, one answer up."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core.days import local_day
from core.http import render_page
from core.listing import list_page
from jobs import registry, selectors, services
from jobs.forms import RunFilterForm, StartForm
from jobs.models import Run
from stores.models import Staff


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """Every job with its newest run; the table asks for itself again while something runs or waits."""
    at = timezone.now()
    states = selectors.list_job_states(at)
    context = {
        "states": states,
        "is_busy": any(state.is_running or state.is_waiting for state in states),
        "outbox": selectors.get_outbox_state(at),
    }
    return render_page(request, "jobs/job_list.html", context, fragment="table")


@require_safe
def state_detail(request: HttpRequest) -> HttpResponse:
    """The block of the home page: what needs somebody's attention."""
    at = timezone.now()
    states = selectors.list_job_states(at)
    context = {
        "failed": [state for state in states if state.last is not None and state.last.status == Run.Status.FAILED],
        "differences": selectors.count_differences(),
        "outbox": selectors.get_outbox_state(at),
    }
    return render(request, "jobs/_state.html", context)


@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """Runs, newest first."""
    form = RunFilterForm(request.GET)
    criteria: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    listing = list_page(selectors.list_runs(**criteria), request.GET, sorts={"id": "id"}, default="-id")
    return render_page(request, "jobs/run_list.html", {"form": form, "listing": listing}, fragment="runs")


@require_safe
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One run with its counts and its error; asks for itself again while it runs."""
    run = get_object_or_404(selectors.list_runs(), pk=pk)
    context = {"run": run, "job": registry.all_jobs().get(run.job)}
    return render_page(request, "jobs/run_detail.html", context, fragment="run")


@require_POST
def run_create(request: HttpRequest, name: str) -> HttpResponse:
    """Have a worker run a job now."""
    form = StartForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("jobs:job-list")
    try:
        services.ask_for_run(name=name, day=form.cleaned_data["day"] or local_day(at), actor=_staff(request), at=at)
    except services.UnknownJob as refusal:
        raise Http404(str(refusal)) from refusal
    messages.success(request, _("The job starts in a moment."))
    return redirect("jobs:proof-list" if name == "jobs.reconcile" and "proofs" in request.POST else "jobs:job-list")


@require_safe
def task_list(request: HttpRequest) -> HttpResponse:
    """The outbox: what waits and what was given up."""
    at = timezone.now()
    context = {
        "outbox": selectors.get_outbox_state(at),
        "waiting": selectors.list_oldest_waiting(),
        "failed": selectors.list_failed_tasks(),
    }
    return render(request, "jobs/task_list.html", context)


@require_POST
def retry_create(request: HttpRequest) -> HttpResponse:
    """Try all tasks again that were given up."""
    count = services.retry_failed(actor=_staff(request), at=timezone.now())
    text = ngettext("%(count)s task is tried again.", "%(count)s tasks are tried again.", count)
    messages.success(request, text % {"count": count})
    return redirect("jobs:task-list")


@require_safe
def proof_list(request: HttpRequest) -> HttpResponse:
    """What the newest reconciliation found."""
    context = {"proofs": selectors.list_proof_states(), "differences": selectors.count_differences()}
    return render_page(request, "jobs/proof_list.html", context, fragment="proofs")
