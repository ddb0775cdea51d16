"""What gifts tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_navigation


def register() -> None:
    """Audit actions and the page of the side navigation."""
    audit.register_action("recharge_plan.created", _("Recharge plan created"))
    audit.register_action("recharge_plan.changed", _("Recharge plan changed"))
    register_navigation(
        Link(
            "recharge-plans",
            "gifts:plan-list",
            _("Recharge plans"),
            "gifts.view_rechargeplan",
            "gift",
            "value",
            120,
        )
    )
