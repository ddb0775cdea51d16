"""What coupons tells the doors of core and the registry of proofs at start."""

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.settings import Setting
from coupons.facts import UNUSED_COUNT
from coupons.proofs import PROOFS
from jobs.registry import register_proof


def _grace_problem(days: int) -> object:
    return None if 0 <= days <= 365 else _("Between 0 and 365 days.")


def register() -> None:
    """Audit actions, settings, facts and proofs."""
    for action, label in (
        ("coupon_template.created", _("Coupon template created")),
        ("coupon_template.changed", _("Coupon template changed")),
        ("coupon_template.status_changed", _("Coupon template started or stopped")),
        ("coupon.issued", _("Coupon given by hand")),
        ("coupon.voided", _("Coupon voided")),
    ):
        audit.register_action(action, label)
    settings.define(
        Setting(
            "coupons.return_grace_days",
            int,
            3,
            _("Days that a coupon given back after its end stays valid"),
            help=_("When an order is refunded wholly and its coupon is already over. 0: it stays expired."),
            group="coupons",
            check=_grace_problem,
        )
    )
    facts.register(UNUSED_COUNT)
    for proof in PROOFS:
        register_proof(proof)
