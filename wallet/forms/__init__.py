"""What people type about stored value."""

from wallet.forms.ledger import EntryFilter

__all__ = ["EntryFilter"]
