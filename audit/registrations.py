"""What audit tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_navigation


def register() -> None:
    """A label and the page of the side navigation."""
    audit.register_action("record.exported", _("Audit trail downloaded"))
    register_navigation(
        Link("audit", "audit:record-list", _("Audit trail"), "audit.view_record", "shield-check", "system", 240)
    )
