"""What people type about stored value."""

from wallet.forms.actions import (
    ClearingChoice,
    ClearingForm,
    CorrectionForm,
    FreezeForm,
    PeriodForm,
    RechargeLimitForm,
    TransferChoice,
    TransferForm,
)
from wallet.forms.cash_outs import CashOutFilter, ClaimForm, GroundForm, PaymentForm
from wallet.forms.ledger import EntryFilter, LedgerFilterForm

__all__ = [
    "CashOutFilter",
    "ClaimForm",
    "ClearingChoice",
    "ClearingForm",
    "CorrectionForm",
    "EntryFilter",
    "FreezeForm",
    "GroundForm",
    "LedgerFilterForm",
    "PaymentForm",
    "PeriodForm",
    "RechargeLimitForm",
    "TransferChoice",
    "TransferForm",
]
