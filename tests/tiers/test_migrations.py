"""The shipped levels come and go with their migration."""

from importlib import import_module

from django.apps import apps
from django.db import connection

from tiers.models import Tier, Track, Version


def test_the_seed_can_be_taken_back_and_sown_again(db: None) -> None:
    migration = import_module("tiers.migrations.0002_growth_track")
    before = list(Version.objects.order_by("tier__rank").values_list("tier__code", "discount_factor", "thresholds"))

    with connection.schema_editor(atomic=False) as editor:
        migration.unseed(apps, editor)
    counts = [model.objects.count() for model in (Track, Tier, Version)]
    migration.seed(apps, None)

    assert counts == [0, 0, 0]
    after = list(Version.objects.order_by("tier__rank").values_list("tier__code", "discount_factor", "thresholds"))
    assert after == before
    assert [code for code, _factor, _thresholds in after] == ["normal", "silver", "gold", "diamond"]
