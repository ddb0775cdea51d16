"""What campaigns tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link


def register() -> None:
    """Audit actions, pages and the block of gifts on the member page."""
    for action, label in (
        ("giveaway.created", _("Giveaway created")),
        ("giveaway.changed", _("Giveaway changed")),
        ("order_reward.created", _("Order reward created")),
        ("order_reward.changed", _("Order reward changed")),
    ):
        audit.register_action(action, label)
    register_navigation(
        Link(
            "giveaways",
            "campaigns:giveaway-list",
            _("Giveaways and rewards"),
            "campaigns.view_giveaway",
            "sparkles",
            "marketing",
            80,
        )
    )
    register_link(
        Link("giveaway", "campaigns:giveaway-edit", _("Giveaway"), "campaigns.change_giveaway", kwargs=("pk",))
    )
    register_link(
        Link("order_reward", "campaigns:reward-edit", _("Order reward"), "campaigns.change_orderreward", kwargs=("pk",))
    )
    register_member_panel(
        Link(
            "member-gifts",
            "campaigns:member-panel",
            _("Gifts"),
            "members.view_member",
            order=60,
            kwargs=("member_id",),
        )
    )
