"""Pages of imports: one call down, one answer up."""

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.files import open_table
from core.http import render_page
from core.listing import list_page
from core.workbook import Column, workbook_response
from lifecycle import selectors
from lifecycle.forms import UploadForm
from lifecycle.models import ImportRun
from lifecycle.services import runs
from lifecycle.services.importing import COLUMNS
from stores.models import Staff
from stores.selectors import list_active_stores

EXAMPLES: dict[str, dict[str, Any]] = {
    "members": {
        "external_id": "A0001",
        "name": "王小明",
        "phone": "13800138000",
        "gender": "男",
        "birthday": "农历八月十五",
        "registered_on": "2025-03-01",
    },
    "products": {
        "sku": "RICE5",
        "name": "五常大米 5kg",
        "barcodes": "6901234567892",
        "category": "食品/粮油",
        "unit": "袋",
        "list_price": "59.90",
        "member_price": "57.90",
    },
    "orders": {
        "order_id": "20250301-0001",
        "store": "S01",
        "member": "A0001",
        "sold_at": "2025-03-01 14:32",
        "sku": "RICE5",
        "quantity": "1",
        "list_amount": "59.90",
        "discount": "4.90",
        "net": "55.00",
        "tender": "现金",
    },
}


def _staff(request: HttpRequest) -> Staff:
    return cast("Staff", request.user)


def _run_or_404(pk: int) -> ImportRun:
    try:
        return selectors.get_run(pk)
    except ImportRun.DoesNotExist as error:
        raise Http404 from error


@require_GET
def import_list(request: HttpRequest) -> HttpResponse:
    """All imports, newest first."""
    page = list_page(selectors.list_runs(), request.GET, sorts={"created": "created_at"}, default="-created")
    return render_page(request, "lifecycle/import_list.html", {"page": page}, fragment="table")


def import_create(request: HttpRequest) -> HttpResponse:
    """Upload a file; it is checked in the background and nothing is written yet."""
    staff = _staff(request)
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        stores=list_active_stores(staff),
        initial={"kind": request.GET.get("kind")},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        file = data.pop("file")
        run = runs.upload(file_name=file.name, chunks=file.chunks(), actor=staff, at=timezone.now(), **data)
        return redirect("lifecycle:import-detail", run.pk)
    status = 422 if form.is_bound else 200
    context = {"form": form, "kinds": ImportRun.Kind.choices}
    return render(request, "lifecycle/import_form.html", context, status=status)


@require_GET
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What the check or the import found; while a job works on it the page asks again every second."""
    run = _run_or_404(pk)
    context = {"run": run, "has_file": bool(run.stored_name) and runs.file_path(run).exists()}
    return render_page(request, "lifecycle/import_detail.html", context, fragment="state")


@require_POST
def commit_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Import a checked file."""
    _run_or_404(pk)
    runs.start(run_id=pk, actor=_staff(request), at=timezone.now())
    return redirect("lifecycle:import-detail", pk)


@require_POST
def import_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop a file that will not be imported."""
    _run_or_404(pk)
    runs.drop(run_id=pk, actor=_staff(request), at=timezone.now())
    messages.success(request, _("The file is removed."))
    return redirect("lifecycle:import-list")


@require_GET
def error_file(request: HttpRequest, pk: int) -> FileResponse:
    """The bad rows of the file with the reasons, as .xlsx."""
    run = _run_or_404(pk)
    path = runs.file_path(run)
    if not run.stored_name or not path.exists():
        raise Http404
    with open_table(path) as table:
        columns = [
            Column(_("Row"), "integer", 8),
            Column(_("What is wrong"), "text", 50),
            *[Column(title or "-", "text") for title in table.header],
        ]
        response, _count = workbook_response(
            name=_("Errors of %(file)s") % {"file": run.file_name},
            title=_("Errors"),
            columns=columns,
            rows=selectors.rows_with_problems(table.rows, run, len(table.header)),
        )
    return response


@require_GET
def template_file(request: HttpRequest, kind: str) -> FileResponse:
    """An empty file with the right columns and one example row."""
    if kind not in COLUMNS:
        raise Http404
    fields = COLUMNS[kind](False)
    example = EXAMPLES[kind]
    response, _count = workbook_response(
        name=_("Template for %(kind)s") % {"kind": ImportRun.Kind(kind).label},
        title=str(ImportRun.Kind(kind).label),
        columns=[
            Column(
                field.name,
                "text",
                18,
                definition=", ".join([*field.aliases, _("needed") if field.is_required else _("may be empty")]),
            )
            for field in fields
        ],
        rows=[[example.get(field.name, "") for field in fields]],
        notes=[(_("Columns"), _("The order does not matter; other names that are understood stand beside."))],
    )
    return response
