"""The statement that a customer can ask for at any time, on paper and as a workbook (R-W15)."""

import tempfile
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.days import local_day
from core.links import resolve
from core.workbook import Table, download, write_tables
from stores.session import active_store
from wallet import selectors, services
from wallet.columns import RECHARGE_COLUMNS, STATEMENT_COLUMNS, recharge_row, statement_row
from wallet.forms import PeriodForm
from wallet.views._shared import member_or_404, staff_of


@require_safe
def statement(request: HttpRequest, member_id: int) -> HttpResponse:
    """Opening balance, every movement, recharges with their terms, closing balance; made for printing."""
    member = member_or_404(member_id)
    form = PeriodForm(request.GET)
    since, until = form.period(local_day(timezone.now()))
    if not request.GET:
        form = PeriodForm(initial={"since": since, "until": until})
    context = {
        "member": member,
        "back": resolve(f"member:{member.pk}"),
        "form": form,
        "statement": selectors.get_statement(member_id=member.pk, since=since, until=until),
        "store": active_store(request),
        "made_at": timezone.now(),
    }
    return render(request, "wallet/statement.html", context)


@require_POST
def statement_export(request: HttpRequest, member_id: int) -> FileResponse:
    """The same as .xlsx: a sheet of movements, a sheet of recharges. Who gave it out is recorded."""
    member, at = member_or_404(member_id), timezone.now()
    since, until = PeriodForm(request.GET).period(local_day(at))
    found = selectors.get_statement(member_id=member.pk, since=since, until=until)
    notes: list[tuple[Any, Any]] = [
        (_("Member"), f"{member.number} {member}"),
        (_("From"), since.isoformat()),
        (_("To"), until.isoformat()),
        (_("Opening balance"), found.opening.total),
        (_("Closing balance"), found.closing.total),
        (_("Made by"), staff_of(request)),
        (_("Made at"), timezone.localtime(at).strftime("%Y-%m-%d %H:%M")),
    ]
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    try:
        write_tables(
            file,
            tables=[
                Table(_("Movements"), STATEMENT_COLUMNS, [statement_row(line) for line in found.lines]),
                Table(_("Recharges"), RECHARGE_COLUMNS, [recharge_row(*pair) for pair in found.recharges]),
            ],
            notes=notes,
        )
    except BaseException:
        file.close()
        raise
    services.record_statement(
        member_id=member.pk, since=since, until=until, actor=staff_of(request), store=active_store(request), at=at
    )
    return download(file, _("Statement of %(member)s") % {"member": member.number})
