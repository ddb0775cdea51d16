"""The ledger of stored value and its papers."""

from wallet.models.documents import CashOut, CashOutLine, Transfer
from wallet.models.ledger import Account, Entry, Lot, LotUse, PayerKind, Recharge

__all__ = ["Account", "CashOut", "CashOutLine", "Entry", "Lot", "LotUse", "PayerKind", "Recharge", "Transfer"]
