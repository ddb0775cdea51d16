"""The classes of coupons that ship, and the terms of earlier coupons as versions of their templates."""

from django.db import migrations

CLASSES = (("general", "通用券", 1), ("goods", "兑换券", 3), ("points", "积分券", 1))


def fill(apps, schema_editor):
    """Everything was of the general class; each template keeps every version that one of its coupons was issued with."""
    models = {name: apps.get_model("coupons", name) for name in ("StackCategory", "StackPair", "Template")}
    classes = [
        models["StackCategory"].objects.create(code=code, name=name, order_limit=limit, position=position)
        for position, (code, name, limit) in enumerate(CLASSES)
    ]
    for first in classes:
        for second in classes:
            if first.pk < second.pk:
                models["StackPair"].objects.create(first=first, second=second)
    models["Template"].objects.update(stack_category=classes[0])
    schema_editor.execute(
        """
        INSERT INTO coupons_templateversion (template_id, number, terms, recorded_at)
        SELECT DISTINCT ON (c.template_id, (c.terms->>'version')::int)
               c.template_id, (c.terms->>'version')::int, c.terms || '{"stack_category": "general", "uses": 1}',
               clock_timestamp()
        FROM coupons_coupon c
        ORDER BY c.template_id, (c.terms->>'version')::int, c.id
        """
    )
    schema_editor.execute(
        """
        INSERT INTO coupons_templateversion (template_id, number, terms, recorded_at)
        SELECT t.id, t.version, jsonb_build_object(
                   'name', t.name, 'kind', t.kind, 'amount', t.amount::text, 'threshold', t.threshold::text,
                   'stacks_with_tier', t.stacks_with_tier, 'stacks_with_points', t.stacks_with_points,
                   'validity', t.validity, 'starts_on', t.starts_on, 'through_on', t.through_on,
                   'valid_days', t.valid_days, 'starts_next_day', t.starts_next_day, 'version', t.version,
                   'stack_category', 'general', 'uses', 1), clock_timestamp()
        FROM coupons_template t
        WHERE NOT EXISTS (SELECT FROM coupons_templateversion v WHERE v.template_id = t.id AND v.number = t.version)
        """
    )
    schema_editor.execute(
        """
        UPDATE coupons_coupon c SET terms_version_id = v.id, uses_left = CASE c.status WHEN 'redeemed' THEN 0 ELSE 1 END
        FROM coupons_templateversion v
        WHERE v.template_id = c.template_id AND v.number = (c.terms->>'version')::int
        """
    )
    schema_editor.execute(
        """
        UPDATE coupons_template t SET redeemed_count = u.uses
        FROM (SELECT template_id, count(*) AS uses FROM coupons_coupon WHERE status = 'redeemed' GROUP BY 1) u
        WHERE u.template_id = t.id
        """
    )


def empty(apps, schema_editor):
    """Back to terms on each coupon, which are still there."""
    schema_editor.execute("UPDATE coupons_coupon SET terms_version_id = NULL")
    schema_editor.execute("UPDATE coupons_template SET stack_category_id = NULL")
    # Versions are append-only: the owner role may go around the trigger for this one statement only.
    schema_editor.execute("SET LOCAL session_replication_role = replica")
    for name in ("TemplateVersion", "StackPair", "StackCategory"):
        apps.get_model("coupons", name).objects.all().delete()
    schema_editor.execute("SET LOCAL session_replication_role = DEFAULT")


class Migration(migrations.Migration):
    dependencies = [("coupons", "0002_kinds_and_conditions")]

    operations = [migrations.RunPython(fill, empty)]
