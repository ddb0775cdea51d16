"""What wallet tells the doors of core and the registries of jobs and proofs at start."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from core import audit, facts
from core.links import Link, register_member_panel
from jobs.registry import Job, register_job, register_proof
from members.registry import register_reminder_kind
from wallet import cash_out_registrations, definitions, kinds, proofs, services
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
