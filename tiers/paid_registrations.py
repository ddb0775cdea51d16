"""What paid tiers tell the doors of core and the registries of members, jobs, proofs and approvals at start."""

from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from approvals.registry import MONEY, Kind, register_kind
from core import audit, settings
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link
from core.settings import Setting
from jobs.registry import Job, register_job, register_proof
from members.registry import register_reminder_kind
from tiers.paid_proofs import PROOFS
from tiers.services import memberships


def _stages_problem(value: Any) -> Any:
    try:
        memberships.stages_of(value)
    except ValueError:
        return _("Write days like 30, 7, 1.")
    return None


def register() -> None:
    """Audit actions, the setting, the kind of approval, the reminder with its job, proofs and pages."""
    for action, label in (
        ("paid_plan.created", _("Offer of a paid tier created")),
        ("paid_plan.changed", _("Offer of a paid tier changed")),
        ("membership.voided", _("Sale of a paid tier voided")),
        ("membership.refunded", _("Paid tier refunded")),
        ("membership_refund.paid", _("Refund of a paid tier paid")),
        ("membership.exported", _("Paid tiers downloaded")),
    ):
        audit.register_action(action, label)
    settings.define(
        Setting(
            "tiers.membership_reminder_days",
            str,
            "30,7",
            _("Remind of the end of a paid tier so many days before"),
            help=_("Separated by commas; empty: never."),
            group=_("Tiers"),
            check=_stages_problem,
        )
    )
    register_kind(
        Kind(
            name=memberships.KIND,
            label=_("Refund of a paid tier"),
            unit=MONEY,
            approve_right="tiers.approve_refund",
            preview=memberships.preview_refund,
            execute=memberships.execute_refund,
            labels={
                "tier": _("Paid tier"),
                "days": _("Days left"),
                "formula": _("Formula"),
                "wallet": _("Of it back to stored value"),
                "unused": _("Gifts that go back"),
                "used": _("Gifts that were used"),
                "amount": _("To be paid"),
            },
            limits={"owner": None, "manager": Decimal("200.00")},
            lock=memberships.lock_refund,
        )
    )
    register_reminder_kind(memberships.REMINDER, _("Paid tier ends"), memberships.describe_reminder)
    register_job(
        Job(
            "tiers.remind_memberships",
            _("Remind of ending paid tiers"),
            _("Makes a reminder for the store of registration of every member whose paid tier ends soon."),
            memberships.remind_of_memberships,
            time(0, 34),
        )
    )
    for proof in PROOFS:
        register_proof(proof)
    register_navigation(
        Link(
            "memberships",
            "tiers:membership-list",
            _("Paid tiers"),
            "tiers.view_membership",
            "identification",
            "value",
            140,
        )
    )
    register_link(
        Link("membership", "tiers:membership-detail", _("Paid tier"), "tiers.view_membership", kwargs=("pk",))
    )
    register_link(
        Link(
            "tier_refund",
            "tiers:membership-refund-detail",
            _("Refund of a paid tier"),
            "tiers.view_membershiprefund",
            kwargs=("pk",),
        )
    )
    register_member_panel(
        Link(
            "memberships-panel",
            "tiers:membership-panel",
            _("Paid tiers"),
            "tiers.view_membership",
            order=26,
            kwargs=("member_id",),
        )
    )
