"""What approvals tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit, dashboard
from core.links import Link, register_navigation
from core.links import register as register_link


def register() -> None:
    """Audit actions, the page of the side navigation, the block of the home page and where ``approval:7`` leads."""
    audit.register_action("approval.requested", _("Approval asked for"))
    audit.register_action("approval.approved", _("Request approved"))
    audit.register_action("approval.changed", _("Figures of a request have changed"))
    audit.register_action("approval.refused", _("Request refused"))
    audit.register_action("approval.withdrawn", _("Request withdrawn"))
    audit.register_action("limit.changed", _("Limit changed"))
    audit.register_action("request.exported", _("Requests downloaded"))
    register_link(Link("approval", "approvals:request-detail", _("Request"), "approvals.view_request", kwargs=("pk",)))
    register_navigation(
        Link(
            "approvals", "approvals:request-list", _("Approvals"), "approvals.view_request", "check-badge", "value", 190
        )
    )
    dashboard.register(
        dashboard.Tile("approvals", "approvals:waiting-detail", _("Waiting for approval"), "approvals.view_request", 30)
    )
