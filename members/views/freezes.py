"""Freezing a member and lifting it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from members import services
from members.forms import ReasonForm
from members.views.desk import acting_staff, find_member
from stores.session import active_store


def freeze_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze a member, with a reason."""
    return _change_status(request, pk, is_freeze=True)


def freeze_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Lift a freeze, with a reason."""
    return _change_status(request, pk, is_freeze=False)


def _change_status(request: HttpRequest, pk: int, *, is_freeze: bool) -> HttpResponse:
    member = find_member(pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = services.freeze_member if is_freeze else services.unfreeze_member
        try:
            act(
                member_id=pk,
                reason=form.cleaned_data["reason"],
                actor=acting_staff(request),
                at=timezone.now(),
                store=active_store(request),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The member is frozen.") if is_freeze else _("The member is active again."))
            return redirect("members:member-detail", pk)
    context = {"member": member, "form": form, "is_freeze": is_freeze}
    return render(request, "members/freeze_form.html", context, status=422 if form.is_bound else 200)
