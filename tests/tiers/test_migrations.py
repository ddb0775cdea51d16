"""The shipped levels come and go with their migration."""

from importlib import import_module

from django.apps import apps
from django.db import connection

from tiers.models import Tier, Track, Version


def test_the_seed_can_be_taken_back_and_sown_again(db: None) -> None:
    ladder = import_module("tiers.migrations.0002_growth_track")
    others = import_module("tiers.migrations.0005_track_codes")
    before = list(
        Version.objects.order_by("tier__track__code", "tier__rank").values_list(
            "tier__code", "discount_factor", "thresholds"
        )
    )

    with connection.schema_editor(atomic=False) as editor:
        others.unseed(apps, editor)
        ladder.unseed(apps, editor)
    counts = [model.objects.count() for model in (Track, Tier, Version)]
    ladder.seed(apps, None)
    others.seed(apps, None)

    assert counts == [0, 0, 0]
    after = list(
        Version.objects.order_by("tier__track__code", "tier__rank").values_list(
            "tier__code", "discount_factor", "thresholds"
        )
    )
    assert after == before
    assert [code for code, _factor, _thresholds in after] == [
        "normal", "silver", "gold", "diamond", "no_invited", "no_paid", "no_stored",
    ]  # fmt: skip
