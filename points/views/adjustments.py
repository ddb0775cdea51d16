"""Giving and taking points by hand, and undoing it."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from approvals import answers
from approvals.forms import ApproverFields
from approvals.services import submit
from audit.services import run_command
from core.errors import DomainError
from core.http import wants_fragment
from points import services
from points.forms import AdjustmentForm, UndoForm
from points.models import Entry
from points.views._shared import figures, member_or_404, staff_of
from stores.models import Store
from stores.session import active_store


@require_http_methods(["GET", "POST"])
def adjustment_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give or take points by hand, with a reason; above the person's limit a second one has to agree."""
    member, staff, at, store = member_or_404(member_id), staff_of(request), timezone.now(), active_store(request)
    form = AdjustmentForm(request.POST or None, actor=staff, kind=services.ADJUSTMENT, store=store)
    is_preview = "preview" in request.GET
    is_sent = request.method == "POST" and form.is_valid() and not is_preview
    if is_sent and _submit(request, form, _payload(form, member.pk), store, at):
        return redirect("points:entry-list", member.pk)
    context = {"member": member, "form": form, "preview": _preview(form, member.pk, at), **figures(member.pk)}
    if is_preview and wants_fragment(request):
        return render(request, "points/adjustment_form.html#preview", context)
    return render(request, "points/adjustment_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def undo_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was given or taken by hand; the same limits hold as for doing it."""
    staff, at, store = staff_of(request), timezone.now(), active_store(request)
    try:
        entry = services.get_adjustment(pk)
    except Entry.DoesNotExist:
        raise Http404 from None
    member = member_or_404(entry.account_id)
    payload = {"member": member.pk, "points": -entry.granted, "undo": entry.pk}
    form = UndoForm(request.POST or None, actor=staff, kind=services.ADJUSTMENT, store=store)
    if request.method == "POST" and form.is_valid() and _submit(request, form, payload, store, at):
        return redirect("points:entry-list", member.pk)
    context = {
        "member": member,
        "entry": entry,
        "form": form,
        "preview": _preview_of(form, payload, at),
        **figures(member.pk),
    }
    return render(request, "points/undo_form.html", context, status=422 if form.is_bound else 200)


def _payload(form: AdjustmentForm, member_id: int) -> dict[str, Any]:
    return {"member": member_id, "points": form.points}


def _preview(form: AdjustmentForm, member_id: int, at: datetime) -> dict[str, Any] | None:
    """The balance now and after, as far as what was typed makes sense."""
    if not form.is_bound or not {"amount", "direction"} <= form.cleaned_data.keys():
        return None
    return _preview_of(form, _payload(form, member_id), at)


def _preview_of(form: ApproverFields, payload: dict[str, Any], at: datetime) -> dict[str, Any]:
    try:
        found = services.preview_adjustment(payload, at)
    except DomainError as refusal:
        return {"refusal": str(refusal)}
    form.needs_approval(found.amount)
    return dict(found.figures)


def _submit(
    request: HttpRequest, form: AdjustmentForm | UndoForm, payload: dict[str, Any], store: Store, at: datetime
) -> bool:
    """Run the command; False with the refusal in the form."""
    actor = staff_of(request)
    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name="points.adjust",
            key=form.cleaned_data["command_key"],
            content={**payload, **form.content},
            actor=actor,
            execute=lambda: (
                submit(
                    kind=services.ADJUSTMENT,
                    payload=payload,
                    subject=f"member:{payload['member']}",
                    reason=form.cleaned_data["reason"],
                    actor=actor,
                    store=store,
                    at=at,
                    approver=approver,
                ).content
            ),
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return False
    answers.tell(request, done, _("The points are adjusted."))
    return True
