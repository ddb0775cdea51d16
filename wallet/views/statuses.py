"""Freezing stored value and lifting that (R-W7), and cards whose recharges are limited."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import run_command
from core.errors import DomainError
from core.links import resolve
from stores.session import active_store
from wallet import selectors, services
from wallet.forms import FreezeForm, RechargeLimitForm
from wallet.models import Account
from wallet.views._shared import member_or_404, staff_of


def freeze_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Freeze a member's stored value, with a reason."""
    return _change(request, member_id, is_freeze=True)


def freeze_delete(request: HttpRequest, member_id: int) -> HttpResponse:
    """Lift the freeze, with a reason."""
    return _change(request, member_id, is_freeze=False)


def _change(request: HttpRequest, member_id: int, *, is_freeze: bool) -> HttpResponse:
    member = member_or_404(member_id)
    form = FreezeForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _changed(request, form, member.pk, is_freeze):
        done = _("The stored value is frozen.") if is_freeze else _("The stored value can be used again.")
        messages.success(request, done)
        return redirect(resolve(f"member:{member.pk}") or "/")
    context = {
        "member": member,
        "back": resolve(f"member:{member.pk}"),
        "form": form,
        "is_freeze": is_freeze,
        "balance": selectors.get_balance(member_id=member.pk, at=timezone.now()),
        "totals": selectors.get_totals(member_id=member.pk),
    }
    return render(request, "wallet/freeze_form.html", context, status=422 if form.is_bound else 200)


def _changed(request: HttpRequest, form: FreezeForm, member_id: int, is_freeze: bool) -> bool:
    act = services.freeze_account if is_freeze else services.unfreeze_account
    actor, store, at = staff_of(request), active_store(request), timezone.now()

    def execute() -> dict[str, int]:
        act(member_id=member_id, reason=form.cleaned_data["reason"], actor=actor, at=at, store=store)
        return {"member": member_id}

    try:
        run_command(
            name="wallet.freeze" if is_freeze else "wallet.unfreeze",
            key=form.cleaned_data["command_key"],
            content={"member": member_id, **form.content},
            actor=actor,
            execute=execute,
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def recharge_limit_edit(request: HttpRequest, member_id: int) -> HttpResponse:
    """Make a card one that is recharged once, never or until a day, or lift that (M14)."""
    member = member_or_404(member_id)
    account = selectors.find_recharge_limit(member_id=member.pk) or Account(pk=member.pk)
    form = RechargeLimitForm(
        request.POST or None, initial={"recharging": account.recharging, "until": account.recharge_until}
    )
    if request.method == "POST" and form.is_valid() and _limited(request, form, member.pk):
        messages.success(request, _("The recharges of this card are set."))
        return redirect(resolve(f"member:{member.pk}") or "/")
    context = {"member": member, "back": resolve(f"member:{member.pk}"), "form": form}
    return render(request, "wallet/recharge_limit_form.html", context, status=422 if form.is_bound else 200)


def _limited(request: HttpRequest, form: RechargeLimitForm, member_id: int) -> bool:
    actor, store, at = staff_of(request), active_store(request), timezone.now()

    def execute() -> dict[str, int]:
        values = {name: form.cleaned_data[name] for name in ("recharging", "until", "reason")}
        services.limit_recharges(member_id=member_id, actor=actor, at=at, store=store, **values)
        return {"member": member_id}

    try:
        run_command(
            name="wallet.limit_recharges",
            key=form.cleaned_data["command_key"],
            content={"member": member_id, **form.content},
            actor=actor,
            execute=execute,
        )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
