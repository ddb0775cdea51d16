"""What people type about points."""

from points.forms.ledger import AdjustmentForm, EntryFilter

__all__ = ["AdjustmentForm", "EntryFilter"]
