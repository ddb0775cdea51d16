"""Packs that levels give: on reaching one, once a month, and on the birthday (R-T12, T09, T10)."""

from tiers.services.giving.birthdays import give_birthday_gifts, record_growth, reverse_growth
from tiers.services.giving.monthly import Monthly, MonthlyGiftRefused, give_monthly, list_monthly
from tiers.services.giving.upgrades import (
    UpgradeGift,
    cancel_upgrade,
    gifts_of_upgrade,
    give_upgrade,
    hand_over_pending,
    list_gifts,
    take_back_gifts,
)

__all__ = [
    "Monthly",
    "MonthlyGiftRefused",
    "UpgradeGift",
    "cancel_upgrade",
    "gifts_of_upgrade",
    "give_birthday_gifts",
    "give_monthly",
    "give_upgrade",
    "hand_over_pending",
    "list_gifts",
    "list_monthly",
    "record_growth",
    "reverse_growth",
    "take_back_gifts",
]
