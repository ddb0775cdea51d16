"""What wallet tells the doors of core and the registries of jobs and proofs at start."""

from collections.abc import Callable
from datetime import time

from django.utils.translation import gettext_lazy as _

from core import audit, facts
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link
from jobs.registry import Job, register_job, register_proof
from members.models import Member
from members.registry import register_member_action, register_reminder_kind
from wallet import cash_out_registrations, definitions, kinds, proofs, selectors, services
from wallet.facts import FACTS
from wallet.gift_sources import register_gift_source

__all__ = ["register", "register_gift_source"]


def register() -> None:
    """Everything of this app."""
    definitions.define()
    cash_out_registrations.register()
    facts.register(*FACTS)
    kinds.register()
    for action, label in (
        ("recharge.voided", _("Recharge voided")),
        ("wallet.exported", _("Stored-value entries downloaded")),
        ("wallet.frozen", _("Stored value frozen")),
        ("wallet.unfrozen", _("Stored value unfrozen")),
        ("wallet.recharges_limited", _("Recharges of a card limited")),
        ("wallet.transferred", _("Stored value transferred")),
        ("wallet.bonus_cleared", _("Bonus money cleared")),
        ("wallet.corrected", _("Stored value corrected")),
        ("wallet.stated", _("Statement of stored value given")),
    ):
        audit.register_action(action, label)
    register_reminder_kind(services.REMINDER, _("bonus money ends"), kinds.describe_expiry)
    register_member_panel(
        Link(
            "wallet-panel",
            "wallet:member-panel",
            _("Stored value"),
            "wallet.view_entry",
            order=10,
            kwargs=("member_id",),
        )
    )
    _links()
    register_job(
        Job(
            "wallet.expire_bonus",
            _("Expire bonus money"),
            _("Posts the expiry of bonus money whose last day has passed; principal never expires."),
            services.expire_bonus,
            time(0, 15),
        )
    )
    register_job(
        Job(
            "wallet.remind_bonus_expiry",
            _("Remind of bonus that ends"),
            _("Lists members whose bonus money ends soon for the store where they registered."),
            services.remind_bonus_expiry,
            time(0, 25),
        )
    )
    for proof in proofs.PROOFS:
        register_proof(proof)


def _links() -> None:
    """Pages of the side navigation, quick actions of the member page, and the names of documents."""
    register_link(Link("transfer", "wallet:transfer-detail", _("Transfer"), "wallet.view_transfer", kwargs=("pk",)))
    for name, url_name, label, right, icon, order in (
        ("wallet-ledger", "wallet:ledger-list", _("Stored-value entries"), "wallet.view_entry", "wallet", 110),
        ("wallet-accounts", "wallet:account-list", _("Accounts to look at"), "wallet.view_account", "lock-closed", 120),
    ):
        register_navigation(Link(name, url_name, label, right, icon, "value", order))
    register_navigation(
        Link("compliance", "wallet:compliance", _("Compliance"), "stores.view_setting", "scale", "system", order=60)
    )
    for name, label, right, icon, order in (
        ("transfer-create", _("Transfer stored value"), "wallet.transfer_balance", "arrows-right-left", 60),
        ("recharge-limit-edit", _("Limit recharges"), "wallet.limit_recharges", "no-symbol", 72),
        ("statement", _("Statement of stored value"), "wallet.view_entry", "document-text", 62),
        ("correction-create", _("Correct stored value"), "wallet.correct_principal", "wrench", 80),
        ("member-clearing-create", _("Clear bonus money"), "wallet.clear_bonus", "trash", 82),
    ):
        register_member_action(
            Link(f"wallet-{name}", f"wallet:{name}", label, right, icon, order=order, kwargs=("member_id",))
        )
    for name, url, label, icon, is_frozen in (
        ("wallet-freeze", "wallet:freeze-create", _("Freeze stored value"), "lock-closed", False),
        ("wallet-unfreeze", "wallet:freeze-delete", _("Unfreeze stored value"), "lock-open", True),
    ):
        register_member_action(
            Link(name, url, label, "wallet.freeze_account", icon, order=70, kwargs=("member_id",)),
            _offered_where(is_frozen),
        )


def _offered_where(is_frozen: bool) -> Callable[[Member], bool]:
    return lambda member: member.is_open and is_frozen == selectors.is_frozen(member_id=member.pk)
