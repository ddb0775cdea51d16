"""What people type about points."""

from points.forms.batches import BatchFilter, BatchForm
from points.forms.ledger import AdjustmentForm, EntryFilter, LedgerFilterForm, UndoForm
from points.forms.rules import RuleForm, VersionForm, WhenForm
from points.forms.watching import ReviewForm, WatchFilterForm

__all__ = [
    "AdjustmentForm",
    "BatchFilter",
    "BatchForm",
    "EntryFilter",
    "LedgerFilterForm",
    "ReviewForm",
    "RuleForm",
    "UndoForm",
    "VersionForm",
    "WatchFilterForm",
    "WhenForm",
]
