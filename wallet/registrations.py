"""What wallet tells the doors of core and the registries of jobs and proofs at start."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from core import audit, facts
from core.links import Link, register_member_panel
from jobs.registry import Job, register_job, register_proof
from wallet import cash_out_registrations, definitions, proofs, services
from wallet.facts import FACTS
from wallet.gift_sources import register_gift_source

__all__ = ["register", "register_gift_source"]


def register() -> None:
    """Everything of this app."""
    definitions.define()
    cash_out_registrations.register()
    facts.register(*FACTS)
    audit.register_action("recharge.voided", _("Recharge voided"))
    audit.register_action("wallet.exported", _("Stored-value entries downloaded"))
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
    for proof in proofs.PROOFS:
        register_proof(proof)
