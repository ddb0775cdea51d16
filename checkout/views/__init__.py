"""Views by use case."""
