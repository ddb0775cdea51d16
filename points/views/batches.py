"""Points of many members: the list, a new one with its preview, its progress, and undoing it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals import answers
from audit.services import run_command
from core.errors import DomainError
from core.forms import CommandForm
from core.http import render_page
from core.listing import list_page
from points import services
from points.forms import BatchFilter, BatchForm
from points.models import Batch
from points.selectors.batches import BatchPreview, Criteria, find_approval, get_batch, list_batches, preview_batch
from points.views._shared import staff_of
from points.wording import describe_criteria


def _batch_or_404(pk: int) -> Batch:
    try:
        return get_batch(pk)
    except Batch.DoesNotExist:
        raise Http404 from None


@require_safe
def batch_list(request: HttpRequest) -> HttpResponse:
    """All batches, newest first."""
    form = BatchFilter(request.GET)
    listing = list_page(list_batches(**form.criteria), request.GET, sorts={"made": "pk"}, default="-made")
    return render_page(request, "points/batch_list.html", {"form": form, "listing": listing}, fragment="batches")


@require_http_methods(["GET", "POST"])
def batch_create(request: HttpRequest) -> HttpResponse:
    """Choose whom and what, see what would happen, then say yes to exactly that."""
    form = BatchForm(request.POST or None, actor=staff_of(request), kind=services.APPROVAL, store=None)
    found = None
    if request.method == "POST" and form.is_valid():
        found = _preview(form)
        is_confirmed = "confirm" in request.POST and form.was_seen(request.POST.get("seen", ""), found)
        if "confirm" in request.POST and not is_confirmed:
            form.add_error(None, _("The figures have changed. Look at them again, then press the button once more."))
        elif is_confirmed:
            batch_id = _ask(request, form)
            if batch_id:
                return redirect("points:batch-detail", batch_id)
    context: dict[str, Any] = {"form": form, "found": found}
    if found is not None:
        form.needs_approval(found.points)
        context |= {"seen": form.seen_key(found), "who": describe_criteria(form.criteria)}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "points/batch_form.html", context, status=status)


def _preview(form: BatchForm) -> BatchPreview:
    at = timezone.now()
    return preview_batch(
        kind=form.cleaned_data["kind"],
        criteria=form.criteria,
        points_each=form.points_for_each,
        cutoff_at=at,
        at=at,
    )


def _ask(request: HttpRequest, form: BatchForm) -> int | None:
    """Run the command; None with the refusal in the form."""
    actor, at = staff_of(request), timezone.now()

    def execute() -> dict[str, Any]:
        batch, outcome = services.ask_for_batch(
            kind=form.cleaned_data["kind"],
            criteria=form.criteria,
            points_each=form.points_for_each,
            reason=form.cleaned_data["reason"],
            actor=actor,
            at=at,
            approver=approver,
        )
        return {"batch": batch.pk, **outcome.content}

    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name="points.batch",
            key=form.cleaned_data["command_key"],
            content=form.content,
            actor=actor,
            execute=execute,
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return None
    answers.tell(request, done, _("The batch has started."))
    return int(done["batch"])


@require_safe
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What was asked for, how far it is, and what came of it; the progress refreshes itself."""
    batch = _batch_or_404(pk)
    is_undoing = batch.status in {Batch.Status.UNDOING, Batch.Status.UNDONE}
    context = {
        "batch": batch,
        "who": describe_criteria(Criteria.from_json(batch.criteria)),
        "approval": find_approval(batch),
        "is_running": batch.status in {Batch.Status.RUNNING, Batch.Status.UNDOING},
        "is_undoing": is_undoing,
        "done": batch.undone_members if is_undoing else batch.done_members,
        "whole": batch.done_members if is_undoing else batch.members,
        "lost": batch.done_points - batch.undone_points,
        "may_undo": services.is_undoable(batch, timezone.now()),
        "form": CommandForm(),
    }
    return render_page(request, "points/batch_detail.html", context, fragment="progress")


@require_POST
def batch_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a batch that is done."""
    batch, form, actor = _batch_or_404(pk), CommandForm(request.POST), staff_of(request)
    if not form.is_valid():
        messages.error(request, _("Open the page again and press the button once more."))
        return redirect("points:batch-detail", batch.pk)
    at = timezone.now()

    def execute() -> dict[str, Any]:
        return {"batch": services.undo_batch(batch_id=batch.pk, actor=actor, at=at).pk}

    try:
        run_command(
            name="points.undo_batch",
            key=form.cleaned_data["command_key"],
            content={"batch": batch.pk},
            actor=actor,
            execute=execute,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The batch is being undone."))
    return redirect("points:batch-detail", batch.pk)
