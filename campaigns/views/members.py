"""The block of gifts on the member page, and the button that gives the gift of a visit."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.services import run_command
from campaigns import selectors, services
from campaigns.forms import VisitForm
from campaigns.models import Giveaway
from core.errors import DomainError
from gifts.selectors import list_grants, used_coupons
from gifts.wording import given_texts, grant_rows, joined, pack_texts
from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from stores.session import active_store

ROWS = 10


def _member_or_404(pk: int) -> Member:
    try:
        return get_member(pk)
    except Member.DoesNotExist:
        raise Http404 from None


@require_safe
def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """What the member was given, what is held back, and what can be given on this visit."""
    member, store, at = _member_or_404(member_id), active_store(request), timezone.now()
    grants = list(list_grants(member_id=member.pk).exclude(source__startswith="recharge:")[: ROWS + 1])
    can_give = request.user.has_perm("campaigns.give_giveaway") and store is not None
    visits = selectors.list_visits(member_id=member.pk, store=store, at=at) if can_give and store is not None else []
    context = {
        "member": member,
        "rows": grant_rows(grants[:ROWS], used_coupons=used_coupons(grants[:ROWS])),
        "has_more": len(grants) > ROWS,
        "visits": [(one, joined(pack_texts(one.terms.parts)), VisitForm()) for one in visits],
    }
    return render(request, "campaigns/member_panel.html", context)


@require_POST
def visit_create(request: HttpRequest, member_id: int, pk: int) -> HttpResponse:
    """Give the gift of a visit; a second click gives nothing again."""
    member, store, staff = _member_or_404(member_id), active_store(request), cast("Staff", request.user)
    try:
        giveaway = selectors.get_giveaway(pk)
    except Giveaway.DoesNotExist:
        raise Http404 from None
    form = VisitForm(request.POST)
    if store is None or not form.is_valid():
        messages.error(request, _("Choose a store first."))
        return redirect("members:member-detail", member.pk)

    def execute() -> dict[str, int]:
        grant = services.give_visit(
            giveaway_id=giveaway.pk, member_id=member.pk, at=timezone.now(), store=store, actor=staff
        )
        return {"grant": grant.pk}

    try:
        done = run_command(
            name="campaigns.visit",
            key=form.cleaned_data["command_key"],
            content={"member": member.pk, "giveaway": giveaway.pk},
            actor=staff,
            execute=execute,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        grant = list_grants(member_id=member.pk).get(pk=done["grant"])
        messages.success(request, _("Given: %(gifts)s.") % {"gifts": joined(given_texts(grant))})
    return redirect("members:member-detail", member.pk)
