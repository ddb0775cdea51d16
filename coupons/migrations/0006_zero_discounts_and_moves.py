from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ("coupons", "0005_tries"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="coupon",
            options={
                "permissions": [
                    ("issue_coupon", "Can give coupons to members"),
                    ("void_coupon", "Can void coupons"),
                    ("export_coupon", "Can download coupon lists"),
                ],
                "verbose_name": "coupon",
                "verbose_name_plural": "coupons",
            },
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("issued", "issued"),
                    ("redeemed", "redeemed"),
                    ("returned", "returned"),
                    ("voided", "voided"),
                    ("moved", "moved"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.RemoveConstraint(model_name="event", name="coupons_event_amount_fits_kind"),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=Q(kind="redeemed", amount__gte=0)
                | Q(kind="returned", amount__lte=0, reverses__isnull=False)
                | Q(kind__in=["issued", "voided", "moved"], amount=0),
                name="coupons_event_amount_fits_kind",
            ),
        ),
    ]
