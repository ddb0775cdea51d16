"""Drafts of rules run over the orders that really happened; nothing here writes."""
