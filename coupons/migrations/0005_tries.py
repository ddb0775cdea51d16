from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0004_versions_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('who', models.CharField(max_length=100)),
                ('since', models.DateTimeField()),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['since'], name='coupons_tries_oldest')],
                'constraints': [models.UniqueConstraint(fields=('who', 'since'), name='coupons_tries_once')],
            },
        ),
    ]
