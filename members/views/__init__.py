"""Pages of members: one call down, one answer up."""
