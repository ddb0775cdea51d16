"""Codes for the tracks there are, and the tracks for stored value, paid tiers and tiers by hand."""

from datetime import UTC, datetime

from django.db import migrations

TRACKS = (("stored", "stored", "储值会员"), ("paid", "paid", "付费会员"), ("invited", "invited", "特邀会员"))


def seed(apps, schema_editor):
    """Each new track begins with the level that means "not on this track"."""
    track_model, tier_model = apps.get_model("tiers", "Track"), apps.get_model("tiers", "Tier")
    track_model.objects.filter(kind="growth").update(code="growth")
    for kind, code, name in TRACKS:
        track = track_model.objects.create(kind=kind, code=code, name=name)
        tier = tier_model.objects.create(track=track, rank=0, code=f"no_{code}", name="—")
        apps.get_model("tiers", "Version").objects.create(
            tier=tier,
            effective_at=datetime(2000, 1, 1, tzinfo=UTC),
            thresholds={"mode": "any", "metrics": {}, "window": {"kind": "rolling_months", "n": 12}},
        )


def unseed(apps, schema_editor):
    """Take the tracks away again; refused by the foreign keys once they have more levels or holders."""
    # Versions are append-only: the owner role may go around the trigger for this one statement only.
    schema_editor.execute("SET LOCAL session_replication_role = replica")
    codes = [code for _kind, code, _name in TRACKS]
    apps.get_model("tiers", "Version").objects.filter(tier__track__code__in=codes).delete()
    apps.get_model("tiers", "Tier").objects.filter(track__code__in=codes).delete()
    apps.get_model("tiers", "Track").objects.filter(code__in=codes).delete()
    schema_editor.execute("SET LOCAL session_replication_role = DEFAULT")


class Migration(migrations.Migration):
    dependencies = [("tiers", "0004_tracks_and_drafts")]

    operations = [migrations.RunPython(seed, unseed)]
