"""The full phone number, seen once with a reason."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from core.http import render_page
from members import services
from members.forms import ReasonForm
from members.views.desk import acting_staff, find_member
from stores.session import active_store


@require_POST
def phone_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """The full number once, with a reason that is kept."""
    member = find_member(pk)
    form = ReasonForm(request.POST)
    context = {"member": member, "form": form, "phone": ""}
    if not form.is_valid():
        return render_page(request, "members/phone_reveal.html", context, fragment="phone", status=422)
    context["phone"] = services.reveal_phone(
        member_id=pk,
        reason=form.cleaned_data["reason"],
        actor=acting_staff(request),
        at=timezone.now(),
        store=active_store(request),
    )
    response = render_page(request, "members/phone_reveal.html", context, fragment="phone")
    response["Cache-Control"] = "private, no-store"
    return response
