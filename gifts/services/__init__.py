"""What is done to recharge plans, and to the packages given with recharges."""

from gifts.services.packages import (
    AlreadyTakenBack,
    GiftUsed,
    PlanNotOffered,
    give_package,
    settle_package,
    take_back_package,
)
from gifts.services.plans import Gift, InvalidPlan, save_plan

__all__ = [
    "AlreadyTakenBack",
    "Gift",
    "GiftUsed",
    "InvalidPlan",
    "PlanNotOffered",
    "give_package",
    "save_plan",
    "settle_package",
    "take_back_package",
]
