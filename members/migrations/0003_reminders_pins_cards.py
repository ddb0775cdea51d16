import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_number_sequence"),
    ]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="details",
            field=models.JSONField(db_default={}, default=dict, verbose_name="details"),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="kind",
            field=models.CharField(max_length=40, verbose_name="kind"),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="occurrence",
            field=models.BigIntegerField(verbose_name="occasion"),
        ),
        migrations.CreateModel(
            name="Pin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hash", models.CharField(editable=False, max_length=128)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("locked_until", models.DateTimeField(blank=True, null=True)),
                ("set_at", models.DateTimeField()),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pin", to="members.member"
                    ),
                ),
            ],
            options={
                "permissions": [
                    ("set_pin", "Can let a member set or change the PIN"),
                    ("reset_pin", "Can remove a member's PIN"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PinProof",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Card",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=10, unique=True, verbose_name="card number")),
                ("issued_at", models.DateTimeField(verbose_name="given out at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("damaged", "damaged"),
                            ("lost", "lost"),
                            ("stolen", "stolen"),
                            ("replaced", "replaced"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to="members.member",
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "card",
                "verbose_name_plural": "cards",
                "permissions": [
                    ("block_card", "Can take a loss report of a card and lift it"),
                    ("replace_card", "Can replace a card"),
                ],
                "indexes": [models.Index(fields=["member", "-issued_at"], name="members_card_history")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("member",),
                        name="members_card_one_in_use",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_reason", ""), ("ended_at__isnull", True)),
                            models.Q(
                                ("ended_at__gte", models.F("issued_at")),
                                ("ended_at__isnull", False),
                                models.Q(("end_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="members_card_ended_with_reason",
                    ),
                ],
            },
        ),
    ]
