"""Paid tiers: offers, purchases, renewals, refunds (R-T10). Every function locks the member first."""

from tiers.services.memberships.issued import Issued, list_issued
from tiers.services.memberships.plans import InvalidPaidPlan, record_memberships_export, save_paid_plan
from tiers.services.memberships.posting import (
    MembershipKeyReused,
    MembershipNotRefundable,
    MembershipNotVoidable,
    MembershipRefundPaid,
    NotSellable,
    OfferChanged,
)
from tiers.services.memberships.refunding import (
    KIND,
    Reckoning,
    execute_refund,
    lock_refund,
    mark_refund_paid,
    preview_refund,
    reckon_refund,
    refund_payload,
)
from tiers.services.memberships.reminding import REMINDER, describe_reminder, remind_of_memberships, stages_of
from tiers.services.memberships.selling import sell_membership, void_membership

__all__ = [
    "KIND",
    "REMINDER",
    "InvalidPaidPlan",
    "Issued",
    "MembershipKeyReused",
    "MembershipNotRefundable",
    "MembershipNotVoidable",
    "MembershipRefundPaid",
    "NotSellable",
    "OfferChanged",
    "Reckoning",
    "describe_reminder",
    "execute_refund",
    "list_issued",
    "lock_refund",
    "mark_refund_paid",
    "preview_refund",
    "reckon_refund",
    "record_memberships_export",
    "refund_payload",
    "remind_of_memberships",
    "save_paid_plan",
    "sell_membership",
    "stages_of",
    "void_membership",
]
