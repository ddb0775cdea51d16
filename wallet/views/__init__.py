"""The pages of stored value, a module per subject."""
