"""Clearing of bonus and correction of mistakes: asked for here, done when a second person agrees (R-W11)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

import approvals.services
from approvals import answers
from approvals.forms import ApproverFields
from audit.services import run_command
from core.errors import DomainError
from core.links import resolve
from members.models import Member
from stores.session import active_store
from wallet import selectors, services
from wallet.forms import ClearingChoice, ClearingForm, CorrectionForm
from wallet.forms.actions import LESS
from wallet.models import Recharge
from wallet.selectors import BonusFilter
from wallet.services import correcting
from wallet.views._shared import member_or_404, number_in, staff_of

SHOWN = 10


@sensitive_post_parameters("approver_pin")
def clearing_create(request: HttpRequest) -> HttpResponse:
    """Clear bonus by plan or day, after looking at how many members and how much money it is."""
    return _clear(request, None)


@sensitive_post_parameters("approver_pin")
def member_clearing_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Clear bonus of one member."""
    return _clear(request, member_or_404(member_id))


def _clear(request: HttpRequest, member: Member | None) -> HttpResponse:
    at = timezone.now()
    choice = ClearingChoice(request.POST or request.GET, member_id=None if member is None else member.pk)
    criteria = choice.bonus_filter
    form = ClearingForm(
        request.POST or None, actor=staff_of(request), kind=correcting.CLEAR_KIND, store=active_store(request)
    )
    if request.method == "POST" and criteria is not None and form.is_valid():
        payload = {**criteria.payload, "notice": form.cleaned_data["notice"]}
        payload["notified_on"] = form.cleaned_data["notified_on"].isoformat()
        subject = f"member:{member.pk}" if member else "members:list"
        if _submitted(request, form, correcting.CLEAR_KIND, payload, subject, _("The bonus money is cleared.")):
            return redirect(resolve(subject) or "wallet:ledger-list")
    found, obstacle = _found(criteria)
    context: dict[str, Any] = {
        "member": member,
        "back": resolve(f"member:{member.pk}") if member else None,
        "choice": choice,
        "form": form,
        "found": found,
        "obstacle": obstacle,
        "sample": selectors.list_clearable_members(criteria, at=at)[:SHOWN] if criteria and found else [],
    }
    return render(request, "wallet/clearing_form.html", context, status=422 if form.is_bound else 200)


def _found(criteria: BonusFilter | None) -> tuple[services.Cleared | None, str]:
    if criteria is None:
        return None, ""
    try:
        return correcting.preview_clearing(criteria=criteria, at=timezone.now()), ""
    except DomainError as refusal:
        return None, str(refusal)


@sensitive_post_parameters("approver_pin")
def correction_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Put a recharge right that was typed wrong; the correction names it."""
    member = member_or_404(member_id)
    held: list[Any] = list(selectors.list_recharges(member_id=member.pk)[:50])
    recharges = [made for made in held if not made.is_voided]
    form = CorrectionForm(
        request.POST or None,
        actor=staff_of(request),
        kind=correcting.CORRECTION_KIND,
        store=active_store(request),
        recharges=[(made, _named(made)) for made in recharges],
        initial={"recharge": number_in(request.GET.get("recharge", ""))},
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        payload = {
            "member": member.pk,
            "recharge": values["recharge"],
            "bucket": values["bucket"],
            "amount": str(-values["amount"] if values["direction"] == LESS else values["amount"]),
            "evidence": values["evidence"],
        }
        subject = f"member:{member.pk}"
        if _submitted(request, form, correcting.CORRECTION_KIND, payload, subject, _("The correction is posted.")):
            return redirect("wallet:entry-list", member.pk)
    context = {
        "member": member,
        "back": resolve(f"member:{member.pk}"),
        "form": form,
        "recharges": recharges,
        "balance": selectors.get_balance(member_id=member.pk, at=timezone.now()),
        "totals": selectors.get_totals(member_id=member.pk),
    }
    return render(request, "wallet/correction_form.html", context, status=422 if form.is_bound else 200)


def _named(made: Recharge) -> str:
    """A recharge in a list of choices."""
    when = timezone.localtime(made.paid_at).strftime("%Y-%m-%d %H:%M")
    return f"{when} · {made.principal} + {made.bonus}"


def _submitted(
    request: HttpRequest, form: ApproverFields, kind: str, payload: dict[str, Any], subject: str, done_text: str
) -> bool:
    actor, store, at = staff_of(request), active_store(request), timezone.now()
    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name=kind,
            key=form.cleaned_data["command_key"],
            content={"payload": payload, **form.content},
            actor=actor,
            execute=lambda: (
                approvals.services.submit(
                    kind=kind,
                    payload=payload,
                    subject=subject,
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
    answers.tell(request, done, done_text)
    return True
