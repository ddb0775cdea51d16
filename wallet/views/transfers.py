"""Stored value from one member to another: find the taker, look at the preview, confirm, done (R-W9)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

import members.services
from approvals import answers
from audit.services import run_command
from core.errors import DomainError
from core.links import resolve
from members.models import Member
from members.selectors import find_members
from stores.session import active_store
from wallet import selectors, services
from wallet.forms import TransferChoice, TransferForm
from wallet.forms.actions import WHOLE
from wallet.models import Recharge, Transfer
from wallet.services import transferring
from wallet.views._shared import member_or_404, number_in, staff_of


@sensitive_post_parameters("giver_pin", "taker_pin", "approver_pin")
def transfer_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give stored value of this member to another; what goes over of each recharge is shown before anybody confirms."""
    giver = member_or_404(member_id)
    taker_id = number_in((request.POST or request.GET).get("taker", ""))
    if taker_id is None:
        return _look_up(request, giver)
    taker = member_or_404(taker_id)
    choice = _choice(request, taker)
    form = _form(request, giver, taker, choice)
    if request.method == "POST" and form is not None and choice.is_valid() and form.is_valid():
        answer = _submit(request, form, choice, giver, taker)
        if answer is not None:
            return redirect(answer)
    plan, obstacle = _plan(giver, taker, choice)
    context = {
        **_head(giver),
        "taker": taker,
        "choice": choice,
        "form": form,
        "plan": plan,
        "parts": _parts(plan),
        "obstacle": obstacle,
        "giver_has_pin": selectors.has_pin(member_id=giver.pk),
        "needs_approval": form is not None and plan is not None and form.needs_approval(plan.total),
    }
    return render(request, "wallet/transfer_form.html", context, status=422 if request.method == "POST" else 200)


def _head(giver: Member) -> dict[str, Any]:
    return {
        "member": giver,
        "back": resolve(f"member:{giver.pk}"),
        "balance": selectors.get_balance(member_id=giver.pk, at=timezone.now()),
        "totals": selectors.get_totals(member_id=giver.pk),
    }


def _look_up(request: HttpRequest, giver: Member) -> HttpResponse:
    text = request.GET.get("q", "")
    found = [member for member in find_members(text) if member.pk != giver.pk] if text else []
    return render(request, "wallet/transfer_taker.html", {**_head(giver), "text": text, "found": found})


def _choice(request: HttpRequest, taker: Member) -> TransferChoice:
    if request.method == "POST":
        return TransferChoice(request.POST)
    return TransferChoice(request.GET if "extent" in request.GET else {"taker": taker.pk, "extent": WHOLE})


def _plan(giver: Member, taker: Member, choice: TransferChoice) -> tuple[services.Plan | None, str]:
    if not choice.is_valid():
        return None, ""
    amount = choice.cleaned_data["amount"]
    try:
        plan = services.plan_transfer(giver_id=giver.pk, taker_id=taker.pk, amount=amount, at=timezone.now())
    except DomainError as refusal:
        return None, str(refusal)
    return plan, ""


def _parts(plan: services.Plan | None) -> list[tuple[Recharge, transferring.Part]]:
    if plan is None:
        return []
    made = selectors.get_recharges([part.recharge_id for part in plan.parts])
    return [(made[part.recharge_id], part) for part in plan.parts]


def _form(request: HttpRequest, giver: Member, taker: Member, choice: TransferChoice) -> TransferForm | None:
    if not choice.is_valid():
        return None
    kind = transferring.kind_for(giver=giver, taker=taker, involves_staff=choice.cleaned_data["involves_staff"])
    return TransferForm(
        request.POST if request.method == "POST" else None,
        actor=staff_of(request),
        kind=kind,
        store=active_store(request),
        taker_has_pin=selectors.has_pin(member_id=taker.pk),
    )


def _submit(
    request: HttpRequest, form: TransferForm, choice: TransferChoice, giver: Member, taker: Member
) -> str | None:
    """Where to go; None with the refusal beside the field. PINs are checked first: wrong tries must stay counted."""
    actor, store, at = staff_of(request), active_store(request), timezone.now()
    proofs = _proofs(request, form, {"giver_pin": giver.pk, "taker_pin": taker.pk}, at)
    if proofs is None:
        return None
    content = {"giver": giver.pk, **choice.cleaned_data, **form.content}
    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name="wallet.transfer",
            key=form.cleaned_data["command_key"],
            content=content,
            actor=actor,
            execute=lambda: (
                services.request_transfer(
                    giver_id=giver.pk,
                    taker_id=taker.pk,
                    amount=choice.cleaned_data["amount"],
                    reason=form.cleaned_data["reason"],
                    giver_proof=proofs["giver_pin"],
                    taker_proof=proofs.get("taker_pin"),
                    involves_staff=choice.cleaned_data["involves_staff"],
                    actor=actor,
                    store=store,
                    at=at,
                    approver=approver,
                ).content
            ),
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return None
    answers.tell(request, done, _("The stored value has been transferred."))
    return resolve(str(done.get("result") or "")) or resolve(f"member:{giver.pk}") or "/"


def _proofs(request: HttpRequest, form: TransferForm, people: dict[str, int], at: datetime) -> dict[str, UUID] | None:
    proofs = {}
    for name, member_id in people.items():
        if name not in form.fields:
            continue
        try:
            proofs[name] = members.services.verify_pin(
                member_id=member_id,
                pin=form.cleaned_data[name],
                at=at,
                actor=staff_of(request),
                store=active_store(request),
            )
        except DomainError as refusal:
            form.add_error(name, str(refusal))
            return None
    return proofs


@require_safe
def transfer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What went over, recharge by recharge, and what both have now."""
    try:
        made = selectors.get_transfer(pk)
    except Transfer.DoesNotExist:
        raise Http404 from None
    at = timezone.now()
    context = {
        "transfer": made,
        "lots": selectors.list_transferred_lots(made),
        "giver_url": resolve(f"member:{made.giver_id}"),
        "taker_url": resolve(f"member:{made.taker_id}"),
        "giver_balance": selectors.get_balance(member_id=made.giver_id, at=at),
        "taker_balance": selectors.get_balance(member_id=made.taker_id, at=at),
    }
    return render(request, "wallet/transfer_detail.html", context)
