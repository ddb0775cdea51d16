"""Paid tiers: the offers, what members bought, and the member's block."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.days import local_day
from core.downloads import filtered_download
from core.errors import DomainError
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from tiers import paid_wording as wording
from tiers.forms.paid import MembershipFilterForm, PaidPlanForm
from tiers.models import Membership, PaidPlan, Tier
from tiers.selectors import memberships as selectors
from tiers.services import memberships as services
from tiers.views._shared import member_or_404, staff_of

SORTS = {"sold": "pk"}
PANEL_ROWS = 6


@require_safe
def paid_plan_list(request: HttpRequest) -> HttpResponse:
    """All offers; a shop has a handful, so there are no pages."""
    today = local_day(timezone.now())
    rows = [
        {
            "plan": plan,
            "sentence": wording.sentence(plan, today),
            "length": wording.length(plan.months),
            "is_offered": plan.is_active and plan.tier.retired_at is None,
        }
        for plan in selectors.list_plans()
    ]
    context = {"rows": rows, "has_tiers": selectors.list_paid_tiers().exists()}
    return render(request, "tiers/paid_plan_list.html", context)


def paid_plan_create(request: HttpRequest) -> HttpResponse:
    """A new offer."""
    return _edit(request, PaidPlan(is_active=True))


def paid_plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an offer; what was bought keeps what was agreed."""
    try:
        plan = selectors.get_plan(pk)
    except PaidPlan.DoesNotExist:
        raise Http404 from None
    return _edit(request, plan)


@require_POST
def paid_plan_preview(request: HttpRequest) -> HttpResponse:
    """What the form says so far, in words; nothing is stored."""
    form = PaidPlanForm(request.POST, plan=PaidPlan())
    form.is_valid()
    data = form.cleaned_data
    said: dict[str, str] = {}
    if data.get("tier") and data.get("months") and data.get("price"):
        said = _said(PaidPlan(tier=data["tier"], months=data["months"], price=data["price"]))
    return render(request, "tiers/_paid_sentence.html", said)


def _said(plan: PaidPlan) -> dict[str, str]:
    today = local_day(timezone.now())
    return {"sentence": wording.sentence(plan, today), "example": wording.example(plan, today)}


def _edit(request: HttpRequest, plan: PaidPlan) -> HttpResponse:
    name = plan.name
    form = PaidPlanForm(request.POST or None, plan=plan)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_paid_plan(plan=form.filled_plan(), actor=staff_of(request), at=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": plan.name})
            return redirect("tiers:paid-plan-list")
    said = _said(plan) if plan.pk and not form.is_bound else {}
    context = {"form": form, "name": name, "has_tiers": Tier.objects.filter(pk__in=_choices(form)).exists(), **said}
    return render(request, "tiers/paid_plan_form.html", context, status=422 if form.is_bound else 200)


def _choices(form: PaidPlanForm) -> Any:
    field: Any = form.fields["tier"]
    return field.queryset.values("pk")


def _criteria(request: HttpRequest) -> tuple[MembershipFilterForm, selectors.MembershipFilter]:
    form = MembershipFilterForm(request.GET, staff=staff_of(request))
    form.is_valid()
    values = form.cleaned_data
    tier, store = values.get("tier"), values.get("store")
    return form, selectors.MembershipFilter(
        text=values.get("q", ""),
        status=values.get("status", ""),
        tier_id=None if tier is None else tier.pk,
        store_id=None if store is None else store.pk,
        sold_from=values.get("since"),
        sold_until=values.get("until"),
        ends_until=values.get("ends_until"),
    )


@require_safe
def membership_list(request: HttpRequest) -> HttpResponse:
    """All purchases of the chain, the latest first."""
    form, criteria = _criteria(request)
    at = timezone.now()
    listing = list_page(selectors.list_memberships(criteria, at=at), request.GET, sorts=SORTS, default="-sold")
    context = {
        "form": form,
        "listing": listing,
        "rows": [(bought, *wording.status(bought, at)) for bought in listing.rows],
        "owed": selectors.total_unused(at),
    }
    return render_page(request, "tiers/membership_list.html", context, fragment="table")


@require_POST
def membership_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    form, criteria = _criteria(request)
    at = timezone.now()
    rows = selectors.list_memberships(criteria, at=at).order_by("-pk").iterator(chunk_size=2000)
    response, count, filters = filtered_download(
        request,
        title=_("Paid tiers"),
        columns=wording.EXPORT_COLUMNS,
        rows=(wording.export_row(bought, at) for bought in rows),
        form=form,
    )
    services.record_memberships_export(count=count, filters=filters, actor=staff_of(request), at=at)
    return response


def membership_or_404(pk: int) -> Membership:
    """One purchase; they are seen by the whole chain, like the balances of members (R-S2)."""
    try:
        return selectors.get_membership(pk)
    except Membership.DoesNotExist:
        raise Http404 from None


@require_safe
def membership_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One purchase: its days, what they are worth now, what it replaced and what follows it, and its refund."""
    bought, at = membership_or_404(pk), timezone.now()
    chain = selectors.list_running(member_id=bought.member_id, track_id=bought.tier.track_id, at=at)
    remainder = selectors.remainder_of(bought, local_day(at))
    text, badge = wording.status(bought, at)
    is_running = bought.pk in {one.pk for one in chain}
    refund = getattr(bought, "refund", None)
    context = {
        "bought": bought,
        "status": text,
        "badge": badge,
        "remainder": remainder,
        "is_running": is_running,
        "can_refund": is_running and chain[-1].pk == bought.pk,
        "followers": [one for one in chain if one.starts_at >= bought.ends_at] if is_running else [],
        "converted": list(selectors.list_converted(pk)),
        "issued": services.list_issued(bought) if is_running else [],
        "refund": refund,
        "sees_refund": refund is not None and selectors.get_refund_for(staff_of(request), refund.pk) is not None,
        # The till is an app above; its page is found by its name where it is installed.
        "receipt_url": resolve(f"tier-sale:{pk}"),
    }
    return render(request, "tiers/membership_detail.html", context)


@require_safe
def membership_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """What a member bought, the latest first, as a block of the member page."""
    member, at = member_or_404(member_id), timezone.now()
    rows = selectors.list_memberships(selectors.MembershipFilter(), at=at).filter(member=member).order_by("-pk")
    found = list(rows[: PANEL_ROWS + 1])
    context = {
        "member": member,
        "rows": [(bought, *wording.status(bought, at)) for bought in found[:PANEL_ROWS]],
        "has_more": len(found) > PANEL_ROWS,
    }
    return render(request, "tiers/membership_panel.html", context)
