"""Coupons: giving out, one coupon, withdrawing, and those of a member."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.services import run_command
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from coupons import selectors, services, wording
from coupons.forms import IssueForm, MemberIssueForm, VoidForm
from coupons.models import Coupon
from coupons.views._shared import coupon_or_404, member_or_404, staff_of, template_or_404
from stores.session import active_store

PANEL_ROWS = 10


def coupon_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one coupon of this template to a member."""
    template = template_or_404(pk)
    form = IssueForm(request.POST or None)
    if form.is_bound and form.is_valid() and _issue(request, form, template.pk, form.cleaned_data["member"]):
        return redirect("coupons:template-detail", template.pk)
    context = {"form": form, "template": template, "summary": wording.summary(template)}
    return render(request, "coupons/coupon_form.html", context, status=422 if form.is_bound else 200)


def member_coupon_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give this member a coupon."""
    member = member_or_404(member_id)
    form = MemberIssueForm(request.POST or None)
    if form.is_bound and form.is_valid() and _issue(request, form, form.cleaned_data["template"].pk, member.pk):
        return redirect("members:member-detail", member.pk)
    context = {"form": form, "member": member}
    return render(request, "coupons/member_coupon_form.html", context, status=422 if form.is_bound else 200)


def _issue(request: HttpRequest, form: IssueForm | MemberIssueForm, template_id: int, member_id: int) -> bool:
    """Run the command; False with the refusal in the form."""
    key = form.cleaned_data["command_key"]
    reason = form.cleaned_data["reason"]

    def execute() -> dict[str, Any]:
        coupon = services.issue_by_hand(
            template_id=template_id,
            member_id=member_id,
            reason=reason,
            idempotency_key=f"coupon-by-hand:{key}",
            at=timezone.now(),
            store=active_store(request),
            actor=staff_of(request),
        )
        return {"coupon": coupon.pk}

    content = {"template": template_id, "member": member_id, "reason": reason}
    try:
        run_command(name="coupons.issue", key=key, content=content, actor=staff_of(request), execute=execute)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The coupon is given."))
    return True


def coupon_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One coupon with its history; a form to withdraw it for those who may."""
    return _coupon_page(request, coupon_or_404(pk), VoidForm())


def _coupon_page(request: HttpRequest, coupon: Coupon, form: VoidForm, status: int = 200) -> HttpResponse:
    context = {
        "coupon": coupon,
        "terms": selectors.terms_of(coupon),
        "promise": wording.promise(selectors.terms_of(coupon)),
        "state": selectors.state_of(coupon, timezone.now()),
        "events": list(selectors.list_events(coupon_id=coupon.pk)),
        "form": form if coupon.status == Coupon.Status.ISSUED else None,
    }
    return render(request, "coupons/coupon_detail.html", context, status=status)


@require_POST
def void_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a coupon that was not used."""
    coupon = coupon_or_404(pk)
    form = VoidForm(request.POST)
    if not form.is_valid():
        return _coupon_page(request, coupon, form, status=422)
    key = form.cleaned_data["command_key"]
    reason = form.cleaned_data["reason"]

    def execute() -> dict[str, Any]:
        event = services.void(
            coupon_id=pk,
            reason=reason,
            idempotency_key=f"coupon-void:{key}",
            at=timezone.now(),
            store=active_store(request),
            actor=staff_of(request),
        )
        return {"event": event.pk}

    content = {"coupon": pk, "reason": reason}
    run_command(name="coupons.void", key=key, content=content, actor=staff_of(request), execute=execute)
    messages.success(request, _("The coupon is void."))
    return redirect("coupons:coupon-detail", pk)


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member page's block: open coupons first, then the latest others."""
    member = member_or_404(member_id)
    at = timezone.now()
    coupons = list(selectors.list_of_member(member_id=member.pk)[: PANEL_ROWS + 1])
    context = {
        "member": member,
        "coupons": [(coupon, selectors.state_of(coupon, at)) for coupon in coupons[:PANEL_ROWS]],
        "has_more": len(coupons) > PANEL_ROWS,
        "open_count": selectors.count_open(member_id=member.pk, at=at),
    }
    return render(request, "coupons/member_panel.html", context)


def member_coupon_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """All coupons of a member."""
    member = member_or_404(member_id)
    at = timezone.now()
    listing = list_page(
        selectors.list_of_member(member_id=member.pk), request.GET, sorts={"newest": "issued_at"}, default="-newest"
    )
    context = {
        "member": member,
        "listing": listing,
        "coupons": [(coupon, selectors.state_of(coupon, at)) for coupon in listing.rows],
    }
    return render_page(request, "coupons/member_coupon_list.html", context, fragment="list")
