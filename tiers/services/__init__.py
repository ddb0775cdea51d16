"""What is done to tiers: progress, evaluation at the sale and at night, levels by hand, new versions of the rules."""

from tiers.services.drafts import (
    DraftClosed,
    NotTried,
    activate_draft,
    discard_draft,
    drop_level,
    open_draft,
    save_level,
    try_draft,
)
from tiers.services.evaluation import reevaluate
from tiers.services.exports import record_export
from tiers.services.gifts import InvalidGift, save_gift
from tiers.services.manual import InvalidTierChange, set_manually, take_off
from tiers.services.merging import merge
from tiers.services.nightly import evaluate_due
from tiers.services.perks import AlreadyUndone, PerkNotUsable, undo_perk_use, use_perk
from tiers.services.progress import AlreadyReversed, record_progress, reverse_progress
from tiers.services.tracks import InvalidTier, create_card_type, create_tier, rename_track, save_tier, set_retired
from tiers.services.versions import InvalidVersion, add_version, call_off

__all__ = [
    "AlreadyReversed",
    "AlreadyUndone",
    "DraftClosed",
    "InvalidGift",
    "InvalidTier",
    "InvalidTierChange",
    "InvalidVersion",
    "NotTried",
    "PerkNotUsable",
    "activate_draft",
    "add_version",
    "call_off",
    "create_card_type",
    "create_tier",
    "discard_draft",
    "drop_level",
    "evaluate_due",
    "merge",
    "open_draft",
    "record_export",
    "record_progress",
    "reevaluate",
    "rename_track",
    "reverse_progress",
    "save_gift",
    "save_level",
    "save_tier",
    "set_manually",
    "set_retired",
    "take_off",
    "try_draft",
    "undo_perk_use",
    "use_perk",
]
