"""What a second person has to agree to (rules.md 0.8): transfers above a limit, clearings, corrections."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals.registry import MONEY, Kind, register_kind
from wallet.services import correcting, transferring

_TRANSFER_LABELS = {
    "giver": _("from"),
    "taker": _("to"),
    "principal": _("principal"),
    "bonus": _("bonus"),
    "giver_after": _("the giver has after it"),
    "taker_after": _("the taker has after it"),
}


def register() -> None:
    """Offer the kinds."""
    for name, label, limits in (
        (transferring.KIND, _("Transfer of stored value"), {"owner": None, "manager": Decimal("1000.00")}),
        (transferring.STAFF_KIND, _("Transfer of stored value to or from staff"), {}),
    ):
        register_kind(
            Kind(
                name,
                label,
                MONEY,
                "wallet.approve_transfer",
                transferring.preview_for_approval,
                transferring.execute_approved,
                _TRANSFER_LABELS,
                limits,
                lock=transferring.lock_for_approval,
            )
        )
    register_kind(
        Kind(
            correcting.CLEAR_KIND,
            _("Clearing of bonus money"),
            MONEY,
            "wallet.approve_correction",
            correcting.preview_clear_request,
            correcting.execute_clear_request,
            {
                "members": _("members"),
                "lots": _("lots"),
                "bonus": _("bonus"),
                "notice": _("what the members were told"),
                "notified_on": _("told on"),
            },
            lock=correcting.lock_clearing,
        )
    )
    register_kind(
        Kind(
            correcting.CORRECTION_KIND,
            _("Correction of stored value"),
            MONEY,
            "wallet.approve_correction",
            correcting.preview_correction,
            correcting.execute_correction,
            {
                "member": _("member"),
                "recharge": _("recharge"),
                "bucket": _("bucket"),
                "before": _("left before"),
                "after": _("left after"),
                "evidence": _("evidence"),
            },
            lock=correcting.lock_correction,
        )
    )


def describe_expiry(details: Mapping[str, Any]) -> str:
    """One sentence of a reminder."""
    return gettext("Bonus of ¥%(amount)s ends on %(day)s") % {"amount": details["amount"], "day": details["last_day"]}
