"""What wallet tells the doors of core and the registries of jobs and proofs at start."""

from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.links import Link, register_member_panel
from core.settings import Setting
from jobs.registry import Job, register_job, register_proof
from wallet import proofs, rules, services
from wallet.facts import FACTS


def _amount(value: Any) -> Any:
    return None if Decimal(0) <= value <= Decimal(1_000_000) else _("Choose an amount from 0 to 1,000,000.")


def _days(value: Any) -> Any:
    return None if 0 <= value <= 3650 else _("Choose a number of days from 0 to 3650.")


def define_settings() -> None:
    """The owner's rules of stored value (read through ``selectors.get_rules``)."""
    group = _("Stored value")
    warning = _(
        "The rules on single-purpose prepaid cards allow at most ¥5,000 on a named and ¥1,000 on an unnamed card."
    )
    settings.define(
        Setting(
            "wallet.spending_order",
            str,
            rules.PROPORTIONAL,
            _("How a payment uses principal and bonus"),
            _("In proportion is the fairest where a customer asks for money back."),
            group,
            choices=(
                (rules.PROPORTIONAL, _("in proportion, recharge by recharge")),
                (rules.BONUS_FIRST, _("bonus first, then principal")),
                (rules.PRINCIPAL_FIRST, _("principal first, then bonus")),
            ),
        ),
        Setting(
            "wallet.limit_named",
            Decimal,
            Decimal("5000.00"),
            _("Highest balance of a named member"),
            "",
            group,
            check=_amount,
            warning=warning,
        ),
        Setting(
            "wallet.limit_unnamed",
            Decimal,
            Decimal("1000.00"),
            _("Highest balance of an unnamed card"),
            "",
            group,
            check=_amount,
            warning=warning,
        ),
        Setting(
            "wallet.limit_counts_bonus",
            bool,
            True,
            _("Bonus counts towards the highest balance"),
            "",
            group,
            warning=_("Ask your counsel before switching this off."),
        ),
        Setting(
            "wallet.grace_days",
            int,
            30,
            _("Days for which refunded bonus that has expired meanwhile can be used again"),
            _("0: it stays expired."),
            group,
            check=_days,
        ),
    )


def register() -> None:
    """Everything of this app."""
    define_settings()
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
