"""Pages of coupons, a module per subject."""
