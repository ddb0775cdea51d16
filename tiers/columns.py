"""The columns of the downloads about tiers."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.workbook import Column

PREVIEW_COLUMNS = (
    Column(_("Member number"), width=14),
    Column(_("Member"), width=18),
    Column(pgettext_lazy("tier", "From"), width=14),
    Column(pgettext_lazy("tier", "To"), width=14),
    Column(_("Why"), width=14),
    Column(_("Valid through"), "date", width=14, definition=_("The last day of the tier that would be given.")),
    Column(_("Figures"), width=48, definition=_("What the decision rests on: sums since the first day of a window.")),
)

MATRIX_COLUMNS = (
    Column(_("Track"), width=16),
    Column(pgettext_lazy("tier", "From"), width=14),
    Column(pgettext_lazy("tier", "To"), width=14),
    Column(
        _("Decisions"),
        "integer",
        width=12,
        is_summed=True,
        definition=_("How often members came from one tier to the other; the same tier: kept or renewed."),
    ),
    Column(
        _("Mean days"),
        "quantity",
        width=12,
        definition=_("From coming to the lower tier, for the lowest one from registration, to the upgrade."),
    ),
    Column(_("Median days"), "quantity", width=12),
)

RISK_COLUMNS = (
    Column(_("Member number"), width=14),
    Column(_("Member"), width=18),
    Column(_("Store"), width=18, definition=_("Where the member registered.")),
    Column(_("Tier"), width=14),
    Column(_("Ends on"), "date", width=14, definition=_("The last day of the tier as things stand.")),
    Column(_("Missing"), width=40, definition=_("What has to be reached by that day to keep the tier.")),
)
