"""Coupon templates, the coupons of a template and of a member, giving out and withdrawing."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.services import run_command
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from coupons import selectors, services, wording
from coupons.forms import IssueForm, MemberIssueForm, TemplateForm, VoidForm
from coupons.models import Coupon, Template
from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from stores.session import active_store

PANEL_ROWS = 10


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _template_or_404(pk: int) -> Template:
    try:
        return selectors.get_template(pk)
    except Template.DoesNotExist:
        raise Http404 from None


def _member_or_404(member_id: int) -> Member:
    try:
        return get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None


def template_list(request: HttpRequest) -> HttpResponse:
    """All templates with what they gave."""
    status = request.GET.get("status", "")
    rows = selectors.list_templates(status=status if status in Template.Status.values else "")
    listing = list_page(rows, request.GET, sorts={"newest": "pk", "name": "name"}, default="-newest")
    context = {
        "listing": listing,
        "templates": [(template, wording.promise(template)) for template in listing.rows],
        "statuses": Template.Status.choices,
        "status": status,
    }
    return render_page(request, "coupons/template_list.html", context, fragment="list")


def template_create(request: HttpRequest) -> HttpResponse:
    """A new draft."""
    return _edit(request, Template())


def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the terms of a template for coupons issued from now on."""
    return _edit(request, _template_or_404(pk))


def _edit(request: HttpRequest, template: Template) -> HttpResponse:
    name, is_new = template.name, template.pk is None
    form = TemplateForm(request.POST or None, initial=TemplateForm.initial_of(template))
    is_preview = "preview" in request.GET
    valid = form.is_bound and form.is_valid()
    if valid:
        form.fill(template)
    if valid and not is_preview:
        try:
            saved = services.save_template(template=template, actor=_staff(request), at=timezone.now())
        except services.InvalidTemplate as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("coupons:template-detail", saved.pk)
    shows = valid if form.is_bound else not is_new
    context = {
        "form": form,
        "name": name,
        "template": template,
        "is_new": is_new,
        "summary": wording.summary(template) if shows else [],
    }
    status = 200 if is_preview or not form.is_bound else 422
    return render_page(request, "coupons/template_form.html", context, fragment="summary", status=status)


def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One template: its terms, its figures and its coupons."""
    template = _template_or_404(pk)
    at = timezone.now()
    listing = list_page(
        selectors.list_of_template(template_id=pk), request.GET, sorts={"newest": "pk"}, default="-newest"
    )
    context = {
        "template": template,
        "summary": wording.summary(template),
        "listing": listing,
        "coupons": [(coupon, selectors.state_of(coupon, at)) for coupon in listing.rows],
        "moves": [(move.value, move.label) for move in services.next_statuses(template)],
    }
    return render_page(request, "coupons/template_detail.html", context, fragment="coupons")


@require_POST
def template_status_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Start, pause or retire."""
    template = _template_or_404(pk)
    status = request.POST.get("status", "")
    if status not in Template.Status.values:
        raise Http404
    changed = services.set_template_status(
        template_id=template.pk, status=status, actor=_staff(request), at=timezone.now()
    )
    messages.success(
        request, _("%(name)s is now: %(status)s.") % {"name": changed.name, "status": changed.get_status_display()}
    )
    return redirect("coupons:template-detail", template.pk)


def coupon_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one coupon of this template to a member."""
    template = _template_or_404(pk)
    form = IssueForm(request.POST or None)
    if form.is_bound and form.is_valid() and _issue(request, form, template.pk, form.cleaned_data["member"]):
        return redirect("coupons:template-detail", template.pk)
    context = {"form": form, "template": template, "summary": wording.summary(template)}
    return render(request, "coupons/coupon_form.html", context, status=422 if form.is_bound else 200)


def member_coupon_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give this member a coupon."""
    member = _member_or_404(member_id)
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
            actor=_staff(request),
        )
        return {"coupon": coupon.pk}

    content = {"template": template_id, "member": member_id, "reason": reason}
    try:
        run_command(name="coupons.issue", key=key, content=content, actor=_staff(request), execute=execute)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The coupon is given."))
    return True


def coupon_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One coupon with its history; a form to withdraw it for those who may."""
    return _coupon_page(request, _coupon_or_404(pk), VoidForm())


def _coupon_or_404(pk: int) -> Coupon:
    try:
        return selectors.get_coupon(pk)
    except Coupon.DoesNotExist:
        raise Http404 from None


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
    coupon = _coupon_or_404(pk)
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
            actor=_staff(request),
        )
        return {"event": event.pk}

    content = {"coupon": pk, "reason": reason}
    run_command(name="coupons.void", key=key, content=content, actor=_staff(request), execute=execute)
    messages.success(request, _("The coupon is void."))
    return redirect("coupons:coupon-detail", pk)


def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member page's block: open coupons first, then the latest others."""
    member = _member_or_404(member_id)
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
    member = _member_or_404(member_id)
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
