"""The columns of the list of requests as .xlsx."""

from django.utils.translation import gettext_lazy as _

from approvals.models import Request
from approvals.units import named_figures
from core.links import label_of
from core.workbook import Column

EXPORT_COLUMNS = (
    Column(_("Request"), "integer", 10, definition=_("The number of the request.")),
    Column(_("Asked at"), "time", 18, definition=_("When it was asked for, in the shop's time.")),
    Column(_("Asked by"), width=18),
    Column(_("What was asked for"), width=24),
    Column(_("About"), width=20, definition=_("Kind and number of what it is about.")),
    Column(_("Amount"), width=16, definition=_("In the unit of the kind: money, points or pieces.")),
    Column(_("What would change"), width=48, definition=_("The figures that were shown last.")),
    Column(_("Reason"), width=40),
    Column(_("Store"), width=18),
    Column(_("Status"), width=14),
    Column(_("Decided by"), width=18),
    Column(_("Decided at"), "time", 18),
    Column(_("Approved alone"), width=14, definition=_("Yes where nobody else could approve it.")),
    Column(_("Note"), width=40),
)


def export_row(request: Request) -> list[object]:
    """The cells of one request."""
    figures = named_figures(request.kind_or_none, request.figures)
    return [
        request.pk,
        request.requested_at,
        str(request.requested_by),
        request.label,
        label_of(request.subject),
        request.amount_text,
        "; ".join(f"{label}: {figure}" for label, figure in figures),
        request.reason,
        str(request.store or ""),
        str(request.get_status_display()),
        str(request.decided_by or ""),
        request.decided_at,
        str(_("yes")) if request.is_self_approved else "",
        request.note,
    ]
