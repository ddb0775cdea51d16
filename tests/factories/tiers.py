"""The levels that ship with the product, put back after tests that empty all tables, and drafts of other rules."""

from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module

from django.apps import apps

from tiers.models import Track, Version
from tiers.rules import Thresholds


def seed_levels() -> None:
    """Run the seed of the migration where its rows are missing."""
    if not Track.objects.exists():
        import_module("tiers.migrations.0002_growth_track").seed(apps, None)
        import_module("tiers.migrations.0005_track_codes").seed(apps, None)


def level_draft(versions: Sequence[Version], **changes: dict[str, str]) -> list[Version]:
    """The versions with other thresholds, by code: ``silver={"spend": "150"}`` within twelve months; not saved."""
    return [_with_thresholds(version, changes.get(version.tier.code)) for version in versions]


def _with_thresholds(version: Version, metrics: dict[str, str] | None) -> Version:
    if metrics is None:
        return version
    thresholds = Thresholds({metric: Decimal(amount) for metric, amount in metrics.items()})
    return Version(
        tier=version.tier,
        effective_at=version.effective_at,
        thresholds=thresholds.to_json(),
        discount_factor=version.discount_factor,
        points_multiple=version.points_multiple,
    )
