"""The ladder that ships with the product: 普通, 银卡, 金卡, 钻石 (rules.md R-S6, checklist T04 and T08)."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import migrations

# code, rank, name, colour, threshold of spend and of points within 12 rolling months, discount factor, multiple
LEVELS = (
    ("normal", 0, "普通", "tier-0", None, "1.0000", "1"),
    ("silver", 10, "银卡", "tier-1", "500", "0.9500", "1"),
    ("gold", 20, "金卡", "tier-2", "2000", "0.9000", "2"),
    ("diamond", 30, "钻石", "tier-3", "5000", "0.8000", "5"),
)


def seed(apps, schema_editor):
    """Create the growth track with its levels, in force since before any sale."""
    track = apps.get_model("tiers", "Track").objects.create(kind="growth")
    for code, rank, name, colour, threshold, factor, multiple in LEVELS:
        tier = apps.get_model("tiers", "Tier").objects.create(
            track=track, code=code, rank=rank, name=name, colour=colour
        )
        apps.get_model("tiers", "Version").objects.create(
            tier=tier,
            effective_at=datetime(2000, 1, 1, tzinfo=UTC),
            thresholds={
                "mode": "any",
                "metrics": {} if threshold is None else {"spend": threshold, "points": threshold},
                "window": {"kind": "rolling_months", "n": 12},
            },
            discount_factor=Decimal(factor),
            points_multiple=Decimal(multiple),
        )


def unseed(apps, schema_editor):
    """Take the levels away again; refused by the foreign keys once a member holds one."""
    # Versions are append-only: the owner role may go around the trigger for this one statement only.
    schema_editor.execute("SET LOCAL session_replication_role = replica")
    for name in ("Version", "Tier", "Track"):
        apps.get_model("tiers", name).objects.all().delete()
    schema_editor.execute("SET LOCAL session_replication_role = DEFAULT")


class Migration(migrations.Migration):
    dependencies = [("tiers", "0001_initial")]

    operations = [migrations.RunPython(seed, unseed)]
