"""Use cases of marketing: the one entrance of new members, gifts of visits, and what comes with an order."""

from campaigns.services.editing import InvalidOccasion, save_giveaway, save_reward
from campaigns.services.registration import register_member
from campaigns.services.rewards import Reward, give_order_reward, take_back_order_reward
from campaigns.services.visits import VisitRefused, give_visit

__all__ = [
    "InvalidOccasion",
    "Reward",
    "VisitRefused",
    "give_order_reward",
    "give_visit",
    "register_member",
    "save_giveaway",
    "save_reward",
    "take_back_order_reward",
]
