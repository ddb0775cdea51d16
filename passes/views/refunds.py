"""Refunds of passes: the reckoning on every ground, the request, the document, and its payment by bank."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

import approvals.services
from approvals.answers import tell
from audit.services import run_command
from core.days import local_day
from core.errors import DomainError
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from passes import selectors, services
from passes.forms import BankPaymentForm, RefundFilterForm, RefundForm
from passes.models import Pass, Refund
from passes.views.held import pass_or_404, staff_of
from stores.models import Store
from stores.session import active_store

USE_CHECKOUT = "checkout.use_checkout"


def refund_create(request: HttpRequest, pk: int) -> HttpResponse:
    """What each ground pays, with its formula; a second person agrees here or later."""
    held, staff, at = pass_or_404(pk), staff_of(request), timezone.now()
    store = active_store(request)
    reckonings = services.reckon_all(held, at)
    labels = dict(Refund.Ground.choices)
    # A repeated post finds the pass closed and still has to reach its command, which gives the first answer.
    offered = Refund.Ground.values if request.method == "POST" else [one.ground for one in reckonings]
    form = RefundForm(
        request.POST or None,
        actor=staff,
        store=store,
        grounds=[(ground, labels[Refund.Ground(ground)]) for ground in offered],
    )
    needs_approval = bool(reckonings) and form.needs_approval(max(one.amount for one in reckonings))
    if request.method == "POST" and form.is_valid():
        answer = _ask(request, held, form, store)
        if answer is not None:
            return answer
    context = {
        "form": form,
        "held": held,
        "needs_approval": needs_approval,
        "reckonings": [(one, labels[Refund.Ground(one.ground)]) for one in reckonings],
    }
    return render(request, "passes/refund_form.html", context, status=422 if form.is_bound else 200)


def _ask(request: HttpRequest, held: Pass, form: RefundForm, store: Store | None) -> HttpResponse | None:
    staff, at, data = staff_of(request), timezone.now(), form.cleaned_data
    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name="passes.refund",
            key=data["command_key"],
            content={"pass": held.pk, **form.content},
            actor=staff,
            execute=lambda: (
                approvals.services.submit(
                    kind=services.KIND,
                    payload=services.payload_of(held.pk, data["ground"]),
                    subject=f"pass:{held.pk}",
                    reason=data["reason"],
                    actor=staff,
                    store=store,
                    at=at,
                    approver=approver,
                ).content
            ),
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return None
    if tell(request, done, _("The pass is closed; the refund can be paid.")):
        return redirect("passes:refund-detail", selectors.list_refunds(held.pk)[0].pk)
    return redirect("passes:pass-detail", held.pk)


@require_safe
def refund_list(request: HttpRequest) -> HttpResponse:
    """Refunds of one's stores, those that wait for their money by their day."""
    form = RefundFilterForm(request.GET)
    form.is_valid()
    status = form.cleaned_data.get("status")
    rows = selectors.list_refunds_for(staff_of(request), is_due=status == Refund.Status.DUE if status else None)
    context = {
        "form": form,
        "listing": list_page(rows, request.GET, sorts={"made": "pk"}, default="-made"),
        "today": local_day(timezone.now()),
    }
    return render_page(request, "passes/refund_list.html", context, fragment="table")


@require_safe
def refund_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How a refund was reckoned, who asked and approved, and whether it was paid; 404 for another store's."""
    return _detail(request, pk, BankPaymentForm())


@require_POST
def refund_payment_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A bank transfer was made."""
    refund, staff, at = _refund_or_404(request, pk), staff_of(request), timezone.now()
    form = BankPaymentForm(request.POST)
    if form.is_valid():
        reference = form.cleaned_data["reference"]

        def execute() -> dict[str, Any]:
            paid = services.pay_refund(
                refund_id=pk,
                method=Refund.Method.BANK,
                reference=reference,
                actor=staff,
                at=at,
                store=refund.store,
            )
            return {"refund": paid.pk}

        try:
            run_command(
                name="passes.refund_payment",
                key=form.cleaned_data["command_key"],
                content={"refund": pk, "reference": reference},
                actor=staff,
                execute=execute,
            )
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The refund is paid."))
            return redirect("passes:refund-detail", pk)
    return _detail(request, pk, form)


def _refund_or_404(request: HttpRequest, pk: int) -> Refund:
    refund = selectors.get_refund_for(staff_of(request), pk)
    if refund is None:
        raise Http404
    return refund


def _detail(request: HttpRequest, pk: int, form: BankPaymentForm) -> HttpResponse:
    refund = _refund_or_404(request, pk)
    is_due = refund.status == Refund.Status.DUE
    context = {
        "refund": refund,
        "form": form,
        "by_bank": is_due and Refund.Method.BANK in dict(refund.methods()),
        "is_due": is_due,
        "is_late": is_due and refund.due_on < local_day(timezone.now()),
        "settlement": refund.amount + refund.entry.value,
        # The till is an app above; its page is found by its name where it is installed.
        "pay_url": resolve(f"pass-refund-payment:{pk}") if is_due and staff_of(request).has_perm(USE_CHECKOUT) else "",
    }
    return render(request, "passes/refund_detail.html", context, status=422 if form.is_bound else 200)
