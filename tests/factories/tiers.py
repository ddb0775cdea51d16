"""The levels that ship with the product, put back after tests that empty all tables."""

from importlib import import_module

from django.apps import apps

from tiers.models import Track


def seed_levels() -> None:
    """Run the seed of the migration where its rows are missing."""
    if not Track.objects.exists():
        import_module("tiers.migrations.0002_growth_track").seed(apps, None)
        import_module("tiers.migrations.0005_track_codes").seed(apps, None)
