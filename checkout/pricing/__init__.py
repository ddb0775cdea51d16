"""The price of a basket as a pure function; docs/pricing.md is the contract. No Django, no database, no clock."""
