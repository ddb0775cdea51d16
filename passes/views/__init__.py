"""Pages of count passes, a module per subject."""
