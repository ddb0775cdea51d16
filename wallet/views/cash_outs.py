"""Refunds of stored value in money: the sum with its articles, the claim, the payment, the list and the evidence."""

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from approvals import answers
from audit.services import run_command
from core.days import local_day
from core.errors import DomainError
from core.http import render_page
from core.links import resolve
from core.listing import list_page
from core.workbook import limited, workbook_response
from members.models import Member
from members.selectors import get_member
from stores.models import Staff
from stores.selectors import list_stores
from stores.session import active_store
from wallet import evidence, gift_sources
from wallet.forms import CashOutFilter, ClaimForm, GroundForm, PaymentForm
from wallet.models import CashOut
from wallet.selectors import cash_outs as selectors
from wallet.selectors.cash_outs import RefundSum
from wallet.services import cashing_out as services
from wallet.services.cashing_out import KIND

SORTS = {"asked": "pk", "due": "due_on", "paid": "paid"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


@sensitive_post_parameters("id_number", "account_number", "approver_pin")
def cash_out_create(request: HttpRequest, member_id: int) -> HttpResponse:
    """Choose the ground, see the sum recharge by recharge, then say who gets the money."""
    try:
        member = get_member(member_id)
    except Member.DoesNotExist:
        raise Http404 from None
    at = timezone.now()
    rules = selectors.get_cash_out_rules(at=at)
    ground = _ground_form(request)
    reckoned = _reckon(member, ground)
    claim = _claim_form(request, member, reckoned)
    if request.method == "POST" and claim.is_valid() and (pk := _submit(request, claim, member.pk)) is not None:
        return redirect("wallet:cash-out-detail", pk)
    context = {
        "member": member,
        "back": resolve(f"member:{member.pk}"),
        "ground_form": ground,
        "form": claim,
        "reckoned": reckoned,
        "obstacle": _obstacle(member, reckoned),
        "needs_approval": reckoned is not None and claim.needs_approval(reckoned.principal_part),
        "rules": rules,
        "days_to_pay": None if reckoned is None else rules.days_for(reckoned),
        "gifts": _gifts(member, reckoned),
        "voidable": [] if reckoned is None else _voidable(reckoned, at),
    }
    return render(request, "wallet/cash_out_form.html", context, status=422 if claim.is_bound else 200)


def _ground_form(request: HttpRequest) -> GroundForm:
    """What was posted with the claim, else the URL, else the commonest case today."""
    today = local_day(timezone.now())
    if request.method == "POST":
        return GroundForm(request.POST, today=today)
    if "ground" in request.GET:
        return GroundForm(request.GET, today=today)
    return GroundForm({"ground": CashOut.Ground.CUSTOMER, "terminated_on": today.isoformat()}, today=today)


def _reckon(member: Member, form: GroundForm) -> RefundSum | None:
    if not form.is_valid():
        return None
    at = timezone.now()
    return selectors.reckon_cash_out(
        member_id=member.pk,
        ground=form.cleaned_data["ground"],
        terminated_on=form.cleaned_data["terminated_on"],
        had_before=form.cleaned_data["had_before"],
        paid_on=local_day(at),
        at=at,
    )


def _claim_form(request: HttpRequest, member: Member, reckoned: RefundSum | None) -> ClaimForm:
    store = active_store(request)
    if request.method == "POST":
        return ClaimForm(request.POST, actor=_staff(request), kind=KIND, store=store)
    initial: dict[str, Any] = {"payee_name": member.name, "method": CashOut.Method.BANK}
    if reckoned is not None:
        limit = selectors.get_cash_out_rules(at=timezone.now()).cash_limit
        if reckoned.principal + reckoned.bonus <= limit:
            initial["method"] = CashOut.Method.CASH
        initial |= {
            "ground": reckoned.ground,
            "terminated_on": reckoned.terminated_on,
            "had_before": request.GET.get("had_before", ""),
            "shown": reckoned.principal_part,
        }
    return ClaimForm(initial=initial, actor=_staff(request), kind=KIND, store=store)


def _obstacle(member: Member, reckoned: RefundSum | None) -> str:
    """Why this refund would be refused, before anybody types a payee."""
    if reckoned is None:
        return ""
    try:
        services.require_payable(member, reckoned)
    except DomainError as refusal:
        return str(refusal)
    return ""


def _gifts(member: Member, reckoned: RefundSum | None) -> list[Any]:
    """What the recharges gave besides money, used or not (R-W12); gifts come with plans, so nobody asks for others.

    Gifts of a recharge that was received in part stay with who paid it, as long as they hold some of it.
    """
    lines = [] if reckoned is None else [line for line in reckoned.lines if line.recharge.plan]
    given = []
    for made in (line.recharge for line in lines):
        payer = made.account_id
        if payer == member.pk or not selectors.holds_any(member_id=payer, recharge_id=made.pk):
            given += gift_sources.list_given(made.pk)
    return given


def _voidable(reckoned: RefundSum, at: Any) -> list[str]:
    """Unused recharges of today: their own pages undo them whole, without this calculation (R-W5)."""
    if reckoned.terminated_on != local_day(at):
        return []
    urls = [resolve(f"recharge:{line.recharge.pk}") for line in reckoned.voidable]
    return [url for url in urls if url]


def _submit(request: HttpRequest, form: ClaimForm, member_id: int) -> int | None:
    """Run the command; None with the refusal in the form, which then carries the sum that is true now."""
    actor, store, at = _staff(request), active_store(request), timezone.now()

    def execute() -> dict[str, Any]:
        outcome = services.request_cash_out(
            member_id=member_id,
            claim=form.claim,
            shown=form.cleaned_data["shown"],
            actor=actor,
            store=store,
            at=at,
            approver=approver,
        )
        return {**outcome.content, "cash_out": outcome.request.payload["cash_out"]}

    try:
        approver = form.verified_approver(at=at)
        done = run_command(
            name="wallet.cash_out",
            key=form.cleaned_data["command_key"],
            content={"member": member_id, **form.content},
            actor=actor,
            execute=execute,
        )
    except services.CashOutChanged as changed:
        data = request.POST.copy()
        data["shown"] = str(changed.fresh.principal_part)
        form.data = data
        form.refuse(changed)
        return None
    except DomainError as refusal:
        form.refuse(refusal)
        return None
    answers.tell(request, done, _("The balance is closed; the refund is to be paid now."))
    return int(done["cash_out"])


@require_safe
def cash_out_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One refund with its numbers, its approval and its payment; 404 for another store's."""
    return _detail(request, selectors.get_cash_out_for(_staff(request), pk), PaymentForm())


def _detail(request: HttpRequest, cash_out: CashOut, form: PaymentForm, **more: Any) -> HttpResponse:
    today = local_day(timezone.now())
    is_due = cash_out.status == CashOut.Status.DUE
    interest = services.interest_until(cash_out, today) if is_due else cash_out.interest
    context: dict[str, Any] = {
        "cash_out": cash_out,
        "form": form,
        "lines": list(cash_out.lines.all()),
        "interest_today": interest,
        "to_pay": cash_out.principal_part + interest,
        "is_due": is_due,
        "is_overdue": cash_out.due_on < today and cash_out.status in {CashOut.Status.WAITING, CashOut.Status.DUE},
        "approvals": [(one, resolve(f"approval:{one.pk}")) for one in selectors.list_approvals_of(cash_out)],
        "drawer": resolve("payouts:"),
        **more,
    }
    return render(request, "wallet/cash_out_detail.html", context, status=422 if form.is_bound else 200)


@require_POST
def cash_out_payment_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the bank transfer with its reference."""
    actor, at = _staff(request), timezone.now()
    cash_out = selectors.get_cash_out_for(actor, pk)
    form = PaymentForm(request.POST)
    if form.is_valid():

        def execute() -> dict[str, Any]:
            paid = services.pay_cash_out(
                cash_out_id=pk,
                method=CashOut.Method.BANK,
                reference=form.cleaned_data["reference"],
                actor=actor,
                at=at,
            )
            return {"cash_out": paid.pk}

        try:
            run_command(
                name="wallet.cash_out_payment",
                key=form.cleaned_data["command_key"],
                content={"cash_out": pk, **form.content},
                actor=actor,
                execute=execute,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The payment is recorded."))
            return redirect("wallet:cash-out-detail", pk)
    return _detail(request, cash_out, form)


@require_POST
def cash_out_reveal_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Document and account number in full for the transfer; who looked is kept in the audit trail."""
    cash_out = selectors.get_cash_out_for(_staff(request), pk)
    revealed = services.reveal_payee(cash_out_id=pk, actor=_staff(request), at=timezone.now())
    response = _detail(request, cash_out, PaymentForm(), revealed=revealed)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def cash_out_evidence_create(request: HttpRequest, pk: int) -> FileResponse:
    """The evidence pack: calculation, recharges, movements, approvals and audit rows."""
    staff, at = _staff(request), timezone.now()
    cash_out = selectors.get_cash_out_for(staff, pk)
    notes = [
        (_("Made by"), staff),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")),
    ]
    file = evidence.write_evidence(cash_out, notes)
    services.record_evidence_export(cash_out=cash_out, actor=staff, at=at)
    name = _("Refund %(number)s") % {"number": cash_out.pk}
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


@require_safe
def cash_out_list(request: HttpRequest) -> HttpResponse:
    """Refunds of one's stores, newest first; overdue ones by the filter."""
    form = CashOutFilter(request.GET, stores=list_stores(_staff(request)))
    today = local_day(timezone.now())
    rows = selectors.list_cash_outs(_staff(request), today=today, **form.criteria)
    context = {
        "form": form,
        "today": today,
        "listing": list_page(
            rows, request.GET, sorts={"asked": "pk", "due": "due_on", "paid": "paid"}, default="-asked"
        ),
    }
    return render_page(request, "wallet/cash_out_list.html", context, fragment="rows")


@require_POST
def cash_out_export(request: HttpRequest) -> HttpResponseBase:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    staff, at = _staff(request), timezone.now()
    form = CashOutFilter(request.GET, stores=list_stores(staff))
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    rows = selectors.list_cash_outs(staff, today=local_day(at), **form.criteria).order_by("-pk")
    response, count = workbook_response(
        name=_("Refunds in money"),
        title=_("Refunds in money"),
        columns=evidence.CASH_OUT_COLUMNS,
        rows=limited(evidence.cash_out_row(row) for row in rows.iterator(2000)),
        notes=[
            (_("Made by"), staff),
            (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
            *((form.fields[name].label, text) for name, text in filters.items()),
        ],
    )
    services.record_cash_out_export(count=count, filters=filters, actor=staff, at=at)
    return response


@require_safe
def cash_out_state(request: HttpRequest) -> HttpResponse:
    """The block of the home page: what waits, what is due, what is overdue."""
    counts = selectors.count_cash_outs(_staff(request), today=local_day(timezone.now()))
    return render(request, "wallet/cash_out_state.html", {"counts": counts})
