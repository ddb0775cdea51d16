"""Ticking services of levels as used."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from core.http import render_page, wants_fragment
from core.listing import list_page
from stores.session import active_store
from tiers import services
from tiers.forms import PerkForm
from tiers.models import PerkUse
from tiers.selectors import perks
from tiers.views._shared import member_or_404, staff_of


@require_safe
def perk_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """The services that a member can have now, for ticking beside the sale and on the member page."""
    return _list(request, member_or_404(member_id).pk)


def _list(request: HttpRequest, member_id: int, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "member_id": member_id,
        "perks": perks.list_perks(member_id=member_id, at=timezone.now()),
        "form": PerkForm(auto_id=False),
        "refusal": refusal,
    }
    return render(request, "tiers/_perks.html", context, status=status)


@require_POST
def perk_use_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Tick a service as used; one key ticks once, however often it is sent."""
    member = member_or_404(member_id)
    form, refusal = PerkForm(request.POST), ""
    if not form.is_valid():
        raise Http404
    try:
        services.use_perk(
            member_id=member.pk,
            tier_id=form.cleaned_data["tier"],
            perk=form.cleaned_data["perk"],
            idempotency_key="perk:{command_key}:{tier}:{perk}".format(**form.cleaned_data),
            store=active_store(request),
            actor=staff_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        refusal = str(error)
    if wants_fragment(request):
        return _list(request, member.pk, refusal, 422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, _("Ticked as used."))
    return redirect("members:member-detail", member.pk)


@require_safe
def perk_use_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """Every service that the member used, with who ticked it."""
    member = member_or_404(member_id)
    listing = list_page(perks.list_uses(member_id=member.pk), request.GET, sorts={"newest": "pk"}, default="-newest")
    return render_page(request, "tiers/perk_use_list.html", {"member": member, "listing": listing}, fragment="list")


@require_POST
def perk_use_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a tick back."""
    use = PerkUse.objects.filter(pk=pk).first()
    if use is None:
        raise Http404
    try:
        services.undo_perk_use(use_id=pk, store=active_store(request), actor=staff_of(request), at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The tick is taken back."))
    return redirect("tiers:perk-use-list", use.member_id)
