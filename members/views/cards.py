"""The member's card: the code, the loss report and its end, the replacement, every number there ever was (R-W7)."""

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.services import run_command
from core.errors import DomainError
from members import selectors, services
from members.forms import CardBlockForm, CardReplaceForm
from members.views.desk import acting_staff, find_member
from stores.session import active_store


@require_GET
def member_card(request: HttpRequest, pk: int) -> HttpResponse:
    """The member number as a QR code: the virtual card."""
    code = segno.make_qr(find_member(pk).number, error="m")
    image = code.svg_inline(scale=6, border=4, svgclass=None, lineclass=None, omitsize=False, dark="#000", light="#fff")
    body = image.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return HttpResponse(body, content_type="image/svg+xml", headers={"Cache-Control": "private, max-age=3600"})


@require_GET
def card_list(request: HttpRequest, pk: int) -> HttpResponse:
    """All numbers of a member with when and why they ended, and what can be done about the present one."""
    return render(request, "members/card_list.html", _context(pk))


@require_POST
def block_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a loss report; the number is refused from this moment on."""
    form = CardBlockForm(request.POST)
    if form.is_valid():
        try:
            services.block_card(
                member_id=pk,
                reason=form.cleaned_data["reason"],
                actor=acting_staff(request),
                at=timezone.now(),
                store=active_store(request),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The loss is reported: this number is refused from now on."))
            return redirect("members:card-list", pk)
    return render(request, "members/card_list.html", {**_context(pk), "block_form": form}, status=422)


@require_POST
def block_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """The card was found again."""
    try:
        services.unblock_card(
            member_id=find_member(pk).pk, actor=acting_staff(request), at=timezone.now(), store=active_store(request)
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The card can be used again."))
    return redirect("members:card-list", pk)


@require_POST
def replacement_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A new number; sent twice it is given once."""
    form = CardReplaceForm(request.POST)
    if form.is_valid():
        staff, at, store = acting_staff(request), timezone.now(), active_store(request)
        given = form.content

        def replace() -> dict[str, str]:
            return {"number": services.replace_card(member_id=pk, actor=staff, at=at, store=store, **given)}

        try:
            result = run_command(
                name="members.replace_card",
                key=form.cleaned_data["command_key"],
                content={"member": pk, **given},
                actor=staff,
                execute=replace,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The new card number is %(number)s.") % {"number": result["number"]})
            return redirect("members:card-list", pk)
    return render(request, "members/card_list.html", {**_context(pk), "replace_form": form}, status=422)


def _context(pk: int) -> dict[str, object]:
    member = find_member(pk)
    cards = selectors.list_cards(member)
    present = cards[0]
    initial = {"number": member.number, "reason": present.end_reason or "damaged"}
    return {
        "member": member,
        "cards": cards,
        "present": present,
        "block_form": CardBlockForm(),
        "replace_form": CardReplaceForm(initial=initial),
    }
