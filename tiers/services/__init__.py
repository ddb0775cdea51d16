"""What is done to tiers: progress, evaluation at the sale and at night, levels by hand, new versions of the rules."""

from tiers.services.evaluation import reevaluate
from tiers.services.manual import InvalidTierChange, set_manually, take_off
from tiers.services.nightly import evaluate_due
from tiers.services.progress import AlreadyReversed, record_progress, reverse_progress
from tiers.services.versions import InvalidVersion, add_version, rename_tier

__all__ = [
    "AlreadyReversed",
    "InvalidTierChange",
    "InvalidVersion",
    "add_version",
    "evaluate_due",
    "record_progress",
    "reevaluate",
    "rename_tier",
    "reverse_progress",
    "set_manually",
    "take_off",
]
