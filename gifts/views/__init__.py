"""Pages of recharge plans, gift packs, and what could not be taken back."""
