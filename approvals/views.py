"""The pages of approvals: what waits, one request with its decision, and the limits."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals import answers, selectors, services
from approvals.columns import EXPORT_COLUMNS, export_row
from approvals.forms import ApprovalForm, LimitForm, RefusalForm, RequestFilterForm
from approvals.models import Request
from approvals.registry import all_kinds
from approvals.units import format_amount, format_limit, named_figures
from audit.services import run_command
from core.errors import DomainError
from core.forms import CommandForm
from core.http import render_page
from core.listing import list_page
from core.workbook import limited, workbook_response
from stores import roles
from stores.models import Staff

TILE_ROWS = 5


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """Everything that this person may see, newest first; filters stand in the URL."""
    staff = _staff(request)
    form = RequestFilterForm(request.GET, staff=staff)
    rows = selectors.list_requests(staff, form.criteria)
    listing = list_page(rows, request.GET, sorts={"asked": "pk"}, default="-asked")
    return render_page(request, "approvals/request_list.html", {"form": form, "listing": listing}, fragment="requests")


@require_POST
def request_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; the download itself is recorded."""
    staff, at = _staff(request), timezone.now()
    form = RequestFilterForm(request.GET, staff=staff)
    rows = selectors.list_requests(staff, form.criteria).iterator(chunk_size=2000)
    filters = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    notes: list[tuple[Any, Any]] = [
        (_("Made by"), staff),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
    ]
    notes += [(form.fields[name].label, text) for name, text in filters.items()]
    response, count = workbook_response(
        name=_("Approvals"),
        title=_("Approvals"),
        columns=EXPORT_COLUMNS,
        rows=limited(map(export_row, rows)),
        notes=notes,
    )
    services.record_export(count=count, filters=filters, actor=staff, at=at)
    return response


@require_safe
def waiting_detail(request: HttpRequest) -> HttpResponse:
    """The block of the home page: what waits for this person, and how much of theirs waits for others."""
    staff = _staff(request)
    rows = selectors.list_waiting(staff)
    context = {
        "count": rows.count(),
        "requests": list(rows[:TILE_ROWS]),
        "own_count": selectors.count_own_waiting(staff),
    }
    return render(request, "approvals/waiting_detail.html", context)


@require_safe
def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: who, why, what would change, and the decision."""
    return _detail(request, selectors.get_request_for(_staff(request), pk))


def _detail(
    request: HttpRequest,
    found: Request,
    *,
    status: int = 200,
    seen: dict[str, Any] | None = None,
    approval: ApprovalForm | None = None,
    refusal: RefusalForm | None = None,
    error: str = "",
) -> HttpResponse:
    staff, kind = _staff(request), found.kind_or_none
    may_decide = selectors.may_decide(staff, found)
    before = dict(named_figures(kind, seen["figures"])) if seen else {}
    context = {
        "found": found,
        "error": error,
        "seen": seen,
        "seen_amount": format_amount(kind, Decimal(seen["amount"])) if seen else "",
        "figures": [(label, figure, before.get(label)) for label, figure in named_figures(kind, found.figures)],
        "may_decide": may_decide,
        "is_own": found.requested_by_id == staff.pk,
        "may_withdraw": found.status == Request.Status.PENDING and found.requested_by_id == staff.pk,
        "approval": approval or ApprovalForm(initial={"seen": found.fingerprint}),
        "refusal": refusal or RefusalForm(),
        "withdrawal": CommandForm(),
    }
    return render(request, "approvals/request_detail.html", context, status=status)


def _decide(
    request: HttpRequest, pk: int, name: str, form: CommandForm, execute: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Run a decision once for the form's key."""
    return run_command(
        name=name,
        key=form.cleaned_data["command_key"],
        content={"request": pk, **form.content},
        actor=_staff(request),
        execute=execute,
    )


def _require_decider(request: HttpRequest, found: Request) -> None:
    """403 without the kind's right in this store; what the rules refuse beyond that is said in words."""
    kind = found.kind_or_none
    if kind is None or not selectors.may_approve(_staff(request), kind, found.store):
        raise PermissionDenied


@require_POST
def approval_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve and execute. 409 where the figures are not those on the screen any more, with the old and the new."""
    found = selectors.get_request_for(_staff(request), pk)
    _require_decider(request, found)
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        return _detail(request, found, status=422, approval=form)

    def execute() -> dict[str, Any]:
        values = form.cleaned_data
        return services.approve(
            request_id=pk, actor=_staff(request), at=timezone.now(), seen=values["seen"], note=values["note"]
        ).content

    try:
        content = _decide(request, pk, "approvals.approve", form, execute)
    except DomainError as refusal:
        found = selectors.get_request_for(_staff(request), pk)
        return _detail(request, found, status=refusal.status, error=str(refusal))
    if content["is_changed"]:
        found = selectors.get_request_for(_staff(request), pk)
        return _detail(request, found, status=409, seen=content["seen"])
    answers.tell(request, content, _("Approved and done."))
    return redirect("approvals:request-detail", pk)


@require_POST
def refusal_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Say no."""
    found = selectors.get_request_for(_staff(request), pk)
    _require_decider(request, found)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _detail(request, found, status=422, refusal=form)

    def execute() -> dict[str, Any]:
        services.refuse(request_id=pk, actor=_staff(request), at=timezone.now(), note=form.cleaned_data["note"])
        return {"request": pk}

    return _closed(request, pk, "approvals.refuse", form, execute, _("Refused. Nothing was changed."))


@require_POST
def withdrawal_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's own request back."""
    found = selectors.get_request_for(_staff(request), pk)
    form = CommandForm(request.POST)
    if not form.is_valid():
        return _detail(request, found, status=422)

    def execute() -> dict[str, Any]:
        services.withdraw(request_id=pk, actor=_staff(request), at=timezone.now())
        return {"request": pk}

    return _closed(request, pk, "approvals.withdraw", form, execute, _("Withdrawn. Nothing was changed."))


def _closed(
    request: HttpRequest, pk: int, name: str, form: CommandForm, execute: Callable[[], dict[str, Any]], done: str
) -> HttpResponse:
    try:
        _decide(request, pk, name, form, execute)
    except DomainError as refusal:
        found = selectors.get_request_for(_staff(request), pk)
        return _detail(request, found, status=refusal.status, error=str(refusal))
    messages.success(request, done)
    return redirect("approvals:request-detail", pk)


@require_safe
def limit_list(request: HttpRequest) -> HttpResponse:
    """Who may do how much alone."""
    limits, names = selectors.limit_table(), selectors.list_roles()
    rows = [
        (kind.label, [format_limit(kind, limits[kind.name, role]) for role in names]) for kind in all_kinds().values()
    ]
    return render(request, "approvals/limit_list.html", {"rows": rows, "roles": _role_labels()})


@require_http_methods(["GET", "HEAD", "POST"])
def limit_edit(request: HttpRequest) -> HttpResponse:
    """Change who may do how much alone; an empty cell never asks, 0 always does."""
    form = LimitForm(request.POST or None, limits=selectors.limit_table())
    if request.method == "POST" and form.is_valid():
        services.change_limits(limits=form.changes, actor=_staff(request), at=timezone.now())
        messages.success(request, _("The limits are saved."))
        return redirect("approvals:limit-list")
    context = {"form": form, "roles": _role_labels()}
    return render(request, "approvals/limit_form.html", context, status=422 if form.is_bound else 200)


def _role_labels() -> list[str]:
    return [roles.label(name) for name in selectors.list_roles()]
