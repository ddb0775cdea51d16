"""What people type about tiers."""

from tiers.forms.drafts import ActivationForm, TryForm
from tiers.forms.gifts import TierGiftForm
from tiers.forms.levels import LevelForm
from tiers.forms.members import MemberTierForm
from tiers.forms.perks import MonthlyGiftForm, PerkForm
from tiers.forms.tracks import CardTypeForm, NewTierForm, TierForm, TrackForm

__all__ = [
    "ActivationForm",
    "CardTypeForm",
    "LevelForm",
    "MemberTierForm",
    "MonthlyGiftForm",
    "NewTierForm",
    "PerkForm",
    "TierForm",
    "TierGiftForm",
    "TrackForm",
    "TryForm",
]
