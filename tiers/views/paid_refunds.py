"""Refunds of paid tiers: the reckoning, the request, and the paper."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

import approvals.services
from approvals.answers import tell
from audit.services import run_command
from core.errors import DomainError
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from stores.models import Store
from stores.session import active_store
from tiers.forms.paid import MembershipRefundFilterForm, MembershipRefundForm
from tiers.models import Membership
from tiers.selectors import memberships as selectors
from tiers.services import memberships as services
from tiers.services.memberships import MembershipNotRefundable, Reckoning
from tiers.views._shared import staff_of
from tiers.views.paid import membership_or_404

USE_CHECKOUT = "checkout.use_checkout"


def membership_refund_create(request: HttpRequest, pk: int) -> HttpResponse:
    """What a refund of today pays, with its formula and what becomes of gifts; a second person agrees here or later."""
    bought, at = membership_or_404(pk), timezone.now()
    store = active_store(request) or bought.store
    reckoned, refusal = _reckon(bought)
    form = MembershipRefundForm(request.POST or None, actor=staff_of(request), store=store)
    needs_approval = reckoned is not None and form.needs_approval(reckoned.amount)
    # A repeated post finds the purchase closed and still has to reach its command, which gives the first answer.
    if request.method == "POST" and form.is_valid():
        answer = _ask(request, bought, form, store)
        if answer is not None:
            return answer
    context = {
        "form": form,
        "bought": bought,
        "reckoned": reckoned,
        "refusal": refusal,
        "needs_approval": needs_approval,
        "issued": [] if reckoned is None else services.list_issued(bought),
        "has_begun": bought.starts_at <= at,
    }
    return render(request, "tiers/membership_refund_form.html", context, status=422 if form.is_bound else 200)


def _reckon(bought: Membership) -> tuple[Reckoning | None, str]:
    try:
        return services.reckon_refund(bought, timezone.now()), ""
    except MembershipNotRefundable as refusal:
        return None, str(refusal)


def _ask(request: HttpRequest, bought: Membership, form: MembershipRefundForm, store: Store) -> HttpResponse | None:
    staff, at, data = staff_of(request), timezone.now(), form.cleaned_data
    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name="tiers.refund",
            key=data["command_key"],
            content={"membership": bought.pk, **form.content},
            actor=staff,
            execute=lambda: (
                approvals.services.submit(
                    kind=services.KIND,
                    payload=services.refund_payload(bought.pk),
                    subject=f"membership:{bought.pk}",
                    reason=data["reason"],
                    actor=staff,
                    store=store,
                    at=at,
                    approver=approver,
                ).content
            ),
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return None
    if tell(request, done, _("The purchase is closed; the refund can be paid at a till.")):
        return redirect("tiers:membership-refund-detail", selectors.list_refunds(bought.pk).get().pk)
    return redirect("tiers:membership-detail", bought.pk)


@require_safe
def membership_refund_list(request: HttpRequest) -> HttpResponse:
    """Refunds of one's stores, the latest first."""
    form = MembershipRefundFilterForm(request.GET)
    form.is_valid()
    rows = selectors.list_refunds_for(staff_of(request), status=form.cleaned_data.get("status", ""))
    context = {"form": form, "listing": list_page(rows, request.GET, sorts={"made": "pk"}, default="-made")}
    return render_page(request, "tiers/membership_refund_list.html", context, fragment="table")


@require_safe
def membership_refund_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper of a refund, as it is printed and signed; 404 for another store's."""
    refund = selectors.get_refund_for(staff_of(request), pk)
    if refund is None:
        raise Http404
    is_due = refund.status == "due"
    context = {
        "refund": refund,
        "bought": refund.membership,
        "is_due": is_due,
        "pay_url": resolve(f"tier-refund-payment:{pk}") if is_due and staff_of(request).has_perm(USE_CHECKOUT) else "",
    }
    return render(request, "tiers/membership_refund_detail.html", context)
