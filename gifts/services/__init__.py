"""What is done to recharge plans and gift packs, and to what is given with recharges and at other occasions."""

from gifts.services.packages import (
    AlreadyTakenBack,
    GiftUsed,
    PlanNotOffered,
    give_package,
    settle_package,
    take_back_package,
)
from gifts.services.packs import (
    InvalidPack,
    PackNotGiven,
    cancel_or_take_back,
    give_pack,
    quantity_of,
    release_due,
    save_pack,
)
from gifts.services.plans import Gift, InvalidPlan, save_plan

__all__ = [
    "AlreadyTakenBack",
    "Gift",
    "GiftUsed",
    "InvalidPack",
    "InvalidPlan",
    "PackNotGiven",
    "PlanNotOffered",
    "cancel_or_take_back",
    "give_pack",
    "give_package",
    "quantity_of",
    "release_due",
    "save_pack",
    "save_plan",
    "settle_package",
    "take_back_package",
]
