from django.db import migrations, models

KEEP = "UPDATE checkout_basket SET coupon_ids = jsonb_build_array(coupon_id) WHERE coupon_id IS NOT NULL"
BACK = "UPDATE checkout_basket SET coupon_id = (coupon_ids->>0)::bigint WHERE jsonb_array_length(coupon_ids) > 0"


class Migration(migrations.Migration):

    dependencies = [
        ('checkout', '0004_tier_sales'),
    ]

    operations = [
        migrations.AddField(
            model_name='basket',
            name='coupon_ids',
            field=models.JSONField(default=list, help_text='what the cashier ticked; [] lets the best be found'),
        ),
        migrations.RunSQL(KEEP, BACK),
        migrations.RemoveField(
            model_name='basket',
            name='coupon_id',
        ),
    ]
