"""The tables of tiers."""

from tiers.models.giving import PerkUse, TierGift
from tiers.models.holding import Change, Period, ProgressEntry, Reason
from tiers.models.paid import Membership, MembershipRefund, PaidPlan
from tiers.models.tracks import SHIPPED_LABELS, SHIPPED_NAMES, Draft, Tier, Track, Version

__all__ = [
    "SHIPPED_LABELS",
    "SHIPPED_NAMES",
    "Change",
    "Draft",
    "Membership",
    "MembershipRefund",
    "PaidPlan",
    "Period",
    "PerkUse",
    "ProgressEntry",
    "Reason",
    "Tier",
    "TierGift",
    "Track",
    "Version",
]
