"""What stores tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_navigation


def register_audit_actions() -> None:
    """Labels of the actions that stores records."""
    for action, label in (
        ("staff.logged_in", _("Logged in")),
        ("staff.logged_out", _("Logged out")),
        ("staff.login_failed", _("Log-in failed")),
        ("staff.locked_out", _("Locked out after wrong passwords")),
        ("staff.switched", _("Switched person at the till")),
        ("staff.pin_failed", _("Wrong staff PIN")),
        ("staff.created", _("Staff created")),
        ("staff.changed", _("Staff changed")),
        ("staff.pin_set", _("Staff PIN set")),
        ("staff.password_reset", _("Staff password reset")),
        ("store.created", _("Store created")),
        ("store.changed", _("Store changed")),
        ("setting.changed", _("Setting changed")),
    ):
        audit.register_action(action, label)


def register() -> None:
    """Everything above and the pages of the side navigation."""
    register_audit_actions()
    register_navigation(
        Link("stores", "stores:store-list", _("Stores"), "stores.view_store", "building-storefront", "system", 200)
    )
    register_navigation(Link("staff", "stores:staff-list", _("Staff"), "stores.view_staff", "users", "system", 210))
    register_navigation(
        Link("settings", "stores:setting-list", _("Settings"), "stores.view_setting", "cog-6-tooth", "system", 220)
    )
