"""Coupons: the list, one coupon, giving out, withdrawing, and those of a member."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.services import run_command
from core import audit
from core.downloads import filtered_download
from core.errors import DomainError
from core.http import render_page
from core.listing import list_page
from coupons import pictures, selectors, services, wording
from coupons.columns import EXPORT_COLUMNS, export_row
from coupons.forms import CouponFilterForm, IssueForm, MemberIssueForm, VoidForm
from coupons.forms.lists import STATE_CHOICES
from coupons.models import Coupon
from coupons.selectors.editing import count_by_state, filter_coupons, in_state, list_last_uses
from coupons.selectors.wallet import WalletRow, wallet_rows
from coupons.views._shared import coupon_or_404, member_or_404, staff_of, template_or_404
from stores.session import active_store

PANEL_ROWS = 10
EXPORT_CHUNK = 2000


@require_safe
def coupon_list(request: HttpRequest) -> HttpResponse:
    """Coupons of all templates by code, holder, state and day."""
    form, at = CouponFilterForm(request.GET), timezone.now()
    sorts = {"newest": "pk", "ends": "valid_until"}
    listing = list_page(filter_coupons(form.criteria, at=at), request.GET, sorts=sorts, default="-newest")
    context = {
        "form": form,
        "listing": listing,
        "coupons": [(coupon, selectors.state_of(coupon, at)) for coupon in listing.rows],
    }
    return render_page(request, "coupons/coupon_list.html", context, fragment="list")


@require_POST
def coupon_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    form, at = CouponFilterForm(request.GET), timezone.now()
    rows = filter_coupons(form.criteria, at=at).order_by("-pk")

    def exported() -> Any:
        chunk: list[Coupon] = []
        for coupon in rows.iterator(chunk_size=EXPORT_CHUNK):
            chunk.append(coupon)
            if len(chunk) == EXPORT_CHUNK:
                yield from _exported(chunk)
                chunk = []
        yield from _exported(chunk)

    def _exported(chunk: list[Coupon]) -> Any:
        uses = list_last_uses([coupon.pk for coupon in chunk])
        return [export_row(coupon, uses, at) for coupon in chunk]

    response, count, filters = filtered_download(
        request, title=_("Coupons"), columns=EXPORT_COLUMNS, rows=exported(), form=form
    )
    audit.record("coupon.exported", actor=staff_of(request), subject="coupons", at=at, count=count, filters=filters)
    return response


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


@require_safe
def coupon_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One coupon with its history; a form to withdraw it for those who may."""
    return _coupon_page(request, coupon_or_404(pk), VoidForm())


def _coupon_page(request: HttpRequest, coupon: Coupon, form: VoidForm, status: int = 200) -> HttpResponse:
    at = timezone.now()
    terms = coupon.terms_version.terms
    context = {
        "coupon": coupon,
        "terms": terms,
        "row": WalletRow.of(coupon, at),
        "summary": wording.summary(wording.template_of({**terms, "is_usable_while_stopped": True})),
        "state": selectors.state_of(coupon, at),
        "events": list(selectors.list_events(coupon_id=coupon.pk)),
        "form": form if coupon.status == Coupon.Status.ISSUED else None,
        "qr": pictures.qr_code(coupon.code),
        "bars": pictures.bar_code(coupon.code),
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


@require_safe
def member_panel(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member page's block: what can be used now and soon, then how many others there are."""
    member, at = member_or_404(member_id), timezone.now()
    counts = count_by_state(member_id=member.pk, at=at)
    rows = selectors.list_of_member(member_id=member.pk).filter(status=Coupon.Status.ISSUED, valid_until__gt=at)
    coupons = list(rows.order_by("valid_until", "pk")[: PANEL_ROWS + 1])
    context = {
        "member": member,
        "rows": wallet_rows(coupons[:PANEL_ROWS], at),
        "has_more": len(coupons) > PANEL_ROWS,
        "open_count": counts["usable"] + counts["not_yet"],
        "others": counts["used"] + counts["expired"] + counts["void"],
    }
    return render(request, "coupons/member_panel.html", context)


@require_safe
def member_coupon_list(request: HttpRequest, member_id: int) -> HttpResponse:
    """The coupon wallet of a member: usable, not yet, used, expired and void ones, each with why."""
    member, at = member_or_404(member_id), timezone.now()
    counts = count_by_state(member_id=member.pk, at=at)
    state = request.GET.get("state", "usable")
    rows = in_state(selectors.list_of_member(member_id=member.pk), state, at)
    sorts = {"newest": "issued_at", "ends": "valid_until"}
    default = "ends" if state in ("usable", "not_yet") else "-newest"
    listing = list_page(rows, request.GET, sorts=sorts, default=default)
    context = {
        "member": member,
        "listing": listing,
        "rows": wallet_rows(listing.rows, at),
        "tabs": [(name, label, counts[name]) for name, label in STATE_CHOICES if name],
        "state": state,
    }
    return render_page(request, "coupons/member_coupon_list.html", context, fragment="list")
