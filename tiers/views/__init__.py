"""The pages of tiers, one module per part."""
