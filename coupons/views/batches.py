"""One coupon for many members: the list, a new batch with its preview, its progress, and what can be done to it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.services import run_command
from core.errors import DomainError
from core.forms import CommandForm
from core.http import render_page
from core.listing import list_page
from coupons import services
from coupons.forms.giving import BatchFilter, BatchForm, PauseForm, VoidBatchForm
from coupons.models import Batch
from coupons.selectors.batches import (
    count_coupons,
    describe_audience,
    get_batch,
    list_batches,
    preview_batch,
    problem_text,
)
from coupons.views._shared import staff_of
from stores.session import active_store
from tags.forms import RuleBuilder

Status = Batch.Status


def _batch_or_404(pk: int) -> Batch:
    try:
        return get_batch(pk)
    except Batch.DoesNotExist:
        raise Http404 from None


@require_safe
def batch_list(request: HttpRequest) -> HttpResponse:
    """All batches, newest first."""
    form = BatchFilter(request.GET)
    listing = list_page(list_batches(status=form.chosen), request.GET, sorts={"newest": "pk"}, default="-newest")
    return render_page(request, "coupons/batch_list.html", {"form": form, "listing": listing}, fragment="batches")


@require_http_methods(["GET", "POST"])
def batch_create(request: HttpRequest) -> HttpResponse:
    """Choose coupon and members, see who would get one and who not, then say yes to exactly that."""
    builder = RuleBuilder.from_post(request.POST) if request.method == "POST" else RuleBuilder.from_rule(None)
    if "add" in request.POST or "remove" in request.POST or "fit" in request.POST:
        # Without scripts the builder's buttons send the form; nothing typed is lost.
        if "add" in request.POST:
            builder.add()
        return _form_page(request, BatchForm(initial=request.POST.dict(), builder=builder))
    form = BatchForm(request.POST or None, initial={"template": request.GET.get("template")}, builder=builder)
    if not form.is_bound or not form.is_valid():
        return _form_page(request, form, status=422 if form.is_bound else 200)
    found = preview_batch(template=form.cleaned_data["template"], audience=form.audience, at=timezone.now())
    seen = form.seen_key(found)
    if "confirm" in request.POST and request.POST.get("seen") == seen:
        batch_id = _start(request, form)
        if batch_id is not None:
            return redirect("coupons:batch-detail", batch_id)
    elif "confirm" in request.POST:
        form.add_error(None, _("The figures have changed. Look at them again, then press the button once more."))
    context = {"found": found, "seen": seen, "who": describe_audience(form.audience)}
    return _form_page(request, form, status=422 if form.errors else 200, **context)


def _form_page(request: HttpRequest, form: BatchForm, status: int = 200, **context: Any) -> HttpResponse:
    context |= {"form": form, "builder": form.builder}
    return render(request, "coupons/batch_form.html", context, status=status)


def _start(request: HttpRequest, form: BatchForm) -> int | None:
    """Run the command; None with the refusal in the form."""
    data, actor = form.cleaned_data, staff_of(request)

    def execute() -> dict[str, Any]:
        batch = services.start_batch(
            template_id=data["template"].pk,
            name=data["name"],
            audience=form.audience,
            actor=actor,
            at=timezone.now(),
            store=active_store(request),
        )
        return {"batch": batch.pk}

    try:
        done = run_command(
            name="coupons.batch", key=data["command_key"], content=form.content, actor=actor, execute=execute
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return None
    return int(done["batch"])


@require_safe
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is and what became of its coupons; the progress refreshes itself while there is work."""
    return _detail(request, _batch_or_404(pk))


def _detail(request: HttpRequest, batch: Batch, void_form: VoidBatchForm | None = None) -> HttpResponse:
    is_voiding = batch.status == Status.VOIDED and batch.ended_at is None
    context = {
        "batch": batch,
        "who": describe_audience(batch.audience),
        "problem": problem_text(batch.error),
        "is_working": batch.status == Status.RUNNING or is_voiding,
        "is_voiding": is_voiding,
        "done": batch.issued_count + batch.skipped_count,
        "counts": count_coupons(batch_id=batch.pk, at=timezone.now()),
        "form": CommandForm(),
        "pause_form": PauseForm(),
        "void_form": void_form or VoidBatchForm(),
        "may_pause": batch.status in {Status.RUNNING, Status.DONE},
        "may_resume": batch.status == Status.PAUSED,
        "may_cancel": batch.status in {Status.RUNNING, Status.PAUSED},
        "may_void": batch.status not in {Status.DRAFT, Status.VOIDED},
    }
    status = 422 if void_form is not None else 200
    return render_page(request, "coupons/batch_detail.html", context, fragment="progress", status=status)


def _act(
    request: HttpRequest, pk: int, name: str, form: CommandForm, execute: Callable[[], Batch], told: str
) -> HttpResponse:
    """Run one command on a batch; a refusal is told on its page."""

    def run() -> dict[str, Any]:
        return {"batch": execute().pk}

    if not form.is_valid():
        messages.error(request, _("Open the page again and press the button once more."))
        return redirect("coupons:batch-detail", pk)
    key, content = form.cleaned_data["command_key"], {"batch": pk, **form.content}
    try:
        run_command(name=name, key=key, content=content, actor=staff_of(request), execute=run)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, told)
    return redirect("coupons:batch-detail", pk)


@require_POST
def batch_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop giving, and using where that is ticked."""
    batch, form = _batch_or_404(pk), PauseForm(request.POST)
    return _act(
        request,
        pk,
        "coupons.pause_batch",
        form,
        lambda: services.pause_batch(
            batch_id=batch.pk,
            stops_use=form.cleaned_data["stops_use"],
            actor=staff_of(request),
            at=timezone.now(),
        ),
        _("The batch is paused."),
    )


@require_POST
def batch_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on."""
    batch, form = _batch_or_404(pk), CommandForm(request.POST)
    return _act(
        request,
        pk,
        "coupons.resume_batch",
        form,
        lambda: services.resume_batch(batch_id=batch.pk, actor=staff_of(request), at=timezone.now()),
        _("The batch goes on."),
    )


@require_POST
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give nothing more."""
    batch, form = _batch_or_404(pk), CommandForm(request.POST)
    return _act(
        request,
        pk,
        "coupons.cancel_batch",
        form,
        lambda: services.cancel_batch(batch_id=batch.pk, actor=staff_of(request), at=timezone.now()),
        _("The batch is cancelled. Coupons given already stay with the members."),
    )


@require_POST
def batch_void(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw what nobody used."""
    batch, form = _batch_or_404(pk), VoidBatchForm(request.POST)
    if not form.is_valid():
        return _detail(request, batch, form)
    return _act(
        request,
        pk,
        "coupons.void_batch",
        form,
        lambda: services.void_batch(
            batch_id=batch.pk,
            reason=form.cleaned_data["reason"],
            actor=staff_of(request),
            at=timezone.now(),
        ),
        _("Unused coupons of the batch are being withdrawn."),
    )
