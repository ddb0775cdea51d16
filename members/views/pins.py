"""The member's PIN on the member page: chosen or changed by the member, removed by a manager (R-W10)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from core.errors import DomainError
from members import selectors, services
from members.forms import NewPinForm, PinChangeForm, PinResetForm
from members.views.desk import acting_staff, find_member
from stores.session import active_store


@sensitive_post_parameters("old_pin", "pin", "pin_again")
@never_cache
def pin_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A first PIN, or another one for a member who knows the present one. ``next`` leads back to where it was asked."""
    member = find_member(pk)
    has_pin = selectors.has_pin(pk)
    form = (PinChangeForm if has_pin else NewPinForm)(request.POST or None)
    after = _next(request) or reverse("members:member-detail", args=[pk])
    if request.method == "POST" and form.is_valid():
        given = {key: value for key, value in form.cleaned_data.items() if key in {"old_pin", "pin"}}
        act = services.change_pin if has_pin else services.set_pin
        try:
            act(member_id=pk, actor=acting_staff(request), at=timezone.now(), store=active_store(request), **given)
        except services.InvalidPin as refusal:
            form.add_error("pin", str(refusal))
        except services.PinRefused as refusal:
            form.add_error("old_pin", str(refusal))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The PIN is changed.") if has_pin else _("The PIN is set."))
            return redirect(after)
    context = {"member": member, "form": form, "has_pin": has_pin, "next": after}
    return render(request, "members/pin_form.html", context, status=422 if form.is_bound else 200)


def _next(request: HttpRequest) -> str:
    text = request.GET.get("next", "")
    return text if url_has_allowed_host_and_scheme(text, allowed_hosts=None) else ""


def pin_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a forgotten or locked PIN, with a reason and an identity document that was seen."""
    member = find_member(pk)
    form = PinResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reset_pin(
                member_id=pk,
                reason=form.cleaned_data["reason"],
                id_shown=form.cleaned_data["id_shown"],
                actor=acting_staff(request),
                at=timezone.now(),
                store=active_store(request),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The PIN is removed. The member chooses a new one."))
            return redirect("members:member-detail", pk)
    context = {"member": member, "form": form}
    return render(request, "members/pin_reset_form.html", context, status=422 if form.is_bound else 200)
