"""What coupons tells the doors of core and the registry of proofs at start."""

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link
from core.settings import Setting
from coupons import giving
from coupons.facts import UNUSED_COUNT
from coupons.proofs import PROOFS
from coupons.selectors import MAX_PER_ORDER
from coupons.services import TRIAL, trial_digest
from jobs.registry import register_proof
from trials.registry import Kind, register_kind


def _grace_problem(days: int) -> object:
    return None if 0 <= days <= 365 else _("Between 0 and 365 days.")


def _order_problem(count: int) -> object:
    return None if 1 <= count <= 5 else _("Between 1 and 5 coupons.")


def register() -> None:
    """Audit actions, settings, facts, proofs, pages and the block of the member page."""
    for action, label in (
        ("coupon_template.created", _("Coupon template created")),
        ("coupon_template.changed", _("Coupon template changed")),
        ("coupon_template.status_changed", _("Coupon template started or stopped")),
        ("coupon.issued", _("Coupon given by hand")),
        ("coupon.voided", _("Coupon voided")),
        ("coupon.exported", _("Coupons downloaded")),
        ("coupon_classes.changed", _("Coupon classes changed")),
    ):
        audit.register_action(action, label)
    settings.define(
        Setting(
            "coupons.return_grace_days",
            int,
            3,
            _("Days that a coupon given back after its end stays valid"),
            help=_("When an order is refunded wholly and its coupon is already over. 0: it stays expired."),
            group=_("Coupons"),
            check=_grace_problem,
        ),
        Setting(
            MAX_PER_ORDER,
            int,
            3,
            _("Coupons in one order"),
            help=_("At most so many, whatever their classes allow."),
            group=_("Coupons"),
            check=_order_problem,
        ),
    )
    facts.register(UNUSED_COUNT)
    register_kind(Kind(TRIAL, _("Coupon template"), trial_digest, "coupons:template-detail", "coupons.change_template"))
    giving.register()
    for proof in PROOFS:
        register_proof(proof)
    register_navigation(
        Link(
            "coupon-templates",
            "coupons:template-list",
            _("Coupons"),
            "coupons.view_template",
            "ticket",
            "marketing",
            60,
        )
    )
    register_link(Link("coupon", "coupons:coupon-detail", _("Coupon"), "coupons.view_coupon", kwargs=("pk",)))
    register_link(
        Link(
            "coupon_template", "coupons:template-detail", _("Coupon template"), "coupons.view_template", kwargs=("pk",)
        )
    )
    register_member_panel(
        Link(
            "member-coupons",
            "coupons:member-panel",
            _("Coupons"),
            "coupons.view_coupon",
            order=60,
            kwargs=("member_id",),
        )
    )
