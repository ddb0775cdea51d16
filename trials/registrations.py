"""What trials tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_navigation
from core.links import register as register_link


def register() -> None:
    """Audit actions, the page of the side navigation and where ``trial:7`` leads."""
    audit.register_action("trial.asked", _("Rules tried on history"))
    audit.register_action("trial.cancelled", _("Trial called off"))
    audit.register_action("trial.exported", _("Trial downloaded"))
    register_link(Link("trial", "trials:trial-detail", _("Trial"), "trials.view_trial", kwargs=("pk",)))
    register_navigation(
        Link("trials", "trials:trial-list", _("Trials"), "trials.view_trial", "beaker", "marketing", 290)
    )
