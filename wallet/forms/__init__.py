"""What people type about stored value."""

from wallet.forms.cash_outs import CashOutFilter, ClaimForm, GroundForm, PaymentForm
from wallet.forms.ledger import EntryFilter

__all__ = ["CashOutFilter", "ClaimForm", "EntryFilter", "GroundForm", "PaymentForm"]
