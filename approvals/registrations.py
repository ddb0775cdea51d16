"""What approvals tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit


def register() -> None:
    """Audit actions."""
    audit.register_action("approval.requested", _("Approval asked for"))
    audit.register_action("approval.approved", _("Request approved"))
    audit.register_action("approval.changed", _("Figures of a request have changed"))
    audit.register_action("approval.refused", _("Request refused"))
    audit.register_action("approval.withdrawn", _("Request withdrawn"))
