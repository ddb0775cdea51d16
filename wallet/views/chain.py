"""The stored value of the whole chain: its ledger, accounts that need care, and the law."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.downloads import filtered_download
from core.http import render_page
from core.listing import list_page
from stores.selectors import list_stores
from wallet import compliance, selectors, services
from wallet.columns import LEDGER_COLUMNS, ledger_row
from wallet.forms import LedgerFilterForm
from wallet.views._shared import staff_of


def _form(request: HttpRequest) -> LedgerFilterForm:
    staff = staff_of(request)
    return LedgerFilterForm(request.GET, person=staff, stores=list(list_stores(staff)))


@require_safe
def ledger_list(request: HttpRequest) -> HttpResponse:
    """Every movement of stored value that this person may read, newest first."""
    form = _form(request)
    rows = selectors.list_ledger(staff_of(request), form.ledger_filter)
    context = {"form": form, "listing": list_page(rows, request.GET, sorts={"posted": "pk"}, default="-posted")}
    return render_page(request, "wallet/ledger_list.html", context, fragment="entries")


@require_POST
def ledger_export(request: HttpRequest) -> FileResponse:
    """Exactly what is filtered as .xlsx; kept in the audit trail."""
    form = _form(request)
    staff = staff_of(request)
    rows = selectors.list_ledger(staff, form.ledger_filter).order_by("-pk").iterator(chunk_size=2000)
    response, count, filters = filtered_download(
        request,
        title=_("Stored-value entries"),
        columns=LEDGER_COLUMNS,
        rows=(ledger_row(entry) for entry in rows),
        form=form,
    )
    services.record_export(member_id=None, count=count, filters=filters, actor=staff, at=timezone.now())
    return response


@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    """Accounts that are frozen, lost, above the limit, or left behind by a membership that ended."""
    state = request.GET.get("state", "")
    state = state if state in selectors.STATES else selectors.FROZEN
    rows = selectors.list_accounts(state, at=timezone.now())
    labels = {
        selectors.FROZEN: _("Frozen"),
        selectors.LOST: _("Card lost"),
        selectors.OVER_LIMIT: _("Above the limit"),
        selectors.ENDED: _("Membership ended, money left"),
    }
    context = {
        "state": state,
        "states": labels.items(),
        "listing": list_page(rows, request.GET, sorts={"member": "pk", "principal": "principal"}, default="-member"),
    }
    return render_page(request, "wallet/account_list.html", context, fragment="accounts")


@require_safe
def compliance_detail(request: HttpRequest) -> HttpResponse:
    """Every warning in force with the law it comes from, and what has to be looked at."""
    return render(request, "wallet/compliance.html", compliance.report(at=timezone.now()))
